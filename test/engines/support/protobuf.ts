/**
 * As much of Protocol Buffers' wire format (protobuf.dev, Encoding) as a CRI client needs: varints, texts and
 * messages.
 */

/**
 * A message: fields with their numbers. A value that is a list of fields is a message of its own; a field may come
 * again.
 */
export type Fields = readonly (readonly [field: number, value: string | number | boolean | Fields])[];

const varint = 0;
const lengthDelimited = 2;

function encodeVarint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return bytes;
}

export function encode(fields: Fields): Buffer {
  const parts = fields.map(([field, value]) => {
    if (typeof value === 'number' || typeof value === 'boolean')
      return Buffer.from([...encodeVarint(BigInt((field << 3) | varint)), ...encodeVarint(BigInt(value))]);
    const bytes = typeof value === 'string' ? Buffer.from(value) : encode(value);
    const head = [
      ...encodeVarint(BigInt((field << 3) | lengthDelimited)),
      ...encodeVarint(BigInt(bytes.length)),
    ];
    return Buffer.concat([Buffer.from(head), bytes]);
  });
  return Buffer.concat(parts);
}

/** A received message, field by field. What is absent is 0, empty, or an empty message. */
export class Message {
  readonly #numbers = new Map<number, bigint>();
  readonly #bytes = new Map<number, Buffer>();

  constructor(data: Buffer) {
    let offset = 0;
    const next = (): bigint => {
      let value = 0n;
      for (let shift = 0n; ; shift += 7n) {
        const byte = data[offset++];
        if (byte === undefined) throw new Error('the message is cut off');
        value |= BigInt(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
      }
    };
    while (offset < data.length) {
      const key = Number(next());
      const [field, type] = [key >> 3, key & 7];
      if (type === varint) this.#numbers.set(field, next());
      else if (type === lengthDelimited) {
        const length = Number(next());
        this.#bytes.set(field, data.subarray(offset, offset + length));
        offset += length;
      } else throw new Error(`wire type ${type} of field ${field} is not expected`);
    }
  }

  number(field: number): number {
    return Number(BigInt.asIntN(64, this.#numbers.get(field) ?? 0n));
  }

  text(field: number): string {
    return (this.#bytes.get(field) ?? Buffer.alloc(0)).toString();
  }

  message(field: number): Message {
    return new Message(this.#bytes.get(field) ?? Buffer.alloc(0));
  }
}
