import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { hostIdOf, isMapped } from '../../../src/spec/id-mappings.ts';

const test = suite('id mappings');

const mappings = [
  { containerID: 0, hostID: 1000, size: 1 },
  { containerID: 1, hostID: 100_000, size: 65_535 },
  { containerID: 70_000, hostID: 5, size: 0 },
  { containerID: 4_294_967_200, hostID: 300_000, size: 90 },
];

test('hostIdOf() finds the line that an id is in, to its last one', () => {
  const ids = [0, 1, 65_535, 65_536, 70_000, 4_294_967_289, 4_294_967_290];
  const expected = [1000, 100_000, 165_534, undefined, undefined, 300_089, undefined];
  assert.deepEqual(
    ids.map((id) => hostIdOf(id, mappings)),
    expected,
  );
  assert.deepEqual(
    ids.map((id) => isMapped(id, mappings)),
    expected.map((id) => id !== undefined),
  );
});

test('without maps nobody is mapped', () => {
  assert.equal(hostIdOf(0, undefined), undefined);
  assert.equal(isMapped(0, []), false);
});

test.run();
