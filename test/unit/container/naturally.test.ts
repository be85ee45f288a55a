import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { naturally } from '../../../src/container/naturally.ts';

const test = suite('naturally()');

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
  assert.equal([...sorted].reverse().sort(naturally), sorted);
});

test('it is a total order, also of ids that read alike', () => {
  const names = ['a07', 'a7', 'a007', 'a0', 'a00', '', '0', 'A'];
  for (const one of names)
    for (const other of names) {
      assert.is(Math.sign(naturally(one, other)), -Math.sign(naturally(other, one)) || 0, `${one} ${other}`);
      assert.is(naturally(one, other) === 0, one === other, `${one} ${other}`);
    }
});

test.run();
