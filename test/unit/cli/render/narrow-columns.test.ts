import { strict as assert } from 'node:assert';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import { narrowColumns } from '../../../../src/cli/render/narrow-columns.ts';

const test = suite('narrow columns');

const header = ['PHASE', 'OPERATION', 'FROM', 'DETAILS'];
const bind = ['rootfs', 'bind', '/mounts/1/options', 'target=/data set=rdonly,nosuid'];

test('what fits is not touched', () => {
  const { text, cut } = narrowColumns([header, bind], 80);
  assert.equal(cut, false);
  assert.equal(
    text,
    'PHASE   OPERATION  FROM               DETAILS\nrootfs  bind       /mounts/1/options  target=/data set=rdonly,nosuid\n',
  );
});

test('what fits to the very character is not touched either', () => {
  const least = 8 + 11 + 19 + 30;
  assert.equal(narrowColumns([header, bind], least).cut, false);
  const { text, cut } = narrowColumns([header, bind], least - 1);
  assert.ok(cut);
  assert.match(text, / target=\/data set=rdonly,nosu…\n$/);
});

test('a place loses its beginning, as its end is what tells', () => {
  const place = '/linux/resources/devices/12/access';
  const { text, cut } = narrowColumns([header, ['rootfs', 'bind', place, 'x'.repeat(60)]], 60);
  assert.ok(cut);
  assert.match(text, / …devices\/12\/access {2}x+…\n$/);
});

test('narrowColumns() tells that something was cut, whichever row it was and whichever column', () => {
  const place = `/linux/${'x'.repeat(60)}`;
  const short = ['rootfs', 'bind', '/', 'x'];
  for (const row of [
    ['rootfs', 'bind', place, 'x'],
    ['rootfs', 'bind', '/', place],
  ])
    for (const rows of [
      [header, row, short],
      [header, short, row],
    ])
      assert.ok(narrowColumns(rows, 75).cut);
});

test('no character is cut in half, at an end or at a beginning', () => {
  for (const width of [70, 71]) {
    const faces = '😀'.repeat(40);
    const { text, cut } = narrowColumns([header, ['rootfs', 'bind', faces, faces]], width);
    assert.ok(cut);
    assert.doesNotMatch(text, /\p{Surrogate}/u);
  }
});

test('of any rows no line is wider than a terminal that has room for the first columns', () => {
  const word = (maxLength: number) => fc.stringMatching(/^[a-z/]*$/).map((text) => text.slice(0, maxLength));
  const row = fc.tuple(word(10), word(10), word(80), fc.string({ unit: 'grapheme-ascii', maxLength: 200 }));
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 10 }),
      fc.integer({ min: 60, max: 200 }),
      (rows, width) => {
        const { text, cut } = narrowColumns(rows, width);
        const lines = text.split('\n').slice(0, -1);
        assert.equal(lines.length, rows.length);
        for (const line of lines) assert.ok(line.length <= width, line);
        assert.equal(cut, text.includes('…'));
      },
    ),
  );
});

test('a terminal that is too narrow still shows places and details', () => {
  const { text } = narrowColumns([header, bind], 20);
  assert.match(text, /^rootfs {2}bind {7}…ounts\/1\/options {2}target=\/data …$/m);
});

test.run();
