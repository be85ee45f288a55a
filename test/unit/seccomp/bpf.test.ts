import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { assemble, evaluate } from './bpf.ts';

const test = suite('the BPF machine of these tests');
const call = { arch: 7, number: 5, args: [0x1_0000_0002n, 9] };

test('loads the number, the architecture and both halves of an argument', () => {
  const echo = (offset: number, expected: number) =>
    evaluate(assemble([0x20, 0, 0, offset], [0x15, 0, 1, expected], [0x06, 0, 0, 1], [0x06, 0, 0, 2]), call);
  assert.equal(echo(0, 5), 1);
  assert.equal(echo(0, 6), 2);
  assert.equal(echo(4, 7), 1);
  assert.equal(echo(16, 2), 1);
  assert.equal(echo(20, 1), 1);
  assert.equal(echo(24, 9), 1);
});

test('compares without a sign and masks', () => {
  const negative = { arch: 0, number: -1 };
  assert.equal(
    evaluate(assemble([0x20, 0, 0, 0], [0x25, 0, 1, 7], [0x06, 0, 0, 1], [0x06, 0, 0, 2]), negative),
    1,
  );
  assert.equal(
    evaluate(
      assemble([0x20, 0, 0, 0], [0x54, 0, 0, 0xf0], [0x35, 0, 1, 0xf0], [0x06, 0, 0, 1], [0x06, 0, 0, 2]),
      negative,
    ),
    1,
  );
});

test('refuses what the kernel would', () => {
  assert.throws(() => evaluate(new Uint8Array(0), call), /not a BPF program/);
  assert.throws(() => evaluate(assemble([0x20, 0, 0, 2], [0x06, 0, 0, 0]), call), /offset 2/);
  assert.throws(() => evaluate(assemble([0x20, 0, 0, 0]), call), /ran off the end/);
  assert.throws(() => evaluate(assemble([0x07, 0, 0, 0], [0x06, 0, 0, 0]), call), /unexpected code/);
});

test.run();
