/** The systemd driver: only where systemd is PID 1 and cgroup v2 is all there is (test/vm/run --systemd). */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { suite } from 'uvu';
import type { ConfigChange } from './support/bundle.ts';
import { pureV2, savedCgroup } from './support/cgroup-of.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';
import { until } from './support/wait.ts';

const test = suite(`systemd driver (${runtimeKind})`);
const here = pureV2 && existsSync('/run/systemd/system') && existsSync('/run/dbus/system_bus_socket');
const why = 'systemd is not PID 1 of a machine with cgroup v2 alone';
const mebibyte = 1024 * 1024;

const limits: ConfigChange = ({ linux }) => {
  if (linux === undefined) return;
  linux.resources = {
    memory: { limit: 64 * mebibyte, reservation: 16 * mebibyte, swap: 96 * mebibyte },
    cpu: { shares: 512, quota: 33333, period: 70000, burst: 5000, cpus: '0', mems: '0' },
    pids: { limit: 44 },
    hugepageLimits: [{ pageSize: '2MB', limit: 4 * mebibyte }],
    unified: { 'memory.high': String(48 * mebibyte) },
  };
};

/** What limits a cgroup. */
const limiting = [
  'memory.max',
  'memory.high',
  'memory.low',
  'memory.min',
  'memory.swap.max',
  'cpu.max',
  'cpu.max.burst',
  'cpu.weight',
  'cpu.idle',
  'cpuset.cpus',
  'cpuset.mems',
  'pids.max',
  'io.max',
  'io.weight',
  'hugetlb.2MB.max',
  'hugetlb.2MB.rsvd.max',
  'rdma.max',
  'cgroup.controllers',
];

function limitsOf(directory: string): Record<string, string | undefined> {
  return Object.fromEntries(
    limiting.map((file) => {
      const path = join(directory, file);
      return [file, existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined];
    }),
  );
}

function systemctl(...args: string[]): string {
  const { stdout, stderr, status } = spawnSync('systemctl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`systemctl ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

const property = (unit: string, name: string) => systemctl('show', '--value', '--property', name, unit);

/** Creates a container; gives its id and where its cgroup is. */
async function create(sandbox: Sandbox, driver: readonly string[], change: ConfigChange) {
  const id = sandbox.id();
  const { directory } = sandbox.bundle(['sleep', '1000'], change);
  expectSuccess(await sandbox.tsoci([...driver, 'create', '--bundle', directory, id]));
  return { id, path: savedCgroup(sandbox, id).unified?.path ?? '' };
}

const driver = ['--systemd-cgroup'];

testWhere(test, here, why, 'the same config gives the same limits as with the cgroupfs driver', () =>
  withSandbox(async (sandbox) => {
    for (const change of [limits, (() => undefined) as ConfigChange]) {
      const plain = await create(sandbox, [], change);
      const scope = await create(sandbox, driver, change);
      const wanted = limitsOf(plain.path);
      if (change === limits) {
        // what is compared is not the kernel's own beginnings
        assert.equal(wanted['memory.max'], String(64 * mebibyte));
        assert.equal(wanted['memory.swap.max'], String(32 * mebibyte));
        assert.equal(wanted['cpu.max'], '33333 70000');
        assert.equal(wanted['hugetlb.2MB.max'], String(4 * mebibyte));
      }
      assert.deepEqual(limitsOf(scope.path), wanted);
    }
  }),
);

testWhere(test, here, why, 'the container is the only one in a scope of its own, which ends with it', () =>
  withSandbox(async (sandbox) => {
    const { id, path } = await create(sandbox, driver, limits);
    const unit = basename(path);
    assert.equal(path, `/sys/fs/cgroup/system.slice/tsoci-${id}.scope`);
    const { pid } = await sandbox.state(id);
    assert.equal(readFileSync(join(path, 'cgroup.procs'), 'utf8').trim(), String(pid));
    assert.equal(property(unit, 'Delegate'), 'yes');
    assert.equal(property(unit, 'MemoryMax'), String(64 * mebibyte));
    assert.equal(property(unit, 'TasksMax'), '44');
    expectSuccess(await sandbox.tsoci([...driver, 'start', id]));
    const inside = await sandbox.tsoci([
      ...driver,
      'exec',
      id,
      'sh',
      '-c',
      'echo $$; mkdir /dev/x; cat /proc/self/cgroup',
    ]);
    assert.match(inside.stdout, /0::\/\n/);
    expectSuccess(await sandbox.tsoci(['pause', id]));
    assert.equal((await sandbox.state(id)).status, 'paused');
    expectSuccess(await sandbox.tsoci(['resume', id]));
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    await until('the unit is gone', () => systemctl('list-units', '--all', '--no-legend', unit) === '');
    assert.ok(!existsSync(path));
  }),
);

testWhere(test, here, why, 'update() tells systemd too, and a refused one takes that back', () =>
  withSandbox(async (sandbox) => {
    const { id, path } = await create(sandbox, driver, limits);
    const unit = basename(path);
    const file = (name: string) => readFileSync(join(path, name), 'utf8').trim();
    expectSuccess(
      await sandbox.tsoci(['update', '--memory', '40M', '--pids-limit', '33', '--cpu-quota', '20000', id]),
    );
    const changed = () => {
      assert.equal(file('memory.max'), String(40 * mebibyte));
      assert.equal(file('pids.max'), '33');
      assert.equal(property(unit, 'MemoryMax'), String(40 * mebibyte));
      assert.equal(property(unit, 'TasksMax'), '33');
    };
    changed();
    systemctl('daemon-reload');
    changed();
    const input = JSON.stringify({
      memory: { limit: 20 * mebibyte },
      pids: { limit: 9 },
      cpu: { cpus: '4000' },
    });
    expectRefusal(await sandbox.tsoci(['update', '-r', '-', id], { input }), /\/cpu\/cpus/);
    changed();
    systemctl('daemon-reload');
    changed();
  }),
);

testWhere(
  test,
  here,
  why,
  'cgroupsPath names slice, prefix and name; what a unit name cannot have is escaped',
  () =>
    withSandbox(async (sandbox) => {
      const named =
        (cgroupsPath: string): ConfigChange =>
        ({ linux }) => {
          if (linux) linux.cgroupsPath = cgroupsPath;
        };
      const name = `box+${process.pid}`;
      const { path } = await create(sandbox, driver, named(`tsoci-test.slice:pre:${name}`));
      assert.equal(path, `/sys/fs/cgroup/tsoci.slice/tsoci-test.slice/pre-box\\x2b${process.pid}.scope`);
      assert.ok(existsSync(path));
      const { directory } = sandbox.bundle(['true'], named(`tsoci-test.slice:pre:${name}`));
      const again = await sandbox.tsoci([...driver, 'run', '--bundle', directory, sandbox.id()]);
      expectRefusal(again, /is not empty|has a unit/);
      for (const [bad, message] of [
        ['/plain/path', /not of the form slice:prefix:name/],
        ['system.slice:only', /not of the form slice:prefix:name/],
        ['system:pre:name', /"system" is not the name of a slice/],
        ['a--b.slice:pre:name', /"a--b.slice" is not the name of a slice/],
        [`system.slice:pre:${'x'.repeat(300)}`, /longer than 255/],
      ] as const) {
        const bundle = sandbox.bundle(['true'], named(bad));
        expectRefusal(
          await sandbox.tsoci([...driver, 'run', '--bundle', bundle.directory, sandbox.id()]),
          message,
        );
      }
    }),
);

testWhere(test, here, why, 'run() in a scope hands on the status, and leaves no unit', () =>
  withSandbox(async (sandbox) => {
    const id = sandbox.id();
    const { directory } = sandbox.bundle(['sh', '-c', 'echo hello; exit 7'], limits);
    const result = await sandbox.tsoci([...driver, 'run', '--bundle', directory, id]);
    assert.equal(result.stdout, 'hello\n');
    assert.equal(result.code, 7);
    assert.equal(systemctl('list-units', '--all', '--no-legend', `*${id}*`), '');
  }),
);

testWhere(test, here, why, 'a refused limit leaves neither unit nor process', () =>
  withSandbox(async (sandbox) => {
    const id = sandbox.id();
    const { directory } = sandbox.bundle(['true'], ({ linux }) => {
      if (linux) linux.resources = { cpu: { cpus: '4000' } };
    });
    expectRefusal(
      await sandbox.tsoci([...driver, 'create', '--bundle', directory, id]),
      /\/linux\/resources\/cpu\/cpus/,
    );
    await until('the unit is gone', () => systemctl('list-units', '--all', '--no-legend', `*${id}*`) === '');
    assert.deepEqual(sandbox.leftovers(), []);
  }),
);

testWhere(
  test,
  !here,
  'systemd is there',
  'without systemd, or on cgroup v1, --systemd-cgroup is refused in words',
  () =>
    withSandbox(async (sandbox) => {
      const { directory } = sandbox.bundle(['true']);
      const result = await sandbox.tsoci([...driver, 'run', '--bundle', directory, sandbox.id()]);
      expectRefusal(
        result,
        pureV2 ? /cannot connect to the system bus/ : /the systemd cgroup driver needs cgroup v2/,
      );
      assert.deepEqual(sandbox.leftovers(), []);
    }),
);

test.run();
