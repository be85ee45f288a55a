/**
 * Messages of rtnetlink(7), as bytes. Host byte order, which is little-endian on everything that tsoci is built for.
 */

export const messageType = {
  error: 2,
  done: 3,
  newLink: 16,
  getLink: 18,
  newAddress: 20,
  getAddress: 22,
} as const;

export const messageFlag = {
  request: 0x01,
  acknowledge: 0x04,
  dump: 0x300,
  create: 0x400,
  exclusive: 0x200,
} as const;

export const linkAttribute = { name: 3, namespaceDescriptor: 28, namespacePid: 19 } as const;

const headerLength = 16;

/** One attribute: its type and its value. */
export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

/** One message, its fixed part (`struct ifinfomsg`, `struct ifaddrmsg`, an errno) and its attributes apart. */
export interface NetlinkMessage {
  readonly type: number;
  readonly sequence: number;
  readonly fixed: Uint8Array;
  readonly attributes: readonly Attribute[];
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}

/** What is wanted of the kernel. */
export interface NetlinkRequest {
  readonly type: number;
  readonly flags?: number;
  readonly fixed: Uint8Array;
  readonly attributes?: readonly Attribute[];
}

/** A request with its header (`struct nlmsghdr`), fixed part and attributes. */
export function encodeRequest(
  sequence: number,
  { type, flags = 0, fixed, attributes = [] }: NetlinkRequest,
): Uint8Array {
  const body = attributes.reduce((sum, { value }) => sum + aligned(4 + value.length), 0);
  const bytes = new Uint8Array(headerLength + aligned(fixed.length) + body);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags | messageFlag.request, true);
  view.setUint32(8, sequence, true);
  bytes.set(fixed, headerLength);
  let at = headerLength + aligned(fixed.length);
  for (const { type: kind, value } of attributes) {
    view.setUint16(at, 4 + value.length, true);
    view.setUint16(at + 2, kind, true);
    bytes.set(value, at + 4);
    at += aligned(4 + value.length);
  }
  return bytes;
}

const fixedLengths: Readonly<Record<number, number>> = {
  [messageType.error]: 4,
  [messageType.done]: 4,
  [messageType.newLink]: 16,
  [messageType.newAddress]: 8,
};

/** Everything in one datagram. What is cut short is left out. */
export function decodeMessages(data: Uint8Array): NetlinkMessage[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at + headerLength <= data.length; ) {
    const length = view.getUint32(at, true);
    if (length < headerLength || at + length > data.length) break;
    const type = view.getUint16(at + 4, true);
    const start = at + headerLength;
    const fixed = Math.min(fixedLengths[type] ?? 0, length - headerLength);
    messages.push({
      type,
      sequence: view.getUint32(at + 8, true),
      fixed: data.subarray(start, start + fixed),
      // After an errno comes the request that it answers, not attributes.
      attributes:
        type === messageType.error
          ? []
          : decodeAttributes(data.subarray(start + aligned(fixed), at + length)),
    });
    at += aligned(length);
  }
  return messages;
}

function decodeAttributes(data: Uint8Array): Attribute[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const attributes: Attribute[] = [];
  for (let at = 0; at + 4 <= data.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > data.length) break;
    // The two highest bits tell how a value is nested and ordered.
    attributes.push({
      type: view.getUint16(at + 2, true) & 0x3fff,
      value: data.subarray(at + 4, at + length),
    });
    at += aligned(length);
  }
  return attributes;
}

/** `struct ifinfomsg`: which interface, and flags to change. */
export function linkHeader(index: number, flags = 0, change = 0): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setInt32(4, index, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, change, true);
  return bytes;
}

/** A NUL-terminated name as an attribute. */
export function textAttribute(type: number, text: string): Attribute {
  return { type, value: new TextEncoder().encode(`${text}\0`) };
}

/** A u32 as an attribute. */
export function numberAttribute(type: number, value: number): Attribute {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return { type, value: bytes };
}
