import { strict as assert } from 'node:assert';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import { deviceProgram } from '../../../../src/cgroup/devices/device-program.ts';
import { deviceRules } from '../../../../src/cgroup/devices/device-rules.ts';
import { allowed, type Request, request, rule } from '../devices.ts';

const test = suite('device program');

interface Step {
  readonly code: number;
  readonly to: number;
  readonly from: number;
  readonly offset: number;
  readonly value: number;
}

function decode(bytes: Uint8Array): Step[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 8 }, (_, index) => ({
    code: view.getUint8(index * 8),
    to: view.getUint8(index * 8 + 1) & 15,
    from: view.getUint8(index * 8 + 1) >> 4,
    offset: view.getInt16(index * 8 + 2, true),
    value: view.getInt32(index * 8 + 4, true),
  }));
}

/**
 * As much of the instruction set as the program may use; anything else, a jump out, or a read of nothing is an error.
 */
function run(bytes: Uint8Array, { type, major, minor, access }: Request): boolean {
  const context = [(access << 16) | (type === 'b' ? 1 : 2), major, minor];
  const registers: (number | undefined)[] = Array.from({ length: 11 }, () => undefined);
  registers[1] = 0;
  const program = decode(bytes);
  const get = (register: number) => {
    const value = registers[register];
    assert.ok(value !== undefined, `register ${register} is read before it is set`);
    return value;
  };
  for (let at = 0; ; at++) {
    const step = program[at];
    assert.ok(step !== undefined, 'the program runs out of its end');
    const { code, to, from, offset, value } = step;
    if (code === 0x95) return get(0) === 1;
    if (code === 0x61) registers[to] = context[(get(from) + offset) / 4];
    else if (code === 0xbf) registers[to] = get(from);
    else if (code === 0xb7) registers[to] = value;
    else if (code === 0x57) registers[to] = get(to) & value;
    else if (code === 0x77) registers[to] = get(to) >>> value;
    else if (code === 0x05) at += offset;
    else if (code === 0x55) at += get(to) === value ? 0 : offset;
    else if (code === 0x45) at += (get(to) & value) === 0 ? 0 : offset;
    else assert.fail(`opcode ${code}`);
  }
}

/** The verifier's first complaint: instructions that no path reaches. */
function reachable(bytes: Uint8Array): boolean {
  const program = decode(bytes);
  const seen = new Set<number>();
  const open = [0];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const step = program[at];
    if (step === undefined || seen.has(at)) continue;
    seen.add(at);
    if (step.code !== 0x95 && step.code !== 0x05) open.push(at + 1);
    if (step.code === 0x05 || step.code === 0x55 || step.code === 0x45) open.push(at + 1 + step.offset);
  }
  return seen.size === program.length;
}

test('deviceProgram() decides every request as the rules do', () => {
  let yes = 0;
  let no = 0;
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 8 }), fc.array(request, { minLength: 20 }), (rules, requests) => {
      const program = deviceProgram(rules);
      assert.ok(reachable(program));
      for (const each of requests) {
        const expected = allowed(rules, each);
        if (expected) yes++;
        else no++;
        assert.equal(run(program, each), expected);
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(yes > 100 && no > 100, 'both answers were tried');
});

test('deviceProgram() of no rules denies', () => {
  assert.equal(run(deviceProgram([]), { type: 'c', major: 1, minor: 3, access: 2 }), false);
});

test('deviceProgram() of an engine: reading and writing asked for together, from two rules', () => {
  const rules = deviceRules(
    [
      { allow: false, access: 'rwm' },
      { allow: true, type: 'c', major: 4, minor: 1, access: 'r' },
      { allow: true, type: 'c', major: 4, access: 'w' },
      { allow: false, type: 'c', major: 4, minor: 2, access: 'w' },
    ],
    '',
  );
  const program = deviceProgram(rules);
  assert.equal(run(program, { type: 'c', major: 4, minor: 1, access: 6 }), true);
  assert.equal(run(program, { type: 'c', major: 4, minor: 2, access: 4 }), false);
  assert.equal(run(program, { type: 'c', major: 4, minor: 3, access: 6 }), false);
  assert.equal(run(program, { type: 'c', major: 4, minor: 3, access: 4 }), true);
});

test.run();
