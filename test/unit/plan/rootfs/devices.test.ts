import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { configOf, operationsOf, planOf } from '../support.ts';

const test = suite('planDevices()');

function modeOf(type: 'b' | 'c' | 'p', fileMode: number | undefined): number | undefined {
  const device = { path: '/dev/own', type, major: 1, minor: 3, ...(fileMode !== undefined && { fileMode }) };
  const plan = planOf(configOf((config) => (config.linux.devices = [device] as never)));
  return operationsOf(plan, 'device').find(({ path }) => path === '/dev/own')?.mode;
}

test('a mode is permissions and the type of the device', () => {
  assert.equal(modeOf('c', 0o640), 0o020640);
  assert.equal(modeOf('b', 0o1640), 0o061640);
  assert.equal(modeOf('p', undefined), 0o010666);
});

/** Engines give what stat(2) told; that of a block device over a character device would ask for a directory. */
test('of a mode with a type in it the permissions are used, as the warning says', () => {
  assert.equal(modeOf('c', 0o060640), 0o020640);
  assert.equal(modeOf('p', 0o100644), 0o010644);
});

test.run();
