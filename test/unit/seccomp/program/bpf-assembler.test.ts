import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import {
  assemble,
  branch,
  codes,
  dataOffsets,
  goTo,
  instructionSize,
  Label,
  type Line,
  plain,
} from '../../../../src/seccomp/program/bpf-assembler.ts';
import { evaluate } from '../bpf.ts';

const test = suite('BPF assembler');

const load = plain(codes.load, dataOffsets.number);
const answer = (value: number) => plain(codes.answer, value);
const run = (lines: readonly Line[], number: number) => evaluate(assemble(lines), { arch: 0, number });
const filler = (count: number) => Array.from({ length: count }, () => load);

test('a condition goes to its labels, and to the next instruction where it has none', () => {
  const [yes, no] = [new Label(), new Label()];
  const both = [load, branch(codes.ifEqual, 7, yes, no), answer(9), no, answer(2), yes, answer(1)];
  assert.deepEqual([run(both, 7), run(both, 8)], [1, 2]);
  const far = new Label();
  const next = [load, branch(codes.ifGreater, 7, undefined, far), answer(1), far, answer(2)];
  assert.deepEqual([run(next, 8), run(next, 7)], [1, 2]);
});

test('operands are unsigned, all 32 bits of them', () => {
  assert.equal(run([answer(0x80000000)], 0), 0x80000000);
  assert.equal(run([answer(-1)], 0), 0xffffffff);
});

test('labels take no room: several of one place, and one at the end for what the caller puts after', () => {
  const [one, other, end] = [new Label(), new Label(), new Label()];
  const lines = [load, branch(codes.ifEqual, 1, one, other), one, other, goTo(end), answer(3), end];
  const bytes = assemble(lines);
  assert.equal(bytes.length, 4 * instructionSize);
  const whole = new Uint8Array([...bytes, ...assemble([answer(4)])]);
  assert.equal(evaluate(whole, { arch: 0, number: 1 }), 4);
  assert.equal(assemble([]).length, 0);
});

test('a condition reaches 255 instructions ahead and not one more', () => {
  const far = (count: number) => {
    const label = new Label();
    return [load, branch(codes.ifEqual, 1, label, undefined), ...filler(count), label, answer(5)];
  };
  assert.equal(run(far(255), 1), 5);
  assert.throws(() => assemble(far(256)), /^RangeError: BPF jump over 256 instructions$/);
});

test('a plain jump reaches further', () => {
  const label = new Label();
  assert.equal(run([goTo(label), ...filler(1000), label, answer(6)], 0), 6);
});

test('a label that is behind, or nowhere, is a mistake', () => {
  const behind = new Label();
  assert.throws(() => assemble([behind, load, goTo(behind)]), /^RangeError: BPF jump over -2 instructions$/);
  assert.throws(() => assemble([branch(codes.ifEqual, 1, undefined, new Label())]), RangeError);
});

test.run();
