import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { parseNumberList } from '../../../src/cgroup/number-ranges.ts';

const test = suite('number ranges');

test('parseNumberList() spells ranges out', () => {
  assert.deepEqual(parseNumberList('0-2,5\n'), [0, 1, 2, 5]);
  assert.deepEqual(parseNumberList('7'), [7]);
  for (const nothing of [undefined, '', '\n']) assert.equal(parseNumberList(nothing), undefined);
});

test.run();
