import { alignmentOf, endOfType, typesOf } from './signature.ts';
import type { BusValue, Variant } from './value.ts';

/** Writes values as D-Bus has them on the wire, little-endian (dbus-specification, "Marshaling"). */
export class Writer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Zeros up to a multiple. */
  align(multiple: number): void {
    this.#claim((multiple - (this.#length % multiple)) % multiple);
  }

  byte(value: number): void {
    const at = this.#claim(1);
    this.#view.setUint8(at, value);
  }

  uint32(value: number): void {
    this.align(4);
    const at = this.#claim(4);
    this.#view.setUint32(at, value, true);
  }

  /** Puts a number where there is one. */
  patch(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  values(signature: string, values: readonly BusValue[]): void {
    const types = typesOf(signature);
    if (types.length !== values.length) throw new TypeError(`${values.length} values for "${signature}"`);
    types.forEach((type, index) => {
      this.value(type, values[index] as BusValue);
    });
  }

  /** One value of a complete type. */
  value(type: string, value: BusValue): void {
    switch (type[0]) {
      case 'y':
        this.byte(value as number);
        break;
      case 'b':
        this.uint32(value === true ? 1 : 0);
        break;
      case 'i':
      case 'u':
        this.uint32(Number(value));
        break;
      case 'x':
      case 't': {
        this.align(8);
        const at = this.#claim(8);
        this.#view.setBigUint64(at, BigInt.asUintN(64, BigInt(value as bigint)), true);
        break;
      }
      case 's':
      case 'o':
        this.#text(value as string);
        break;
      case 'g':
        this.#signature(value as string);
        break;
      case 'v': {
        const variant = value as Variant;
        this.#signature(variant.signature);
        this.value(variant.signature, variant.value);
        break;
      }
      case 'a':
        this.#array(type.slice(1), value as Uint8Array | readonly BusValue[]);
        break;
      case '(':
      case '{':
        this.#structure(type, value as readonly BusValue[]);
        break;
      default:
        throw new TypeError(`values of the D-Bus type "${type}" are not written`);
    }
  }

  #text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.uint32(bytes.length);
    const at = this.#claim(bytes.length + 1);
    this.#bytes.set(bytes, at);
  }

  #signature(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.byte(bytes.length);
    const at = this.#claim(bytes.length + 1);
    this.#bytes.set(bytes, at);
  }

  #array(type: string, items: Uint8Array | readonly BusValue[]): void {
    this.uint32(0);
    const size = this.#length - 4;
    // Also where there is no item; the padding does not count.
    this.align(alignmentOf(type));
    const start = this.#length;
    if (items instanceof Uint8Array) {
      const at = this.#claim(items.length);
      this.#bytes.set(items, at);
    } else for (const item of items) this.value(type, item);
    this.patch(size, this.#length - start);
  }

  #structure(type: string, fields: readonly BusValue[]): void {
    this.align(8);
    let at = 1;
    for (const field of fields) {
      const end = endOfType(type, at);
      this.value(type.slice(at, end), field);
      at = end;
    }
    if (at !== type.length - 1) throw new TypeError(`${fields.length} fields for "${type}"`);
  }

  /** Makes room; where it is. The bytes may be others afterwards: called before they are used. */
  #claim(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}
