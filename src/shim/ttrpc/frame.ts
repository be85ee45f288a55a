/**
 * Frames of ttrpc: ten bytes of header (length of the data, stream, type, flags; big endian), then the data. Neither
 * side says hello, and nothing but the length finds the next frame.
 */
export const frameTypes = { request: 1, response: 2, data: 3 } as const;

/** Bytes of data in a frame; who sends more is answered that it was too much, and goes on with the next frame. */
export const maximumData = 4 << 20;

const headerSize = 10;

export interface Frame {
  /** Odd for what a client begins. */
  readonly stream: number;
  /** One of {@link frameTypes}, or one that nobody knows yet. */
  readonly type: number;
  readonly flags: number;
  readonly data: Uint8Array;
}

/** A frame that came in: of one that was too long the data is gone, and `oversized` says how long it was. */
export type Received = Frame & { readonly oversized?: number };

/** The frame's bytes. Throws `RangeError` for more data than a frame may have. */
export function encodeFrame({ stream, type, flags, data }: Frame): Uint8Array {
  if (data.length > maximumData) throw new RangeError(`${data.length} bytes are more than a frame may hold`);
  const bytes = new Uint8Array(headerSize + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  view.setUint32(4, stream);
  bytes[8] = type;
  bytes[9] = flags;
  bytes.set(data, headerSize);
  return bytes;
}

/** Frames out of a stream of bytes, wherever it is cut. Never holds more than one frame's data. */
export class FrameReader {
  readonly #header = new Uint8Array(headerSize);
  /** Bytes of the header that are there. */
  #headed = 0;
  #data = new Uint8Array(0);
  /** Bytes of the data that are there, or were thrown away. */
  #filled = 0;
  #length = 0;

  /** What became whole with these bytes. */
  push(bytes: Uint8Array): Received[] {
    const whole: Received[] = [];
    for (let at = 0; at < bytes.length; ) {
      at += this.#headed < headerSize ? this.#takeHeader(bytes, at) : this.#takeData(bytes, at);
      if (this.#headed === headerSize && this.#filled === this.#length) whole.push(this.#finish());
    }
    return whole;
  }

  #takeHeader(bytes: Uint8Array, from: number): number {
    const piece = bytes.subarray(from, from + headerSize - this.#headed);
    this.#header.set(piece, this.#headed);
    this.#headed += piece.length;
    if (this.#headed === headerSize) {
      this.#length = new DataView(this.#header.buffer).getUint32(0);
      if (this.#length <= maximumData) this.#data = new Uint8Array(this.#length);
    }
    return piece.length;
  }

  #takeData(bytes: Uint8Array, from: number): number {
    const piece = bytes.subarray(from, from + this.#length - this.#filled);
    if (this.#length <= maximumData) this.#data.set(piece, this.#filled);
    this.#filled += piece.length;
    return piece.length;
  }

  #finish(): Received {
    const view = new DataView(this.#header.buffer);
    const frame = {
      stream: view.getUint32(4),
      type: view.getUint8(8),
      flags: view.getUint8(9),
      data: this.#data,
      ...(this.#length > maximumData && { oversized: this.#length }),
    };
    this.#headed = 0;
    this.#filled = 0;
    this.#length = 0;
    this.#data = new Uint8Array(0);
    return frame;
  }
}
