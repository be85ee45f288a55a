import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { capabilities } from '../../../../src/cli/convert/capabilities.ts';
import { cgroupPaths } from '../../../../src/cli/convert/cgroup.ts';
import { environment } from '../../../../src/cli/convert/environment.ts';
import { Failure } from '../../../../src/failure.ts';

const test = suite('environment, capabilities, cgroup');
const isRefusal = (error: unknown) =>
  error instanceof Failure && error.code === 'invalid' && error.hint !== undefined;

test('environment() keeps values whole', () => {
  const given = ['A=', 'B=1', 'C=a=b', 'D= x\ny', 'lower.case-1=z'];
  assert.deepEqual(environment(given), given);
});

test('environment() refuses a variable without name or value', () => {
  for (const given of ['', 'A', '=x', '='])
    assert.throws(() => environment(['OK=1', given]), isRefusal, given);
});

test('capabilities() writes names as the specification does', () => {
  assert.deepEqual(capabilities(['net_admin', 'CAP_CHOWN', 'cap_sys_time', 'MKNOD']), [
    'CAP_NET_ADMIN',
    'CAP_CHOWN',
    'CAP_SYS_TIME',
    'CAP_MKNOD',
  ]);
  for (const given of ['', 'CAP_', 'A,B', '7', 'NET-ADMIN', ' ALL'])
    assert.throws(() => capabilities([given]), isRefusal, given);
});

test('cgroupPaths() reads one path or one for each controller', () => {
  assert.deepEqual({ ...cgroupPaths(['work']) }, { '': 'work' });
  assert.deepEqual({ ...cgroupPaths(['/work/a']) }, { '': '/work/a' });
  assert.deepEqual(
    { ...cgroupPaths(['memory:m', 'cpu,cpuacct:c', 'name=systemd:s']) },
    {
      memory: 'm',
      cpu: 'c',
      cpuacct: 'c',
      'name=systemd': 's',
    },
  );
  assert.deepEqual({ ...cgroupPaths(['__proto__:x']) }, JSON.parse('{"__proto__":"x"}'));
});

test('cgroupPaths() refuses what leaves the container or is said twice', () => {
  for (const given of [
    ['memory:'],
    [':x'],
    ['../x'],
    ['a/../../b'],
    ['MEM ORY:x'],
    ['a', 'b'],
    ['memory:a', 'memory:b'],
  ]) {
    assert.throws(() => cgroupPaths(given), isRefusal, given.join(' '));
  }
});

test.run();
