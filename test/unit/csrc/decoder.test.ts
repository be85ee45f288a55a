import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodePlan } from '../../../src/plan/encode.ts';
import {
  type FieldType,
  NO_SLOT,
  type Operation,
  type OperationKind,
  operationKinds,
  operations,
  phases,
} from '../../../src/plan/operations.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { wireHeader } from '../../../src/plan/wire.ts';
import { compile, openWorkshop, stubSource } from './compile.ts';

const test = suite('the decoder of plans');
const workshop = openWorkshop();
let decoder = '';

test.before(() => {
  const own = join(import.meta.dirname, 'decoder.c');
  decoder = compile(workshop, 'decoder', [own, stubSource('cursor.c'), stubSource('plan.c')]);
});
test.after(() => workshop.remove());

const SLOTS = 7;

const text = fc.string({ unit: 'binary', maxLength: 40 }).map((each) => each.replaceAll('\0', 'x'));
const u32 = fc.oneof(fc.nat(9), fc.integer({ min: 0, max: 0xffff_ffff }));

const values = {
  u32,
  i32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  u64: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
  slot: fc.oneof(fc.nat(SLOTS - 1), fc.constant(NO_SLOT)),
  string: text,
  strings: fc.array(text, { maxLength: 6 }),
  words: fc.array(u32, { maxLength: 6 }),
  bytes: fc.uint8Array({ maxLength: 40 }),
} as const satisfies Record<FieldType, fc.Arbitrary<unknown>>;

function operationOf(kind: OperationKind, phase: string): fc.Arbitrary<Operation> {
  const fields = Object.entries<FieldType>(operations[kind].fields).map(([name, type]) => [
    name,
    values[type],
  ]);
  return fc
    .record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>)
    .map((each) => ({ ...each, kind, phase, from: '/somewhere' }) as unknown as Operation);
}

/** One operation of every kind but `execute`, which ends the plan. */
const plans: fc.Arbitrary<Plan> = fc
  .tuple(
    fc.tuple(
      ...operationKinds.filter((kind) => kind !== 'execute').map((kind) => operationOf(kind, 'rootfs')),
    ) as fc.Arbitrary<Operation[]>,
    operationOf('execute', 'exec'),
  )
  .map(([some, last]) => ({
    operations: [...some, { ...last, preserve: 2 } as Operation],
    inherited: ['start-socket'],
    slots: SLOTS,
    preserve: 2,
    questions: [],
  }));

function hex(value: string | Uint8Array): string {
  return Buffer.from(value).toString('hex');
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** An operation as the decoder prints it. */
function printed(operation: Operation): Record<string, unknown> {
  const line: Record<string, unknown> = { kind: operation.kind, phase: phases.indexOf(operation.phase) };
  const fields = operation as unknown as Record<string, never>;
  for (const [name, type] of Object.entries<FieldType>(operations[operation.kind].fields)) {
    const value = fields[name];
    if (type === 'u64') line[snake(name)] = String(value);
    else if (type === 'string' || type === 'bytes') line[snake(name)] = hex(value as never);
    else if (type === 'strings') line[snake(name)] = (value as never as string[]).map(hex);
    else line[snake(name)] = value;
  }
  return line;
}

function run(
  bytes: Uint8Array,
  ...mode: string[]
): { readonly status: number | null; readonly lines: unknown[] } {
  const file = join(workshop.directory, 'plan');
  writeFileSync(file, bytes);
  const [verb = 'dump', ...rest] = mode;
  const result = spawnSync(decoder, [verb, file, ...rest], { encoding: 'utf8', maxBuffer: 1 << 26 });
  assert.is(result.stderr, '', 'the sanitizers are silent');
  return {
    status: result.status,
    lines: result.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  };
}

const tiny: Plan = {
  operations: [
    { kind: 'hostname', phase: 'confine', from: '', name: 'h' },
    { kind: 'execute', phase: 'exec', from: '', args: ['a'], environment: [], preserve: 0 },
  ],
  inherited: [],
  slots: 0,
  preserve: 0,
  questions: [],
};

test('reads every kind of operation as it was written', () => {
  fc.assert(
    fc.property(plans, fc.boolean(), (plan, trace) => {
      const { status, lines } = run(encodePlan(plan, { trace }));
      assert.is(status, 0);
      assert.equal(lines, plan.operations.map(printed));
    }),
    { numRuns: 40 },
  );
});

test('knows as many kinds and phases as the table', () => {
  const { lines } = run(encodePlan(fc.sample(plans, { numRuns: 1, seed: 1 })[0] as Plan, { trace: false }));
  assert.equal(new Set(lines.map((line) => (line as { kind: string }).kind)), new Set(operationKinds));
});

interface Refusal {
  readonly title: string;
  readonly reason: RegExp;
  readonly error?: number;
  readonly plan?: Partial<Plan>;
  spoil?(view: DataView): void;
}

const refusals: readonly Refusal[] = [
  {
    title: 'another magic',
    reason: /not a plan/,
    spoil: (view) => view.setUint32(wireHeader.magic, 1, true),
  },
  {
    title: 'the fingerprint of another build',
    reason: /different builds/,
    error: 8,
    spoil: (view) =>
      view.setUint32(wireHeader.fingerprint, view.getUint32(wireHeader.fingerprint, true) ^ 1, true),
  },
  { title: 'a wrong length', reason: /length/, spoil: (view) => view.setUint32(wireHeader.length, 9, true) },
  {
    title: 'no operations',
    reason: /number of operations/,
    spoil: (view) => view.setUint32(wireHeader.operations, 0, true),
  },
  {
    title: 'more operations than there are',
    reason: /malformed/,
    spoil: (view) => view.setUint32(wireHeader.operations, 3, true),
  },
  {
    title: 'fewer operations than there are',
    reason: /malformed|execute/,
    spoil: (view) => view.setUint32(wireHeader.operations, 1, true),
  },
  { title: 'too many slots', reason: /slots/, spoil: (view) => view.setUint32(wireHeader.slots, 5000, true) },
  {
    title: 'more inherited than slots',
    reason: /slots/,
    spoil: (view) => view.setUint32(wireHeader.inherited, 1, true),
  },
  { title: 'an unknown flag', reason: /flags/, spoil: (view) => view.setUint32(wireHeader.flags, 2, true) },
  {
    title: 'another number of preserved descriptors',
    reason: /preserve/,
    spoil: (view) => view.setUint32(wireHeader.preserve, 1, true),
  },
  {
    title: 'no execute',
    reason: /does not end with execute/,
    plan: { operations: tiny.operations.slice(0, 1) },
  },
  {
    title: 'an operation behind execute',
    reason: /comes after execute/,
    plan: { operations: [...tiny.operations, { kind: 'umask', phase: 'exec', from: '', mask: 0 }] },
  },
  {
    title: 'a phase that goes back',
    reason: /phase is over/,
    plan: { operations: [{ kind: 'umask', phase: 'identity', from: '', mask: 0 }, ...tiny.operations] },
  },
];

for (const { title, reason, error, plan, spoil } of refusals) {
  test(`refuses ${title}`, () => {
    assert.is(run(encodePlan(tiny, { trace: false })).status, 0, 'positive control');
    const bytes = encodePlan({ ...tiny, ...plan }, { trace: false }).slice();
    spoil?.(new DataView(bytes.buffer));
    const { status, lines } = run(bytes);
    assert.is(status, 1);
    const refusal = lines[0] as { error: number; reason: string };
    assert.match(refusal.reason, reason);
    assert.is(refusal.error, error ?? 74);
  });
}

test('refuses a slot that is not declared', () => {
  const closing: Operation = { kind: 'close-slot', phase: 'confine', from: '', slot: 0 };
  const bytes = encodePlan(
    { ...tiny, slots: 1, operations: [closing, ...tiny.operations.slice(1)] },
    { trace: false },
  );
  assert.is(run(bytes).status, 0, 'positive control');
  new DataView(bytes.buffer).setUint32(wireHeader.slots, 0, true);
  assert.is(run(bytes).status, 1);
});

test('refuses a string with a NUL inside', () => {
  const bytes = encodePlan(
    {
      ...tiny,
      operations: [
        { kind: 'hostname', phase: 'confine', from: '', name: 'abc' },
        ...tiny.operations.slice(1),
      ],
    },
    { trace: false },
  ).slice();
  const at = Buffer.from(bytes).indexOf('abc');
  assert.ok(at > 0);
  bytes[at + 1] = 0;
  assert.is(run(bytes).status, 1);
});

test('survives truncation at every byte and seconds of mutation', () => {
  const seed = Date.now() % 1_000_000;
  const plan = fc.sample(plans, { numRuns: 1, seed })[0] as Plan;
  const { status, lines } = run(encodePlan(plan, { trace: true }), 'fuzz', String(seed), '3000');
  assert.is(status, 0, `seed ${seed}`);
  const { tried, accepted } = lines[0] as { tried: number; accepted: number };
  assert.ok(
    tried > 1000 && accepted > 0 && accepted < tried,
    `seed ${seed}: ${accepted} of ${tried} accepted`,
  );
});

test.run();
