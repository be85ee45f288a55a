import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { splitLimits } from '../../../../src/container/create/split-limits.ts';

const test = suite('late limits');

test('splitLimits() keeps a limit of no tasks for later', () => {
  const memory = { limit: 1 << 20 };
  assert.deepEqual(splitLimits({ memory, pids: { limit: 0 } }), {
    before: { memory },
    after: { pids: { limit: 0 } },
  });
});

test('splitLimits() leaves all others where they are', () => {
  for (const resources of [undefined, {}, { pids: { limit: 1 } }, { pids: { limit: -1 } }, { pids: {} }]) {
    assert.deepEqual(splitLimits(resources), { before: resources, after: undefined });
  }
});

test.run();
