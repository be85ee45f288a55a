import { Failure } from '../../failure.ts';
import { fingerprint } from '../generated/fingerprint.ts';
import {
  type FieldType,
  NO_SLOT,
  type Operation,
  operationKinds,
  phases,
  wireFields,
} from '../operations.ts';
import type { Plan } from '../plan.ts';
import {
  wireHeader,
  wireHeaderSize,
  wireLimits,
  wireMagic,
  wireRecordHeader,
  wireSlotEnds,
  wireTrace,
} from './wire.ts';

export interface EncodeOptions {
  /** Ask the stub for a time stamp of every operation. */
  readonly trace: boolean;
  /** As the one of `Native`, which does in 1 µs what TextEncoder does in 4: a plan has some hundred texts. */
  readonly encodeInto?: EncodeInto;
}

type EncodeInto = (text: string, target: Uint8Array, offset: number) => number;

const encoder = new TextEncoder();

const encodeByItself: EncodeInto = (text, target, offset) =>
  text.includes('\0') ? -1 : encoder.encodeInto(text, target.subarray(offset)).written;

/** One kind of operation, unfolded from the table, so that the loop below only walks arrays. */
interface Layout {
  readonly kind: number;
  readonly names: readonly string[];
  readonly types: readonly FieldType[];
}

/** Made with the module, so that they are in the executable's image. */
const layouts = new Map<string, Layout>(
  operationKinds.map((name, kind) => {
    const fields = wireFields[name];
    return [name, { kind, names: Object.keys(fields), types: Object.values(fields) }];
  }),
);

/** As many fields has the longest of them. */
const mostFields = Math.max(...[...layouts.values()].map(({ names }) => names.length));

/**
 * More than the numbers of any one operation take: the writer checks for room once a record, and at each text and
 * list.
 */
const spare = wireRecordHeader + 8 * mostFields;

/**
 * A plan as the bytes that the stub reads. The same plan gives the same bytes.
 *
 * @throws Failure `internal` when a number does not fit its field, a slot is not one of the plan's, or the plan is
 * beyond the stub's limits; `invalid` when a string has a NUL in it, which no path or argument can carry.
 */
export function encodePlan(plan: Plan, options: EncodeOptions): Uint8Array {
  const writer = new Writer(plan.slots, options.encodeInto ?? encodeByItself);
  for (const operation of plan.operations) writeOperation(writer, operation);
  return writer.finish(plan, options.trace ? wireTrace : 0);
}

function writeOperation(writer: Writer, operation: Operation): void {
  const layout = layouts.get(operation.kind);
  const phase = phases.indexOf(operation.phase);
  if (layout === undefined || phase < 0) {
    throw new Failure('internal', `no operation "${operation.kind}" in phase "${operation.phase}"`);
  }
  try {
    writer.record(layout, phase, operation as unknown as Readonly<Record<string, unknown>>);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(error.code, `operation "${operation.kind}": ${error.message}`, {
      pointer: operation.from,
    });
  }
}

/**
 * A growing buffer seen as bytes and as u32; the position is always a multiple of 4. What lies behind it was never
 * written and is zero, so that padding needs no writing either.
 */
class Writer {
  private bytes = new Uint8Array(32_768);
  private words = new Uint32Array(this.bytes.buffer);
  private position = wireHeaderSize;
  private readonly encodeInto: EncodeInto;
  private readonly slots: number;

  constructor(slots: number, encodeInto: EncodeInto) {
    this.encodeInto = encodeInto;
    this.slots = slots;
  }

  record(layout: Layout, phase: number, values: Readonly<Record<string, unknown>>): void {
    const { names, types } = layout;
    const start = this.position;
    // Room for all fields but the lists and texts, which see to themselves.
    this.room(wireRecordHeader + 8 * names.length);
    this.words[start >> 2] = layout.kind | (phase << 16);
    this.position = start + wireRecordHeader;
    for (let field = 0; field < names.length; field++) {
      const value = values[names[field] as string];
      switch (types[field] as FieldType) {
        case 'u32':
          this.u32(value as number);
          break;
        case 'bool':
          this.u32(value ? 1 : 0);
          break;
        case 'slot':
          this.slot(value as number);
          if ((values['ends'] as readonly number[] | undefined)?.includes(value as number))
            this.words[(this.position >> 2) - 1] = ((value as number) | wireSlotEnds) >>> 0;
          break;
        case 'fills':
          this.slot(value as number);
          break;
        case 'string':
          this.string(value as string);
          break;
        case 'strings':
          this.strings(value as readonly string[]);
          break;
        case 'i32':
          this.i32(value as number);
          break;
        case 'u64':
          this.u64(value as bigint);
          break;
        case 'words':
          this.list(value as readonly number[]);
          break;
        case 'bytes':
          this.blob(value as Uint8Array);
          break;
      }
    }
    this.words[(start >> 2) + 1] = this.position - start;
  }

  finish(plan: Plan, flags: number): Uint8Array {
    const count = plan.operations.length;
    refuseBeyond('bytes', this.position, wireLimits.length);
    refuseBeyond('operations', count, wireLimits.operations);
    refuseBeyond('slots', plan.slots, wireLimits.slots);
    refuseBeyond('preserved descriptors', plan.preserve, wireLimits.preserve);
    const header: readonly (readonly [offset: number, value: number])[] = [
      [wireHeader.magic, wireMagic],
      [wireHeader.flags, flags],
      [wireHeader.fingerprint, fingerprint.low],
      [wireHeader.fingerprint + 4, fingerprint.high],
      [wireHeader.length, this.position],
      [wireHeader.operations, count],
      [wireHeader.slots, plan.slots],
      [wireHeader.inherited, plan.inherited.length],
      [wireHeader.preserve, plan.preserve],
      [wireHeader.reserved, 0],
    ];
    for (const [offset, value] of header) this.words[offset >> 2] = value;
    return this.bytes.subarray(0, this.position);
  }

  private u32(value: number): void {
    if (value >>> 0 !== value) throw new Failure('internal', `${value} is not a u32`);
    this.words[this.position >> 2] = value;
    this.position += 4;
  }

  private i32(value: number): void {
    if ((value | 0) !== value) throw new Failure('internal', `${value} is not an i32`);
    this.words[this.position >> 2] = value;
    this.position += 4;
  }

  private u64(value: bigint): void {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new Failure('internal', `${value} is not a u64`);
    this.words[this.position >> 2] = Number(value & 0xffff_ffffn);
    this.words[(this.position >> 2) + 1] = Number(value >> 32n);
    this.position += 8;
  }

  private slot(value: number): void {
    if (value !== NO_SLOT && !(value >>> 0 === value && value < this.slots)) {
      throw new Failure('internal', `slot ${value} is not one of the plan's ${this.slots}`);
    }
    this.words[this.position >> 2] = value;
    this.position += 4;
  }

  private string(text: string): void {
    // A UTF-16 unit becomes at most three bytes; the NUL, and the fields that follow, are in what is asked for on
    // top.
    this.room(4 + 3 * text.length + 4);
    const start = this.position + 4;
    const written = this.encodeInto(text, this.bytes, start);
    if (written < 0) throw new Failure('invalid', `${JSON.stringify(text)} has a NUL in it`);
    this.words[this.position >> 2] = written;
    this.position = (start + written + 4) & ~3;
  }

  private strings(texts: readonly string[]): void {
    this.u32(texts.length);
    for (const text of texts) this.string(text);
  }

  private list(values: readonly number[]): void {
    this.aligned(values.length, 4 * values.length);
    for (const value of values) this.u32(value);
  }

  private blob(data: Uint8Array): void {
    this.aligned(data.length, data.length);
    this.bytes.set(data, this.position);
    this.position = (this.position + data.length + 3) & ~3;
  }

  /** A count, then padding so that what follows, of `size` bytes, starts at a multiple of 8. */
  private aligned(count: number, size: number): void {
    this.room(8 + size);
    this.u32(count);
    if (this.position % 8 !== 0) this.position += 4;
  }

  /** Makes room for so much, and for the numbers of any record on top. */
  private room(size: number): void {
    if (this.position + size + spare <= this.bytes.length) return;
    let capacity = this.bytes.length * 2;
    while (this.position + size + spare > capacity) capacity *= 2;
    const bytes = new Uint8Array(capacity);
    bytes.set(this.bytes.subarray(0, this.position));
    this.bytes = bytes;
    this.words = new Uint32Array(bytes.buffer);
  }
}

function refuseBeyond(what: string, value: number, limit: number): void {
  if (!(value >= 0 && value <= limit)) {
    throw new Failure('internal', `a plan of ${value} ${what}: at most ${limit} are allowed`);
  }
}
