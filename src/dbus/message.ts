import { ProtocolError } from './protocol-error.ts';
import { Reader } from './reader.ts';
import type { BusValue } from './value.ts';
import { Writer } from './writer.ts';

export const messageTypes = { call: 1, return: 2, error: 3, signal: 4 } as const;

/** Header fields by their codes (dbus-specification, "Header Fields"). */
const fields = {
  path: { code: 1, signature: 'o' },
  interface: { code: 2, signature: 's' },
  member: { code: 3, signature: 's' },
  errorName: { code: 4, signature: 's' },
  replySerial: { code: 5, signature: 'u' },
  destination: { code: 6, signature: 's' },
  sender: { code: 7, signature: 's' },
  signature: { code: 8, signature: 'g' },
} as const;

type FieldName = keyof typeof fields;
const fieldNames = Object.keys(fields) as FieldName[];

type FieldValue<N extends FieldName> = N extends 'replySerial' ? number : string;
export type Header = { readonly [N in FieldName]?: FieldValue<N> };

export interface Message {
  /** One of {@link messageTypes}, or a type of a later specification, which is to be ignored. */
  readonly type: number;
  readonly serial: number;
  readonly header: Header;
  readonly body: readonly BusValue[];
}

const version = 1;
const fixedHeader = 16;
/** The specification allows 128 MiB; nothing that we ask for has an answer of that kind. */
export const longestMessage = 4 * 1024 * 1024;

/** The bytes of a message, little-endian. */
export function encodeMessage({ type, serial, header, body }: Message): Uint8Array {
  const content = new Writer();
  content.values(header.signature ?? '', body);
  const given = fieldNames.flatMap((name): BusValue[] => {
    const value = header[name];
    const { code, signature } = fields[name];
    return value === undefined ? [] : [[code, { signature, value }]];
  });
  const writer = new Writer();
  for (const byte of ['l'.charCodeAt(0), type, 0, version]) writer.byte(byte);
  writer.uint32(content.length);
  writer.uint32(serial);
  writer.value('a(yv)', given);
  writer.align(8);
  const message = new Uint8Array(writer.length + content.length);
  message.set(writer.take());
  message.set(content.take(), writer.length);
  return message;
}

function byteOrder(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x6c && bytes[0] !== 0x42) throw new ProtocolError('a message of no byte order');
  return bytes[0] === 0x6c;
}

/**
 * How long the message is that begins with these bytes; undefined as long as they do not say it.
 * Throws `ProtocolError` when it is too long, or none.
 */
export function messageLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < fixedHeader) return undefined;
  const reader = new Reader(bytes, byteOrder(bytes), 4);
  const body = reader.uint32();
  reader.uint32();
  const header = fixedHeader + reader.uint32();
  const length = Math.ceil(header / 8) * 8 + body;
  if (length > longestMessage) throw new ProtocolError(`a message of ${length} bytes`);
  return length;
}

/** A whole message. Throws `ProtocolError`. */
export function decodeMessage(bytes: Uint8Array): Message {
  const little = byteOrder(bytes);
  const reader = new Reader(bytes, little, 1);
  const type = reader.byte();
  reader.byte();
  if (reader.byte() !== version) throw new ProtocolError('a message of another version of D-Bus');
  const size = reader.uint32();
  const serial = reader.uint32();
  if (type === 0 || serial === 0) throw new ProtocolError('a message without a type or a number');
  const header = headerOf(
    reader.value('a(yv)') as readonly (readonly [number, { signature: string; value: BusValue }])[],
  );
  reader.align(8);
  if (reader.position + size !== bytes.length)
    throw new ProtocolError('a message of another length than it says');
  const body = reader.values(header.signature ?? '');
  if (reader.position !== bytes.length)
    throw new ProtocolError('a message is longer than its signature says');
  return { type, serial, header, body };
}

function headerOf(
  entries: readonly (readonly [code: number, { readonly signature: string; readonly value: BusValue }])[],
): Header {
  const header: Record<string, BusValue> = {};
  for (const [code, { signature, value }] of entries) {
    // Fields of later specifications are to be ignored.
    const name = fieldNames.find((each) => fields[each].code === code);
    if (name === undefined) continue;
    if (fields[name].signature !== signature)
      throw new ProtocolError(`a header field ${name} of type "${signature}"`);
    header[name] = value;
  }
  return header as Header;
}
