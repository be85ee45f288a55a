import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { writeFailure } from '../../../../src/cgroup/apply/explain-write.ts';
import { systemError } from '../fake-files.ts';

const test = suite('writeFailure()');

const rows = [
  ['memory.limit_in_bytes', 'EBUSY', 'system', /already uses more/],
  ['memory.limit_in_bytes', 'EINVAL', 'system', /Set memory\.swap/],
  ['memory.swap.max', 'ENOENT', 'unsupported', /does not account swap/],
  ['cpu.rt_runtime_us', 'EINVAL', 'system', /real-time time/],
  ['cpuset.cpus', 'EACCES', 'system', /parent cgroup does not have/],
  ['io.max', 'ENODEV', 'system', /no such block device/],
  ['cpu.weight', 'ENOENT', 'unsupported', /the controller is not enabled/],
  ['cpu.weight', 'ERANGE', 'system', /1 to 10000/],
  ['io.bfq.weight', 'ENOENT', 'unsupported', /no I\/O scheduler/],
  ['hugetlb.7MB.max', 'ENOENT', 'unsupported', /no huge pages of that size/],
  ['devices.allow', 'EPERM', 'system', /parent cgroup does not allow/],
  ['pids.max', 'EROFS', 'system', /read-only/],
  ['pids.max', 'EIO', 'system', /EIO/],
] as const;

for (const [file, code, kind, says] of rows)
  test(`explains ${code} of ${file}`, () => {
    const write = {
      kind: 'write',
      hierarchy: 'v1',
      controller: 'x',
      file,
      value: '42',
      pointer: '/linux/resources/y',
    } as const;
    const cause = systemError(code, file);
    const failure = writeFailure(write, cause);
    assert.equal(failure.code, kind);
    assert.equal(failure.errno, code);
    assert.equal(failure.pointer, '/linux/resources/y');
    assert.equal(failure.cause, cause);
    assert.match(`${failure.message} ${failure.hint}`, says);
    for (const part of ['/linux/resources/y', '"42"', file]) assert.ok(failure.message.includes(part), part);
  });

test.run();
