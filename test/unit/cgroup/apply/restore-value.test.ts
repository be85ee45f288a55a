import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { restoreValue, witnessOf } from '../../../../src/cgroup/apply/restore-value.ts';

const test = suite('restoreValue()');

const rows: readonly (readonly [string, string, string | undefined, readonly string[]])[] = [
  ['memory.limit_in_bytes', '5', '9223372036854771712\n', ['memory.limit_in_bytes 9223372036854771712']],
  ['cpu.max', '5 10', 'max 100000\n', ['cpu.max max 100000']],
  ['cpuset.cpus', '0', '\n', ['cpuset.cpus ']],
  ['memory.oom_control', '1', 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n', ['memory.oom_control 0']],
  [
    'blkio.throttle.read_bps_device',
    '8:0 5',
    '8:16 7\n8:0 100\n',
    ['blkio.throttle.read_bps_device 8:0 100'],
  ],
  ['blkio.throttle.read_bps_device', '8:0 5', '', ['blkio.throttle.read_bps_device 8:0 0']],
  [
    'io.max',
    '8:0 rbps=5',
    '8:0 rbps=max wbps=9 riops=max wiops=max\n',
    ['io.max 8:0 rbps=max wbps=9 riops=max wiops=max'],
  ],
  ['io.max', '8:0 rbps=5', '8:16 rbps=1\n', ['io.max 8:0 rbps=max wbps=max riops=max wiops=max']],
  ['io.weight', 'default 50', 'default 100\n8:0 7\n', ['io.weight default 100']],
  ['io.weight', '8:0 50', 'default 100\n8:0 7\n', ['io.weight 8:0 7']],
  ['io.bfq.weight', '50', 'default 100\n', ['io.bfq.weight default 100']],
  ['blkio.bfq.weight', '50', '100\n', ['blkio.bfq.weight 100']],
  ['blkio.bfq.weight_device', '8:0 50', 'default 100\n', ['blkio.bfq.weight_device 8:0 0']],
  ['rdma.max', 'mlx5 hca_handle=1', '', ['rdma.max mlx5 hca_handle=max hca_object=max']],
  ['net_prio.ifpriomap', 'eth0 5', 'lo 0\neth0 2\n', ['net_prio.ifpriomap eth0 2']],
  ['devices.allow', 'c 1:3 r', 'b *:* m\n', ['devices.deny c 1:3 r']],
  ['devices.deny', 'c 1:3 r', 'b *:* m\n', ['devices.allow c 1:3 r']],
  [
    'devices.allow',
    'a',
    'b *:* m\nc 1:3 rw\n',
    ['devices.deny a', 'devices.allow b *:* m', 'devices.allow c 1:3 rw'],
  ],
  ['devices.deny', 'a', 'a *:* rwm\n', ['devices.allow a']],
  ['memory.reclaim', '5', undefined, []],
];

for (const [file, value, before, expected] of rows)
  test(`of ${file} = ${value} after ${JSON.stringify(before)}`, () => {
    assert.deepEqual(
      restoreValue(value, file, before).map((restore) => `${restore.file} ${restore.value}`),
      expected,
    );
  });

test('witnessOf() knows the files that can only be written', () => {
  assert.equal(witnessOf('devices.allow'), 'devices.list');
  assert.equal(witnessOf('devices.deny'), 'devices.list');
  assert.equal(witnessOf('memory.max'), 'memory.max');
});

test.run();
