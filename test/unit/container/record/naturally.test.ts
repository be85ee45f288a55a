import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { sortNaturally } from '../../../../src/container/record/naturally.ts';

const test = suite('sortNaturally()');

test('numbers count by their worth, wherever they stand', () => {
  const sorted = [
    '7',
    '10',
    'a',
    'web',
    'web1',
    'web2',
    'web2-1',
    'web2-10',
    'web10',
    `web${'9'.repeat(400)}`,
  ];
  assert.deepEqual(sortNaturally([...sorted].reverse()), sorted);
});

test('it is a total order, also of ids that read alike', () => {
  const names = ['a07', 'a7', 'a007', 'a0', 'a00', '', '0', 'A'];
  const sorted = sortNaturally(names);
  assert.deepEqual([...sorted].sort(), [...names].sort());
  for (const [start] of names.entries())
    assert.deepEqual(sortNaturally([...names.slice(start), ...names.slice(0, start)]), sorted);
});

test.run();
