import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { parseSubordinateIds } from '../../../src/host/subordinate-ids.ts';

const test = suite('parseSubordinateIds()');

test('gives lines of the name and of the number, in their order', () => {
  const text = 'root:1:2\nmine:100000:65536\nother:7:7\n1000:5:1\n';
  assert.deepEqual(parseSubordinateIds(text, 'mine', 1000), [
    { first: 100_000, count: 65_536 },
    { first: 5, count: 1 },
  ]);
  assert.deepEqual(parseSubordinateIds(text, 'nobody', 65_534), []);
});

test('leaves out lines that say no range', () => {
  const lines = [
    'mine',
    'mine:1',
    'mine:1:',
    'mine:x:5',
    'mine:-1:5',
    'mine:1:0',
    'mine:4294967290:6',
    'mine:1:2:3',
  ];
  assert.deepEqual(parseSubordinateIds(lines.join('\n'), 'mine', 1000), []);
  assert.deepEqual(parseSubordinateIds('mine:4294967290:5', 'mine', 1000), [
    { first: 4_294_967_290, count: 5 },
  ]);
});

test.run();
