import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { findLibexec } from '../../../../src/entry/libexec.ts';
import { loadNative } from '../../../../src/entry/load-native.ts';
import { Failure } from '../../../../src/failure.ts';
import { fingerprint } from '../../../../src/plan/generated/fingerprint.ts';
import { NO_SLOT, type Operation, operationKinds } from '../../../../src/plan/operations.ts';
import type { Plan } from '../../../../src/plan/plan.ts';
import { encodePlan } from '../../../../src/plan/wire/encode.ts';
import { wireHeader, wireHeaderSize, wireMagic, wireTrace } from '../../../../src/plan/wire/wire.ts';

const test = suite('encodePlan()');

const execute: Operation = {
  kind: 'execute',
  phase: 'exec',
  from: '/process/args',
  args: ['a'],
  environment: ['K=ü'],
  preserve: 1,
};

function planOf(...operations: Operation[]): Plan {
  return {
    operations: [...operations, execute],
    inherited: ['process'],
    slots: 3,
    preserve: 1,
    questions: [],
  };
}

function encode(plan: Plan, trace = false): DataView {
  const bytes = encodePlan(plan, { trace });
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function refusalOf(plan: Plan): Failure {
  try {
    encodePlan(plan, { trace: false });
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('writes the header that the stub checks', () => {
  const view = encode(planOf(), true);
  assert.equal(view.getUint32(wireHeader.magic, true), wireMagic);
  assert.equal(view.getUint32(wireHeader.fingerprint, true), fingerprint.low);
  assert.equal(view.getUint32(wireHeader.fingerprint + 4, true), fingerprint.high);
  assert.equal(view.getUint32(wireHeader.length, true), view.byteLength);
  assert.equal(view.getUint32(wireHeader.operations, true), 1);
  assert.equal(view.getUint32(wireHeader.slots, true), 3);
  assert.equal(view.getUint32(wireHeader.inherited, true), 1);
  assert.equal(view.getUint32(wireHeader.preserve, true), 1);
  assert.equal(view.getUint32(wireHeader.flags, true), wireTrace);
});

test('writes records with kind, phase, length and fields', () => {
  const view = encode(planOf());
  assert.equal(view.getUint16(wireHeaderSize, true), operationKinds.indexOf('execute'));
  assert.equal(view.getUint16(wireHeaderSize + 2, true), 9);
  assert.equal(view.getUint32(wireHeaderSize + 4, true), view.byteLength - wireHeaderSize);
  const fields = Array.from({ length: (view.byteLength - 48) / 4 }, (_, index) =>
    view.getUint32(48 + 4 * index, true),
  );
  // args: 1 of length 1; environment: 1 of length 4 ("ü" is two bytes) and its NUL's own word; preserve.
  assert.deepEqual(fields, [1, 1, 0x61, 1, 4, 0xbcc33d4b, 0, 1]);
});

test('gives the same bytes for the same plan, and leaves nothing of an earlier one in the padding', () => {
  const long: Operation = { kind: 'hostname', phase: 'confine', from: '', name: 'x'.repeat(60_000) };
  const first = encodePlan(planOf(), { trace: false }).slice();
  encodePlan(planOf(long), { trace: false });
  assert.deepEqual(encodePlan(planOf(), { trace: false }), first);
});

test('grows for plans of any size below the limit', () => {
  const huge: Operation = { kind: 'hostname', phase: 'confine', from: '', name: '€'.repeat(400_000) };
  const view = encode(planOf(huge));
  assert.equal(view.getUint32(wireHeaderSize + 8, true), 1_200_000);
});

test('aligns bytes and words to 8', () => {
  for (const name of ['', 'abcd']) {
    const affinity: Operation = {
      kind: 'affinity',
      phase: 'confine',
      from: '',
      mask: Uint8Array.of(0xa5, 0xa6, 0xa7),
    };
    const hostname: Operation = { kind: 'hostname', phase: 'confine', from: '', name };
    const view = encode(planOf(hostname, affinity));
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    assert.equal(bytes.indexOf(0xa5) % 8, 0);
  }
});

const rows: readonly { title: string; operation: Operation; code: string; message: RegExp }[] = [
  {
    title: 'a NUL in a string',
    operation: { kind: 'hostname', phase: 'confine', from: '/hostname', name: 'a\0b' },
    code: 'invalid',
    message: /NUL/,
  },
  {
    title: 'a number beyond 32 bits',
    operation: { kind: 'umask', phase: 'confine', from: '', mask: 2 ** 32 },
    code: 'internal',
    message: /u32/,
  },
  {
    title: 'a negative number',
    operation: { kind: 'umask', phase: 'confine', from: '', mask: -1 },
    code: 'internal',
    message: /u32/,
  },
  {
    title: 'half a number',
    operation: { kind: 'oom-score', phase: 'confine', from: '', proc: 0, value: 0.5 },
    code: 'internal',
    message: /i32/,
  },
  {
    title: 'a number beyond 64 bits',
    operation: { kind: 'bounding-set', phase: 'confine', from: '', keep: 1n << 64n },
    code: 'internal',
    message: /u64/,
  },
  {
    title: 'a slot that the plan does not have',
    operation: { kind: 'close-slot', phase: 'confine', from: '', slot: 3 },
    code: 'internal',
    message: /slot 3/,
  },
  {
    title: 'more text than a plan may have',
    operation: { kind: 'hostname', phase: 'confine', from: '', name: 'x'.repeat(17 << 20) },
    code: 'internal',
    message: /bytes/,
  },
];

for (const { title, operation, code, message } of rows) {
  test(`refuses ${title}`, () => {
    const refusal = refusalOf(planOf(operation));
    assert.equal(refusal.code, code);
    assert.match(refusal.message, message);
  });
}

test('says which operation, and which part of the config', () => {
  const refusal = refusalOf(planOf({ kind: 'hostname', phase: 'confine', from: '/hostname', name: '\0' }));
  assert.match(refusal.message, /"hostname"/);
  assert.equal(refusal.pointer, '/hostname');
});

test('accepts NO_SLOT and the largest numbers', () => {
  encodePlan(
    planOf(
      { kind: 'clone', phase: 'namespaces', from: '', flags: 0xffff_ffff_ffff_ffffn, cgroup: NO_SLOT },
      { kind: 'umask', phase: 'identity', from: '', mask: 0xffff_ffff },
    ),
    { trace: false },
  );
});

test('the addon writes the same bytes as TextEncoder, and refuses the same texts', () => {
  const native = loadNative(findLibexec());
  const texts = ['', 'a', 'grüße 🐋', '\ud800', 'x'.repeat(100_000), '\u0800'.repeat(20_000)];
  const plan = planOf({ ...execute, args: texts, environment: texts.map((text) => `K=${text}`) });
  assert.deepEqual(
    encodePlan(plan, { trace: false, encodeInto: native.encodeInto }),
    encodePlan(plan, { trace: false }),
  );
  for (const encodeInto of [native.encodeInto, undefined]) {
    const nul = planOf({ ...execute, args: ['a\0b'] });
    assert.throws(
      () => encodePlan(nul, { trace: false, ...(encodeInto && { encodeInto }) }),
      /has a NUL in it/,
    );
  }
  assert.equal(native.encodeInto('abc', new Uint8Array(7), 0), -1);
  assert.equal(native.encodeInto('abc', new Uint8Array(8), 0), 3);
  assert.throws(() => native.encodeInto('abc', new Uint8Array(8), 9), TypeError);
});

test.run();
