import type { BusValue, Variant } from './value.ts';

/** Words before a value that say its type (GVariant Text Format, "Type Annotations"). */
const keywords: Readonly<Record<string, string>> = {
  boolean: 'b',
  byte: 'y',
  int16: 'n',
  uint16: 'q',
  int32: 'i',
  uint32: 'u',
  int64: 'x',
  uint64: 't',
  double: 'd',
  string: 's',
  objectpath: 'o',
  signature: 'g',
};

/** Smallest and largest of the types that are whole numbers. */
const ranges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  y: [0n, 0xffn],
  n: [-0x8000n, 0x7fffn],
  q: [0n, 0xffffn],
  i: [-(2n ** 31n), 2n ** 31n - 1n],
  u: [0n, 2n ** 32n - 1n],
  x: [-(2n ** 63n), 2n ** 63n - 1n],
  t: [0n, 2n ** 64n - 1n],
};

const texts = ['s', 'o', 'g'];
const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
};
const mostDeep = 16;

/** What is no GVariant text that D-Bus could carry; `message` says where. */
export class VariantTextError extends Error {}

/**
 * Reads a value as GVariant text: `'text'`, `true`, `uint64 5`, `0x10`, `1.5`, `['a', 'b']`, `@as []`, `('a', 1)`,
 * `<'variant'>`. A whole number is an int32 unless its type is said. Dictionaries and maybe types are left out: no
 * property of systemd needs the one, and D-Bus has not the other.
 *
 * Throws `VariantTextError`.
 */
export function parseVariantText(text: string): Variant {
  const reader = new Reader(text);
  const variant = reader.value(undefined, 0);
  reader.end();
  return variant;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  end(): void {
    this.#skip();
    if (this.#at < this.#text.length) throw this.#error('nothing more was expected');
  }

  /** One value, of the type where one is said. */
  value(type: string | undefined, depth: number): Variant {
    if (depth > mostDeep) throw this.#error('is nested too deeply');
    const next = this.#peek();
    if (next === '@') return this.value(this.#annotation(type), depth);
    if (next === "'" || next === '"') return this.#string(type);
    if (next === '[') return this.#array(type, depth);
    if (next === '(') return this.#tuple(type, depth);
    if (next === '<') return this.#variant(type, depth);
    const word = this.#take(/[A-Za-z0-9_.+-]+/y, 'a value was expected');
    const said = keywords[word];
    if (said !== undefined && !/^[\d.+-]/.test(this.#text.charAt(this.#at)))
      return this.value(this.#same(type, said), depth);
    return this.#word(word, type);
  }

  #word(word: string, type: string | undefined): Variant {
    if (word === 'true' || word === 'false')
      return { signature: this.#same(type, 'b'), value: word === 'true' };
    const whole = /^[+-]?(?:0x[0-9a-f]+|\d+)$/i.test(word);
    if (type === 'd' || (type === undefined && !whole)) {
      const value = Number(word);
      if (!/\d/.test(word) || Number.isNaN(value)) throw this.#error(`"${word}" is no value`);
      return { signature: 'd', value };
    }
    const signature = type ?? 'i';
    const range = ranges[signature];
    if (range === undefined || !whole) throw this.#error(`"${word}" is no value of type ${signature}`);
    const negative = word.startsWith('-');
    const size = BigInt(word.replace(/^[+-]/, ''));
    const value = negative ? -size : size;
    if (value < range[0] || value > range[1])
      throw this.#error(`${word} does not fit into type ${signature}`);
    return { signature, value: signature === 'x' || signature === 't' ? value : Number(value) };
  }

  #string(type: string | undefined): Variant {
    const signature = type ?? 's';
    if (!texts.includes(signature)) throw this.#error(`a text is no value of type ${signature}`);
    const quote = this.#text.charAt(this.#at++);
    let value = '';
    for (;;) {
      const letter = this.#text.charAt(this.#at++);
      if (letter === '') throw this.#error('the text does not end');
      if (letter === quote) return { signature, value };
      if (letter !== '\\') value += letter;
      else {
        const escaped = this.#text.charAt(this.#at++);
        value += escapes[escaped] ?? escaped;
      }
    }
  }

  #array(type: string | undefined, depth: number): Variant {
    if (type !== undefined && !type.startsWith('a'))
      throw this.#error(`an array is no value of type ${type}`);
    let element = type?.slice(1);
    const values: BusValue[] = [];
    for (const each of this.#list('[', ']', () => this.value(element, depth + 1))) {
      element ??= each.signature;
      if (each.signature !== element) throw this.#error('all elements of an array have one type');
      values.push(each.value);
    }
    if (element === undefined) throw this.#error('an empty array needs its type before it, such as @as []');
    return {
      signature: `a${element}`,
      value: element === 'y' ? Uint8Array.from(values as number[]) : values,
    };
  }

  #tuple(type: string | undefined, depth: number): Variant {
    if (type !== undefined) throw this.#error('the type of a tuple is said inside of it');
    const parts = [...this.#list('(', ')', () => this.value(undefined, depth + 1))];
    if (parts.length === 0) throw this.#error('an empty tuple is nothing that D-Bus knows');
    const signature = `(${parts.map((part) => part.signature).join('')})`;
    return { signature, value: parts.map((part) => part.value) };
  }

  #variant(type: string | undefined, depth: number): Variant {
    const signature = this.#same(type, 'v');
    this.#at++;
    const value = this.value(undefined, depth + 1);
    this.#take(/>/y, 'a ">" was expected');
    return { signature, value };
  }

  *#list(open: string, close: string, read: () => Variant): Generator<Variant> {
    if (this.#peek() === open) this.#at++;
    while (this.#peek() !== close) {
      yield read();
      if (this.#peek() === ',') this.#at++;
      else if (this.#peek() !== close) throw this.#error(`a "," or "${close}" was expected`);
    }
    this.#at++;
  }

  #annotation(type: string | undefined): string {
    this.#at++;
    return this.#same(type, this.#take(/a*[ybnqiuxtdsogv]/y, 'a type such as @as was expected'));
  }

  /** What is said twice has to be the same. */
  #same(type: string | undefined, said: string): string {
    if (type !== undefined && type !== said)
      throw this.#error(`is of type ${said} where ${type} is expected`);
    return said;
  }

  #peek(): string {
    this.#skip();
    return this.#text.charAt(this.#at);
  }

  #skip(): void {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at++;
  }

  #take(pattern: RegExp, otherwise: string): string {
    this.#skip();
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) throw this.#error(otherwise);
    this.#at += found.length;
    return found;
  }

  #error(what: string): VariantTextError {
    return new VariantTextError(`${what} (at character ${this.#at + 1})`);
  }
}
