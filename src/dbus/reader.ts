import { ProtocolError } from './protocol-error.ts';
import { alignmentOf, endOfType, typesOf } from './signature.ts';
import type { BusValue } from './value.ts';

/** The specification's bound on an array. */
const longestArray = 64 * 1024 * 1024;
/** Variants within variants; the specification bounds all nesting by 64. */
const deepest = 64;

/**
 * Reads values off the wire. Trusts nothing: each length is compared with what is there, and padding and ends of
 * strings are looked at. Throws `ProtocolError`.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #little: boolean;
  #at: number;
  #depth = 0;

  constructor(bytes: Uint8Array, little: boolean, at = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#little = little;
    this.#at = at;
  }

  get position(): number {
    return this.#at;
  }

  align(multiple: number): void {
    while (this.#at % multiple !== 0)
      if (this.byte() !== 0) throw new ProtocolError('bytes between values are not zero');
  }

  byte(): number {
    return this.#view.getUint8(this.#claim(1));
  }

  uint32(): number {
    this.align(4);
    return this.#view.getUint32(this.#claim(4), this.#little);
  }

  values(signature: string): BusValue[] {
    return typesOf(signature).map((type) => this.value(type));
  }

  /** One value of a complete type. */
  value(type: string): BusValue {
    switch (type[0]) {
      case 'y':
        return this.byte();
      case 'b':
        return this.#boolean();
      case 'n':
      case 'q':
        this.align(2);
        return type === 'n'
          ? this.#view.getInt16(this.#claim(2), this.#little)
          : this.#view.getUint16(this.#claim(2), this.#little);
      case 'i':
        return this.uint32() | 0;
      case 'u':
      case 'h':
        return this.uint32();
      case 'x':
      case 't':
      case 'd':
        return this.#eightBytes(type);
      case 's':
      case 'o':
        return this.#text(this.uint32());
      case 'g':
        return this.signature();
      default:
        return this.#container(type);
    }
  }

  signature(): string {
    return this.#text(this.byte());
  }

  #boolean(): boolean {
    const number = this.uint32();
    if (number > 1) throw new ProtocolError(`${number} is no boolean`);
    return number === 1;
  }

  #eightBytes(type: string): bigint | number {
    this.align(8);
    const at = this.#claim(8);
    if (type === 'd') return this.#view.getFloat64(at, this.#little);
    return type === 'x'
      ? this.#view.getBigInt64(at, this.#little)
      : this.#view.getBigUint64(at, this.#little);
  }

  #container(type: string): BusValue {
    this.#depth++;
    if (this.#depth > deepest) throw new ProtocolError('values are nested too deeply');
    let value: BusValue;
    if (type[0] === 'v') {
      const signature = this.signature();
      if (signature === '' || endOfType(signature, 0) !== signature.length)
        throw new ProtocolError(`a variant of "${signature}"`);
      value = { signature, value: this.value(signature) };
    } else if (type[0] === 'a') value = this.#array(type.slice(1));
    else {
      this.align(8);
      value = this.values(type.slice(1, -1));
    }
    this.#depth--;
    return value;
  }

  #array(type: string): BusValue {
    const size = this.uint32();
    if (size > longestArray) throw new ProtocolError(`an array of ${size} bytes`);
    this.align(alignmentOf(type));
    if (type === 'y') {
      const at = this.#claim(size);
      return this.#bytes.slice(at, at + size);
    }
    const end = this.#at + size;
    if (end > this.#bytes.length) throw new ProtocolError('a message ends within a value');
    const items: BusValue[] = [];
    while (this.#at < end) items.push(this.value(type));
    if (this.#at !== end) throw new ProtocolError('an array ends within a value');
    return items;
  }

  #text(length: number): string {
    const at = this.#claim(length);
    if (this.byte() !== 0) throw new ProtocolError('a string does not end in zero');
    const bytes = this.#bytes.subarray(at, at + length);
    if (bytes.includes(0)) throw new ProtocolError('a string with a zero inside');
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new ProtocolError('a string is not UTF-8');
    }
  }

  #claim(size: number): number {
    const at = this.#at;
    if (size > this.#bytes.length - at) throw new ProtocolError('a message ends within a value');
    this.#at += size;
    return at;
  }
}
