import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { Failure, messageOf } from './failure.ts';

/**
 * Protocol buffers by tables: a message is a table of its fields that are used here, and the table is the type as
 * well. What a later version of a message adds is skipped when it is read. 64 bits are bigints; a map is a list of `{
 * key, value }`.
 */
export type Scalar = 'bool' | 'int32' | 'uint32' | 'int64' | 'uint64' | 'double' | 'string' | 'bytes';
export type Field =
  | readonly [number: number, type: Scalar]
  | readonly [number: number, type: Table]
  | readonly [number: number, type: Scalar | Table, many: 'many'];
export interface Table {
  readonly [name: string]: Field;
}

interface Values {
  bool: boolean;
  int32: number;
  uint32: number;
  int64: bigint;
  uint64: bigint;
  double: number;
  string: string;
  bytes: Uint8Array;
}

type ValueOf<T> = T extends Scalar ? Values[T] : T extends Table ? MessageOf<T> : never;
export type MessageOf<T extends Table> = {
  readonly [N in keyof T]?: T[N] extends readonly [number, infer V, 'many']
    ? readonly ValueOf<V>[]
    : ValueOf<T[N][1]>;
};

const wireTypes: Readonly<Record<Scalar, WireType>> = {
  bool: WireType.Varint,
  int32: WireType.Varint,
  uint32: WireType.Varint,
  int64: WireType.Varint,
  uint64: WireType.Varint,
  double: WireType.Bit64,
  string: WireType.LengthDelimited,
  bytes: WireType.LengthDelimited,
};

/** Deeper messages than any of ours: what is nested further is an attack on the stack. */
const deepest = 32;

export function encodeMessage<T extends Table>(table: T, message: MessageOf<T>): Uint8Array {
  const writer = new BinaryWriter();
  write(writer, table, message);
  return writer.finish();
}

/** Throws `Failure` (`invalid`) for bytes that are no such message. */
export function decodeMessage<T extends Table>(table: T, bytes: Uint8Array): MessageOf<T> {
  try {
    return read(new BinaryReader(bytes), bytes.length, table, 0) as MessageOf<T>;
  } catch (cause) {
    throw new Failure('invalid', `these bytes are no such message: ${messageOf(cause)}`, { cause });
  }
}

function write(writer: BinaryWriter, table: Table, message: Readonly<Record<string, unknown>>): void {
  for (const [name, [number, type, many]] of Object.entries(table)) {
    const value = message[name];
    if (value === undefined) continue;
    for (const each of many === undefined ? [value] : (value as readonly unknown[]))
      writeField(writer, number, type, each);
  }
}

function writeField(writer: BinaryWriter, number: number, type: Scalar | Table, value: unknown): void {
  if (typeof type === 'object') {
    writer.tag(number, WireType.LengthDelimited).fork();
    write(writer, type, value as Readonly<Record<string, unknown>>);
    writer.join();
  } else {
    writer.tag(number, wireTypes[type]);
    writer[type](value as never);
  }
}

/** Fields by number, made when a table is first read, and so in the image of the executable. */
const byNumber = new WeakMap<Table, ReadonlyMap<number, readonly [string, Field]>>();

function fieldsOf(table: Table): ReadonlyMap<number, readonly [string, Field]> {
  let fields = byNumber.get(table);
  if (fields === undefined) {
    fields = new Map(Object.entries(table).map(([name, field]) => [field[0], [name, field] as const]));
    byNumber.set(table, fields);
  }
  return fields;
}

function read(reader: BinaryReader, end: number, table: Table, depth: number): Record<string, unknown> {
  if (depth > deepest) throw new RangeError('messages are nested too deeply');
  const message: Record<string, unknown> = {};
  const fields = fieldsOf(table);
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const [name, field] = fields.get(number) ?? [];
    if (name === undefined || field === undefined) {
      reader.skip(wireType, number);
      continue;
    }
    const [, type, many] = field;
    const expected = typeof type === 'object' ? WireType.LengthDelimited : wireTypes[type];
    if (wireType === WireType.LengthDelimited && expected === WireType.Varint && many !== undefined) {
      const list = listOf(message, name);
      for (const stop = endOf(reader, end); reader.pos < stop; )
        list.push(readValue(reader, end, type, depth));
    } else if (wireType !== expected) reader.skip(wireType, number);
    else if (many === undefined) message[name] = readValue(reader, end, type, depth);
    else listOf(message, name).push(readValue(reader, end, type, depth));
  }
  if (reader.pos > end) throw new RangeError('a field is longer than its message');
  return message;
}

function listOf(message: Record<string, unknown>, name: string): unknown[] {
  const list = message[name] ?? [];
  message[name] = list;
  return list as unknown[];
}

/** Where what begins with its length ends. */
function endOf(reader: BinaryReader, end: number): number {
  const stop = reader.uint32() + reader.pos;
  if (stop > end) throw new RangeError('a field is longer than its message');
  return stop;
}

function readValue(reader: BinaryReader, end: number, type: Scalar | Table, depth: number): unknown {
  if (typeof type === 'object') return read(reader, endOf(reader, end), type, depth + 1);
  const value = reader[type]();
  // The wire library gives text where the engine has no bigint in views; and bytes as a window on what will be
  // overwritten.
  if (type === 'int64' || type === 'uint64') return BigInt(value as bigint | string);
  if (type === 'bytes') return (value as Uint8Array).slice();
  return value;
}
