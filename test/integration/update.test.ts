/** `update`: every option, the JSON form, all or nothing. */
import { strict as assert } from 'node:assert';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { type ControlFile, control, cpuQuota, files, pureV2, savedCgroup } from './support/cgroup-of.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, withSandbox } from './support/sandbox.ts';

const test = suite(`update (${runtimeKind})`);
const mebibyte = 1024 * 1024;

test('update() changes what its options name, options standing after the id too, and leaves the rest', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running((config) => {
      if (config.linux) config.linux.resources = { memory: { limit: 64 * mebibyte }, pids: { limit: 50 } };
    });
    expectSuccess(
      await sandbox.tsoci(['update', '--memory', '32M', id, '--cpu-quota', '20000', '--cpu-period', '50000']),
    );
    assert.equal(control(sandbox, id, files.memoryLimit), String(32 * mebibyte));
    assert.equal(cpuQuota(sandbox, id), '20000 50000');
    assert.equal(control(sandbox, id, files.pidsLimit), '50');
    expectSuccess(
      await sandbox.tsoci(['update', id, '--pids-limit', '-1', '--cpuset-cpus', '0', '--cpu-quota=-1']),
    );
    assert.equal(control(sandbox, id, files.pidsLimit), 'max');
    assert.equal(control(sandbox, id, files.cpuset), '0');
    assert.equal(cpuQuota(sandbox, id), 'max 50000');
    expectSuccess(
      await sandbox.tsoci(['update', '--cpu-share', '2048', '--memory-reservation', '8388608', id]),
    );
    assert.equal(
      control(sandbox, id, { controller: 'cpu', v1: 'cpu.shares', v2: 'cpu.weight' }),
      pureV2 ? '174' : '2048',
    );
    assert.equal(
      control(sandbox, id, { controller: 'memory', v1: 'memory.soft_limit_in_bytes', v2: 'memory.low' }),
      '8388608',
    );
  }));

/** An option, its value, and what stands where afterwards. */
const optionRows: (bfq: boolean) => readonly {
  readonly options: readonly string[];
  readonly file: ControlFile;
  /** Of v1 and v2; undefined where the option is refused, as v2 has nothing like it. */
  readonly v1: string;
  readonly v2: string | undefined;
}[] = (bfq) => [
  {
    options: ['--blkio-weight', '300'],
    file: { controller: 'blkio', v1: 'blkio.bfq.weight', v2: bfq ? 'io.bfq.weight' : 'io.weight' },
    v1: 'default 300',
    v2: bfq ? 'default 300' : 'default 2930',
  },
  {
    options: ['--cpu-quota', '20000', '--cpu-period', '50000', '--cpu-burst', '1000'],
    file: { controller: 'cpu', v1: 'cpu.cfs_burst_us', v2: 'cpu.max.burst' },
    v1: '1000',
    v2: '1000',
  },
  {
    options: ['--cpu-share', '512'],
    file: { controller: 'cpu', v1: 'cpu.shares', v2: 'cpu.weight' },
    v1: '512',
    v2: '59',
  },
  {
    options: ['--cpu-rt-period', '500000'],
    file: { controller: 'cpu', v1: 'cpu.rt_period_us', v2: 'cpu.rt_period_us' },
    v1: '500000',
    v2: undefined,
  },
  {
    options: ['--cpu-rt-runtime', '0', '--cpu-rt-period', '400000'],
    file: { controller: 'cpu', v1: 'cpu.rt_period_us', v2: 'cpu.rt_period_us' },
    v1: '400000',
    v2: undefined,
  },
  {
    options: ['--cpu-idle', '1'],
    file: { controller: 'cpu', v1: 'cpu.idle', v2: 'cpu.idle' },
    v1: '1',
    v2: '1',
  },
  { options: ['--cpuset-cpus', '0'], file: files.cpuset, v1: '0', v2: '0' },
  {
    options: ['--cpuset-mems', '0'],
    file: { controller: 'cpuset', v1: 'cpuset.mems', v2: 'cpuset.mems' },
    v1: '0',
    v2: '0',
  },
  { options: ['--memory', '96M'], file: files.memoryLimit, v1: '100663296', v2: '100663296' },
  {
    options: ['--memory', '64M', '--memory-swap', '128M'],
    file: { controller: 'memory', v1: 'memory.memsw.limit_in_bytes', v2: 'memory.swap.max' },
    v1: '134217728',
    v2: '67108864',
  },
  {
    options: ['--memory-reservation', '32M'],
    file: { controller: 'memory', v1: 'memory.soft_limit_in_bytes', v2: 'memory.low' },
    v1: '33554432',
    v2: '33554432',
  },
  {
    options: ['--kernel-memory-tcp', '8M'],
    file: { controller: 'memory', v1: 'memory.kmem.tcp.limit_in_bytes', v2: 'memory.max' },
    v1: '8388608',
    v2: undefined,
  },
  // accepted without effect: Linux has no such limit any more
  { options: ['--kernel-memory', '8M'], file: files.memoryLimit, v1: '67108864', v2: '67108864' },
  { options: ['--pids-limit', '33'], file: files.pidsLimit, v1: '33', v2: '33' },
];

test('each option of update() stands in the kernel afterwards, or is refused where there is nothing like it', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const bfq = existsSync(join(savedCgroup(sandbox, id).unified?.path ?? '', 'io.bfq.weight'));
    for (const { options, file, v1, v2 } of optionRows(bfq)) {
      const result = await sandbox.tsoci(['update', ...options, id]);
      const expected = pureV2 ? v2 : v1;
      if (expected === undefined) {
        expectRefusal(result, /cgroup v2 has no/);
        continue;
      }
      // what this kernel has no file for is refused by that name
      if (result.code !== 0) {
        expectRefusal(result, new RegExp(`/(cpu|blockIO)/.*no such file|no such file.*${file.v1}`, 'i'));
        assert.throws(() => control(sandbox, id, file), options.join(' '));
        continue;
      }
      const lines = control(sandbox, id, file).split('\n');
      assert.ok(
        lines.includes(expected) || lines.includes(expected.replace('default ', '')),
        `${options.join(' ')}: ${lines.join(' | ')}`,
      );
    }
    assert.equal(cpuQuota(sandbox, id), '20000 50000');
    for (const option of ['--l3-cache-schema', '--mem-bw-schema'])
      expectRefusal(await sandbox.tsoci(['update', option, 'L3:0=f', id]), /no class of service/);
  }));

test('update() reads JSON from a file and from standard input', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const file = join(sandbox.directory(), 'limits.json');
    writeFileSync(file, JSON.stringify({ memory: { limit: 48 * mebibyte }, pids: { limit: 20 } }));
    expectSuccess(await sandbox.tsoci(['update', '-r', file, id]));
    assert.equal(control(sandbox, id, files.memoryLimit), String(48 * mebibyte));
    assert.equal(control(sandbox, id, files.pidsLimit), '20');
    const input = JSON.stringify({ cpu: { quota: 30000, period: 100000 } });
    expectSuccess(await sandbox.tsoci(['update', '--resources', '-', id], { input }));
    assert.equal(cpuQuota(sandbox, id), '30000 100000');
    assert.equal(control(sandbox, id, files.pidsLimit), '20');
    const { resources } = JSON.parse(readFileSync(join(sandbox.root, id, 'config.json'), 'utf8')).linux;
    assert.equal(resources.pids.limit, 20);
    assert.equal(resources.memory.limit, 48 * mebibyte);
    assert.equal(resources.cpu.quota, 30000);
  }));

test('a refused update() changes nothing at all', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running((config) => {
      if (config.linux) {
        config.linux.resources = {
          memory: { limit: 64 * mebibyte },
          pids: { limit: 50 },
          cpu: { quota: 50000, period: 100000 },
        };
      }
    });
    const config = join(sandbox.root, id, 'config.json');
    const before = readFileSync(config, 'utf8');
    // cpuset comes behind the quota, and no machine here has processor 4000
    const limits = {
      memory: { limit: 32 * mebibyte },
      cpu: { quota: 10000, period: 100000, cpus: '4000' },
      pids: { limit: 7 },
    };
    const result = await sandbox.tsoci(['update', '-r', '-', id], { input: JSON.stringify(limits) });
    expectRefusal(result, /cpu\.cpus.*4000/);
    assert.equal(control(sandbox, id, files.memoryLimit), String(64 * mebibyte));
    assert.equal(control(sandbox, id, files.pidsLimit), '50');
    assert.equal(cpuQuota(sandbox, id), '50000 100000');
    assert.equal(readFileSync(config, 'utf8'), before);
  }));

test('update() refuses what is no document of limits, and says where', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const refused = async (input: string, message: RegExp) =>
      expectRefusal(await sandbox.tsoci(['update', '-r', '-', id], { input }), message);
    await refused('{"memory":{"limit":"much"}}', /memory\.limit/);
    await refused('{"memory":', /standard input/);
    await refused('[]', /standard input/);
    expectRefusal(
      await sandbox.tsoci(['update', '-r', '/nowhere/limits.json', id]),
      /read the limits from "\/nowhere/,
    );
    expectRefusal(await sandbox.tsoci(['update', '--memory', 'much', id]), /--memory "much": wanted a size/);
    expectRefusal(
      await sandbox.tsoci(['update', '--cpu-share', '-5', id]),
      /--cpu-share "-5": wanted a whole number/,
    );
    expectSuccess(await sandbox.tsoci(['update', id]));
    expectRefusal(await sandbox.tsoci(['update', '--l3-cache-schema', 'L3:0=f', id]), /no class of service/);
  }));

test('update() works on a created and a paused container, and not on one that is gone', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.created(['sleep', '1000']);
    // As the kubelet resizes a pod in place: all of its limits each time, also those that stay.
    const resize = async (memory: number, quota: number, pids: number) => {
      const limits = {
        memory: { limit: memory, swap: memory, checkBeforeUpdate: true },
        cpu: { shares: 512, quota, period: 100_000 },
        pids: { limit: pids },
      };
      const input = JSON.stringify(limits);
      expectSuccess(await sandbox.tsoci(['update', '-r', '-', id], { input }));
      assert.equal(control(sandbox, id, files.memoryLimit), String(memory));
      assert.equal(cpuQuota(sandbox, id), `${quota} 100000`);
      assert.equal(control(sandbox, id, files.pidsLimit), String(pids));
    };
    await resize(64 * mebibyte, 50_000, 9);
    expectSuccess(await sandbox.tsoci(['start', id]));
    await resize(64 * mebibyte, 50_000, 9);
    expectSuccess(await sandbox.tsoci(['pause', id]));
    await resize(32 * mebibyte, 50_000, 8);
    await resize(32 * mebibyte, 50_000, 8);
    assert.equal((await sandbox.state(id)).status, 'paused');
    expectSuccess(await sandbox.tsoci(['resume', id]));
    await resize(96 * mebibyte, 100_000, 8);
    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    await sandbox.stopped(id);
    expectRefusal(await sandbox.tsoci(['update', '--pids-limit', '7', id]), /container not running/);
    expectRefusal(await sandbox.tsoci(['update', '--pids-limit', '7', 'nobody']), /does not exist/);
  }));

test.run();
