import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  type FieldType,
  NO_SLOT,
  type Operation,
  type OperationKind,
  operationKinds,
  phases,
  wireFields,
} from '../../../src/plan/operations.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { endSlots } from '../../../src/plan/slot-life.ts';
import { encodePlan } from '../../../src/plan/wire/encode.ts';
import { wireHeader, wireHeaderSize, wireRecordHeader, wireSlotEnds } from '../../../src/plan/wire/wire.ts';
import { compile, openWorkshop, stubSource } from './compile.ts';

const test = suite('the decoder of plans');
const workshop = openWorkshop();
let decoder = '';

test.before(() => {
  const own = join(import.meta.dirname, 'decoder.c');
  decoder = compile(workshop, 'decoder', [own, stubSource('cursor.c'), stubSource('plan.c')]);
});
test.after(() => workshop.remove());

const SLOTS = 16;

const text = fc.string({ unit: 'binary', maxLength: 40 }).map((each) => each.replaceAll('\0', 'x'));
const u32 = fc.oneof(fc.nat(9), fc.integer({ min: 0, max: 0xffff_ffff }));

const values = {
  bool: fc.boolean(),
  u32,
  i32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  u64: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
  slot: fc.oneof(fc.nat(SLOTS - 1), fc.constant(NO_SLOT)),
  // Chosen when the operation has its place.
  fills: fc.constant(0),
  string: text,
  strings: fc.array(text, { maxLength: 6 }),
  words: fc.array(u32, { maxLength: 6 }),
  bytes: fc.uint8Array({ maxLength: 40 }),
} as const satisfies Record<FieldType, fc.Arbitrary<unknown>>;

function operationOf(kind: OperationKind, phase: string): fc.Arbitrary<Operation> {
  const fields = Object.entries(wireFields[kind]).map(([name, type]) => [name, values[type]]);
  return fc
    .record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>)
    .map((each) => ({ ...each, kind, phase, from: '/somewhere' }) as unknown as Operation);
}

/** Where a path is the container's to bend: not before the handles are closed. */
const leads: readonly OperationKind[] = ['working-directory', 'home-directory', 'find-executable'];

/** The same with handles that are open when they are read, and end. */
function withHandles(all: readonly Operation[]): Operation[] {
  const open = [0];
  const read = new Set<number>();
  let fresh = 1;
  const placed = all.map((operation) => {
    const values = { ...operation } as unknown as Record<string, number>;
    const fields = Object.entries(wireFields[operation.kind]);
    for (const [name, type] of fields) {
      if (type !== 'slot' || values[name] === NO_SLOT) continue;
      const slot = open[(values[name] as number) % open.length] as number;
      values[name] = slot;
      read.add(slot);
    }
    for (const [name, type] of fields) {
      if (type !== 'fills') continue;
      open.push(fresh);
      values[name] = fresh++;
    }
    return values as unknown as Operation;
  });
  for (const slot of open)
    if (!read.has(slot)) placed.push({ kind: 'close-slot', phase: 'rootfs', from: '', slot });
  return placed;
}

/** One operation of every kind; `execute` ends the plan, as does `finish` in others. */
const plans: fc.Arbitrary<Plan> = fc
  .tuple(
    fc.tuple(
      ...operationKinds
        .filter((kind) => kind !== 'execute' && kind !== 'finish' && !leads.includes(kind))
        .map((kind) => operationOf(kind, 'rootfs')),
    ) as fc.Arbitrary<Operation[]>,
    fc.tuple(...leads.map((kind) => operationOf(kind, 'identity'))) as fc.Arbitrary<Operation[]>,
    operationOf('execute', 'exec'),
  )
  .map(([some, led, last]) => ({
    operations: endSlots([...withHandles(some), ...led, { ...last, preserve: 2 } as Operation], 1),
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
  for (const [name, type] of Object.entries(wireFields[operation.kind])) {
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
  assert.equal(result.stderr, '', 'the sanitizers are silent');
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
      assert.equal(status, 0);
      assert.deepEqual(lines, plan.operations.map(printed));
    }),
    { numRuns: 40 },
  );
});

test('knows as many kinds and phases as the table', () => {
  const { lines } = run(encodePlan(fc.sample(plans, { numRuns: 1, seed: 1 })[0] as Plan, { trace: false }));
  const finishing: Plan = {
    operations: [{ kind: 'finish', phase: 'ready', from: '' }],
    inherited: [],
    slots: 0,
    preserve: 0,
    questions: [],
  };
  const all = [...lines, ...run(encodePlan(finishing, { trace: false })).lines];
  assert.deepEqual(new Set(all.map((line) => (line as { kind: string }).kind)), new Set(operationKinds));
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
    reason: /does not end/,
    plan: { operations: tiny.operations.slice(0, 1) },
  },
  {
    title: 'an operation behind execute',
    reason: /comes after the end/,
    plan: { operations: [...tiny.operations, { kind: 'umask', phase: 'exec', from: '', mask: 0 }] },
  },
  {
    title: 'an operation behind finish',
    reason: /comes after the end/,
    plan: {
      operations: [
        { kind: 'finish', phase: 'ready', from: '' },
        { kind: 'umask', phase: 'exec', from: '', mask: 0 },
      ],
    },
  },
  {
    title: 'a phase that goes back',
    reason: /phase is over/,
    plan: { operations: [{ kind: 'umask', phase: 'identity', from: '', mask: 0 }, ...tiny.operations] },
  },
];

for (const { title, reason, error, plan, spoil } of refusals) {
  test(`refuses ${title}`, () => {
    assert.equal(run(encodePlan(tiny, { trace: false })).status, 0, 'positive control');
    const bytes = encodePlan({ ...tiny, ...plan }, { trace: false }).slice();
    spoil?.(new DataView(bytes.buffer));
    const { status, lines } = run(bytes);
    assert.equal(status, 1);
    const refusal = lines[0] as { error: number; reason: string };
    assert.match(refusal.reason, reason);
    assert.equal(refusal.error, error ?? 74);
  });
}

const opening: Operation = { kind: 'open-path', phase: 'prepare', from: '', slot: 0, path: '/' };
const closing: Operation = { kind: 'close-slot', phase: 'confine', from: '', slot: 0, ends: [0] };
const reading: Operation = { kind: 'enter-root', phase: 'pivot', from: '', slot: 0 };
const hook: Operation = {
  kind: 'hook',
  phase: 'rootfs',
  from: '',
  path: '/h',
  args: [],
  environment: [],
  adds: 0,
  root: NO_SLOT,
  timeout: 0,
  output: 0,
  errors: 0,
  apart: false,
};
const searching: Operation = { kind: 'find-executable', phase: 'identity', from: '', name: 'a', path: '' };

interface Life {
  readonly title: string;
  readonly reason: RegExp;
  /** One that is accepted; then the one that is not. */
  readonly control: readonly Operation[];
  readonly operations: readonly Operation[];
  readonly inherited?: Plan['inherited'];
}

const lives: readonly Life[] = [
  {
    title: 'a handle that outlives its last reader',
    reason: /open when the identity begins/,
    control: [opening, reading, closing],
    operations: [opening, reading],
  },
  {
    title: 'a handle that nobody reads',
    reason: /open when the identity begins/,
    control: [opening, closing],
    operations: [opening],
  },
  {
    title: 'a handle that is open when the identity begins, though it is closed later',
    reason: /open when the identity begins/,
    control: [opening, closing, { ...reading, kind: 'umask', phase: 'identity', mask: 0 } as Operation],
    operations: [opening, { ...closing, phase: 'identity' } as Operation],
  },
  {
    title: 'an inherited descriptor that outlives its last reader',
    reason: /outlives its last reader/,
    control: [{ kind: 'await-start', phase: 'ready', from: '', socket: 0, ends: [0] }],
    operations: [{ kind: 'await-start', phase: 'ready', from: '', socket: 0 }],
    inherited: ['start-socket'],
  },
  {
    title: 'a read of what is closed already',
    reason: /reads an empty slot/,
    control: [opening, reading, closing],
    operations: [opening, { ...reading, ends: [0] } as Operation, closing],
  },
  {
    title: 'a read of what was never opened',
    reason: /reads an empty slot/,
    control: [opening, closing],
    operations: [closing],
  },
  {
    title: 'filling a slot that is open',
    reason: /fills a slot that is open/,
    control: [opening, { ...closing, phase: 'prepare' } as Operation, opening, closing],
    operations: [opening, opening, closing],
  },
  {
    title: 'a search for the program before the handles are closed',
    reason: /before the handles are closed/,
    control: [searching],
    operations: [{ ...searching, phase: 'confine' } as Operation],
  },
  {
    title: 'a hook of the container before the handles are closed',
    reason: /before the handles are closed/,
    control: [hook, { ...hook, phase: 'ready' } as Operation],
    operations: [{ ...hook, phase: 'pivot' } as Operation],
  },
];

for (const { title, reason, control, operations: attack, inherited = [] } of lives) {
  test(`refuses ${title}`, () => {
    const encoded = (some: readonly Operation[]) =>
      encodePlan(
        { ...tiny, inherited, slots: 1, operations: [...some, ...tiny.operations.slice(1)] },
        { trace: false },
      );
    assert.equal(run(encoded(control)).status, 0, 'positive control');
    const { status, lines } = run(encoded(attack));
    assert.equal(status, 1);
    assert.match((lines[0] as { reason: string }).reason, reason);
  });
}

const finishing: Operation = { kind: 'finish', phase: 'confine', from: '' };
const undoing: Operation = { kind: 'umask', phase: 'undo', from: '', mask: 0 };

test('a plan may end with finish, behind which stands what takes it back, and nothing else', () => {
  const verdict = (...operations: readonly Operation[]) => {
    const { status, lines } = run(encodePlan({ ...tiny, slots: 1, operations }, { trace: false }));
    return status === 0 ? 'fine' : (lines[0] as { reason: string }).reason;
  };
  assert.equal(verdict(finishing), 'fine');
  assert.equal(verdict(opening, finishing, undoing, { ...closing, phase: 'undo' } as Operation), 'fine');
  assert.match(verdict(undoing, finishing), /takes back what is not finished/);
  assert.match(verdict(undoing, tiny.operations[1] as Operation), /takes back what is not finished/);
  assert.match(verdict(finishing, { ...undoing, phase: 'exec' } as Operation), /comes after the end/);
  assert.match(verdict(finishing, tiny.operations[1] as Operation), /comes after the end/);
  assert.match(verdict(...tiny.operations, undoing), /comes after the end/);
  assert.match(verdict(opening, finishing), /outlives its last reader/);
  assert.match(
    verdict(finishing, { ...searching, phase: 'undo' } as Operation),
    /before the handles are closed/,
  );
});

test('a slot says that it ends with its highest bit', () => {
  const bytes = encodePlan(
    { ...tiny, slots: 1, operations: [opening, closing, ...tiny.operations.slice(1)] },
    { trace: false },
  );
  const words = new Uint32Array(bytes.slice().buffer);
  assert.ok(words.includes(wireSlotEnds));
});

test('refuses a slot that is not declared', () => {
  const bytes = encodePlan(
    { ...tiny, slots: 1, operations: [opening, closing, ...tiny.operations.slice(1)] },
    { trace: false },
  );
  assert.equal(run(bytes).status, 0, 'positive control');
  new DataView(bytes.buffer).setUint32(wireHeader.slots, 0, true);
  assert.equal(run(bytes).status, 1);
});

test('refuses a truth that is neither 0 nor 1', () => {
  const propagation = { kind: 'propagation', phase: 'rootfs', from: '', type: 0, recursive: true } as const;
  const bytes = encodePlan(
    { ...tiny, operations: [propagation, ...tiny.operations.slice(1)] },
    { trace: false },
  ).slice();
  assert.equal(run(bytes).status, 0, 'positive control');
  const at = wireHeaderSize + wireRecordHeader + 4;
  assert.equal(bytes[at], 1);
  bytes[at] = 2;
  assert.equal(run(bytes).status, 1);
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
  assert.equal(run(bytes).status, 1);
});

test('survives truncation at every byte and seconds of mutation', () => {
  const seed = Date.now() % 1_000_000;
  const plan = fc.sample(plans, { numRuns: 1, seed })[0] as Plan;
  const { status, lines } = run(encodePlan(plan, { trace: true }), 'fuzz', String(seed), '3000');
  assert.equal(status, 0, `seed ${seed}`);
  const { tried, accepted } = lines[0] as { tried: number; accepted: number };
  assert.ok(
    tried > 1000 && accepted > 0 && accepted < tried,
    `seed ${seed}: ${accepted} of ${tried} accepted`,
  );
});

test.run();
