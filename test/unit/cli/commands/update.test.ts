import { strict as assert } from 'node:assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { updateResources } from '../../../../src/cli/commands/update.ts';
import { cgroupAt, type Scene, withChild, withScene } from '../../container/scene.ts';
import { native } from '../../container/support.ts';
import { failureOf, laterFailureOf } from '../../refusal.ts';
import { call, parsedCall } from './call.ts';

const test = suite('update');

const read = (line: string) => {
  const { values } = parsedCall(['update', ...line.split(' ')]);
  return updateResources(values as unknown as Parameters<typeof updateResources>[0]);
};

test('updateResources() is an empty document where no limit is named', () => {
  assert.deepEqual(read('c'), {});
  assert.deepEqual(read('--l3-cache-schema L3:0=f --device-rm /dev/fuse c'), {});
});

test('updateResources() has every limit where config.json has it', () => {
  const line =
    '--cpu-share 2 --cpu-quota 3 --cpu-burst 4 --cpu-period 5 --cpu-rt-runtime 6 --cpu-rt-period 7 --cpu-idle 1 ' +
    '--cpuset-cpus 0-2,4 --cpuset-mems 0 --memory 64M --memory-reservation 1.5k --memory-swap 8b ' +
    '--kernel-memory 9 --kernel-memory-tcp 10 --pids-limit 11 --blkio-weight 12 c';
  assert.deepEqual(read(line), {
    cpu: {
      shares: 2,
      quota: 3,
      burst: 4,
      period: 5,
      realtimeRuntime: 6,
      realtimePeriod: 7,
      idle: 1,
      cpus: '0-2,4',
      mems: '0',
    },
    memory: { limit: 64 * 2 ** 20, reservation: 1536, swap: 8, kernel: 9, kernelTCP: 10 },
    pids: { limit: 11 },
    blockIO: { weight: 12 },
  });
});

test('updateResources() takes -1 for no limit where there can be none, and a number beyond 2^53 whole', () => {
  assert.deepEqual(
    read('--cpu-quota -1 --cpu-rt-runtime -1 --memory -1 --memory-swap -1 --pids-limit -1 c'),
    {
      cpu: { quota: -1, realtimeRuntime: -1 },
      memory: { limit: -1, swap: -1 },
      pids: { limit: -1 },
    },
  );
  for (const option of ['cpu-share', 'cpu-period', 'cpu-rt-period', 'cpu-burst', 'blkio-weight'])
    assert.match(failureOf(() => read(`--${option} -1 c`)).message, new RegExp(`^--${option} "-1": wanted`));
  assert.deepEqual(read('--memory 9007199254740993 c'), { memory: { limit: 9007199254740993n } });
});

/** A container of a machine with cgroup v2, whose process is real. */
const withContainer = (body: (scene: Scene) => Promise<void>) =>
  withScene((scene) =>
    withChild(async (init) => {
      scene.files.add('/cg', { 'cgroup.controllers': 'memory pids\n' });
      scene.files.add('/cg/class', { schemata: 'L3:0=f\n' });
      scene.addCgroup('c', [init.pid], {
        'memory.max': 'max\n',
        'memory.swap.max': 'max\n',
        'pids.max': 'max\n',
      });
      await scene.add(
        'c',
        { init, cgroup: cgroupAt('c'), resctrl: ['/cg/class'] },
        { ociVersion: '1.3.0', root: { path: 'rootfs' } },
      );
      await body(scene);
    }),
  );

const limit = ({ files }: Scene, name: string) => files.files.get(`/cg/c/${name}`)?.trim();

test('limits that options name are set, and the container remembers them', () =>
  withContainer(async (scene) => {
    assert.equal(await call(['update', '--memory', '64M', 'c', '--pids-limit', '7'], scene.context), 0);
    assert.deepEqual([limit(scene, 'memory.max'), limit(scene, 'pids.max')], ['67108864', '7']);
    assert.deepEqual(scene.warned, []);
    const { linux } = JSON.parse(readFileSync(`${scene.context.root}/c/config.json`, 'utf8'));
    assert.deepEqual(linux.resources, { memory: { limit: 67108864 }, pids: { limit: 7 } });
  }));

test('a document comes from a file or from standard input, and options beside it are told to have no effect', () =>
  withContainer(async (scene) => {
    const file = `${scene.context.root}/limits.json`;
    writeFileSync(file, '{"pids":{"limit":8}}');
    await call(['update', '--resources', file, '--memory', '64M', 'c'], scene.context);
    assert.deepEqual([limit(scene, 'memory.max'), limit(scene, 'pids.max')], ['max', '8']);
    assert.deepEqual(scene.warned, [
      'update: options that name limits are without effect beside --resources',
    ]);
    const pieces = ['{"pids":', '{"limit":9}}'].map((text) => new TextEncoder().encode(text));
    scene.calls.read = (descriptor, most) =>
      descriptor === 0 ? (pieces.shift() ?? new Uint8Array()) : native.read(descriptor, most);
    await call(['update', '-r', '-', 'c'], scene.context);
    assert.equal(limit(scene, 'pids.max'), '9');
    assert.equal(scene.warned.length, 1, 'nothing is without effect now');
    const nothing = await laterFailureOf(() => call(['update', '-r', '-', 'c'], scene.context));
    assert.match(nothing.message, /^standard input is empty/);
  }));

test('a document that is none is refused by its name, and nothing is changed', () =>
  withContainer(async (scene) => {
    const file = `${scene.context.root}/limits.json`;
    writeFileSync(file, '{"pids":');
    const broken = await laterFailureOf(() => call(['update', '--resources', file, 'c'], scene.context));
    assert.deepEqual([broken.code, broken.message.includes(file)], ['invalid', true]);
    writeFileSync(file, '{"pids":{"limit":"many"}}');
    const wrong = await laterFailureOf(() => call(['update', '--resources', file, 'c'], scene.context));
    assert.equal(wrong.code, 'invalid');
    assert.ok(wrong.message.includes(file) && wrong.message.includes('pids.limit'), wrong.message);
    const named = await laterFailureOf(() => call(['update', '--cpu-idle', '7', 'c'], scene.context));
    assert.equal(named.code, 'invalid');
    assert.match(named.message, /^update: .*cpu\.idle/);
    assert.deepEqual(scene.files.journal, []);
  }));

test('devices are handed on beside the limits', () =>
  withContainer(async (scene) => {
    for (const option of ['--device-add', '--device-rm']) {
      const refused = await laterFailureOf(() => call(['update', option, 'nonsense', 'c'], scene.context));
      assert.equal(refused.code, 'invalid');
      assert.match(refused.message, /nonsense/);
    }
  }));

test('schemata are handed on beside the limits', () =>
  withContainer(async (scene) => {
    await call(['update', '--l3-cache-schema', 'L3:0=3', '--mem-bw-schema', 'MB:0=20', 'c'], scene.context);
    assert.deepEqual(scene.files.journal, [
      'write /cg/class/schemata L3:0=3\n',
      'write /cg/class/schemata MB:0=20\n',
    ]);
  }));

test.run();
