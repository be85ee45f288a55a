import { Failure } from '../../failure.ts';

/** Digits of the longest integer that is kept exactly; none of the specification's needs more than 20. */
const EXACT_DIGITS = 40;

/** Characters of the offending line that are shown on either side of the place. */
const SHOWN = 30;

/**
 * The slow and strict half of `parseJson`, which says what it promises. A recursive-descent parser over the text,
 * bounded by `maximumDepth`.
 *
 * @throws Failure `invalid` with line, column and the text that stands there.
 */
export function parseStrictly(text: string, name: string, maximumDepth: number): unknown {
  return new Parser(text, name, maximumDepth).document();
}

class Parser {
  readonly #text: string;
  readonly #name: string;
  readonly #maximumDepth: number;
  #at = 0;
  #depth = 0;

  constructor(text: string, name: string, maximumDepth: number) {
    this.#text = text;
    this.#name = name;
    this.#maximumDepth = maximumDepth;
  }

  document(): unknown {
    if (this.#text.startsWith('\ufeff'))
      this.#refuse('a byte order mark stands here', 'Save the file without one.');
    this.#space();
    if (this.#at === this.#text.length) throw new Failure('invalid', `${this.#name} is empty`);
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#refuse('expected the end of the document');
    return value;
  }

  #value(): unknown {
    switch (this.#text[this.#at]) {
      case '{':
        return this.#nested(() => this.#object());
      case '[':
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      default:
        return this.#numberOrWord();
    }
  }

  #nested<T>(read: () => T): T {
    if (this.#depth === this.#maximumDepth) this.#refuse(`nested deeper than ${this.#maximumDepth} levels`);
    this.#depth += 1;
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #object(): Record<string, unknown> {
    const open = this.#at++;
    const object: Record<string, unknown> = {};
    const places = new Map<string, number>();
    for (;;) {
      this.#space();
      if (this.#text[this.#at] === '}' && places.size === 0) break;
      const place = this.#at;
      if (this.#text[place] !== '"') this.#refuse('expected a key in double quotes', this.#advice(open));
      const key = this.#string();
      const earlier = places.get(key);
      if (earlier !== undefined) this.#refuseTwice(key, earlier, place);
      places.set(key, place);
      this.#space();
      if (this.#text[this.#at] !== ':') this.#refuse(`expected ":" after the key ${JSON.stringify(key)}`);
      this.#at += 1;
      this.#space();
      const value = this.#value();
      if (key !== '__proto__') object[key] = value;
      this.#space();
      if (this.#text[this.#at] === '}') break;
      if (this.#text[this.#at] !== ',') this.#refuse('expected "," or "}"', this.#advice(open));
      this.#at += 1;
    }
    this.#at += 1;
    return object;
  }

  #array(): unknown[] {
    const open = this.#at++;
    const array: unknown[] = [];
    for (;;) {
      this.#space();
      if (this.#text[this.#at] === ']' && array.length === 0) break;
      if (this.#text[this.#at] === ']') this.#refuse('expected a value', this.#advice(open));
      array.push(this.#value());
      this.#space();
      if (this.#text[this.#at] === ']') break;
      if (this.#text[this.#at] !== ',') this.#refuse('expected "," or "]"', this.#advice(open));
      this.#at += 1;
    }
    this.#at += 1;
    return array;
  }

  #string(): string {
    const start = this.#at++;
    for (;;) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to be found
      const rest = /["\\\u0000-\u001f]/g;
      rest.lastIndex = this.#at;
      const stop = rest.exec(this.#text);
      if (stop === null) this.#refuse('a string that never ends starts here', '', start);
      this.#at = stop.index;
      if (stop[0] === '"') break;
      if (stop[0] !== '\\') this.#refuseControl(stop[0]);
      const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
      escaped.lastIndex = this.#at;
      if (!escaped.test(this.#text))
        this.#refuse('not an escape that JSON knows', 'A backslash itself is written \\\\.');
      this.#at = escaped.lastIndex;
    }
    this.#at += 1;
    const value = JSON.parse(this.#text.slice(start, this.#at)) as string;
    if (value.includes('\0'))
      this.#refuse('a NUL character (\\u0000) can be part of no string on Linux', '', start);
    if (/\p{Surrogate}/u.test(value))
      this.#refuse('half a surrogate pair (\\ud800 to \\udfff) is no character', '', start);
    return value;
  }

  #refuseControl(character: string): never {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    const line = character === '\n' || character === '\r';
    this.#refuse(
      line ? 'a string cannot go on over the end of a line' : `a control character stands in a string`,
      line ? 'Close the string, or write \\n for a line break.' : `Write it as \\u${code}.`,
    );
  }

  #numberOrWord(): unknown {
    const word = /[^\s,:[\]{}"]+/y;
    word.lastIndex = this.#at;
    const found = word.exec(this.#text)?.[0] ?? '';
    switch (found) {
      case 'true':
      case 'false':
        this.#at += found.length;
        return found === 'true';
      case 'null':
        this.#at += found.length;
        return null;
    }
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(found))
      this.#refuse('expected a value', adviceOnWord(found));
    this.#at += found.length;
    const number = Number(found);
    const asNumber = Number.isSafeInteger(number) || found.length > EXACT_DIGITS || !/^-?\d+$/.test(found);
    return asNumber ? number : BigInt(found);
  }

  #space(): void {
    const space = /[ \t\n\r]*/y;
    space.lastIndex = this.#at;
    space.test(this.#text);
    this.#at = space.lastIndex;
  }

  /** What probably went wrong where a list of members stops making sense. */
  #advice(open: number): string {
    const next = this.#text[this.#at];
    if (next === undefined) {
      const { line, column } = this.#place(open);
      return `The "${this.#text[open]}" of line ${line}, column ${column} is never closed.`;
    }
    if (next === '/' || next === '#') return 'JSON has no comments.';
    if (next === "'") return 'JSON strings take double quotes.';
    const before = this.#text.slice(0, this.#at).trimEnd();
    if ((next === '}' || next === ']') && before.endsWith(',')) return 'Remove the comma before it.';
    if (next === '"' || next === '{' || next === '[') return 'Is a comma missing before it?';
    return '';
  }

  #refuseTwice(key: string, earlier: number, again: number): never {
    const first = this.#place(earlier);
    this.#refuse(
      `the key ${JSON.stringify(key)} is given twice, first in line ${first.line}, column ${first.column}`,
      'Remove one of the two.',
      again,
    );
  }

  #place(index: number): { readonly line: number; readonly column: number; readonly lineStart: number } {
    const before = this.#text.slice(0, index);
    const lineStart = before.lastIndexOf('\n') + 1;
    return { line: before.split('\n').length, column: index - lineStart + 1, lineStart };
  }

  #refuse(problem: string, hint = '', index = this.#at): never {
    const { line, column, lineStart } = this.#place(index);
    const lineEnd = this.#text.indexOf('\n', index);
    const from = Math.max(lineStart, index - SHOWN);
    const to = Math.min(lineEnd === -1 ? this.#text.length : lineEnd, index + SHOWN);
    const found = this.#text.slice(index, to).trim();
    const shown =
      found === '' ? endText(lineEnd === -1, this.#text.slice(from, index)) : `found ${printable(found)}`;
    const message = `${this.#name}, line ${line}, column ${column}: ${problem}: ${shown}`;
    throw new Failure('invalid', message, { hint: hint || undefined });
  }
}

function endText(atEnd: boolean, before: string): string {
  const place = atEnd ? 'the document ends' : 'the line ends';
  return before.trim() === '' ? place : `${place} after ${printable(before.trim())}`;
}

/** Text of the document for a message: in backquotes, control characters as escapes. */
function printable(text: string): string {
  return `\`${text.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}\``;
}

function adviceOnWord(word: string): string {
  if (word.startsWith('//') || word.startsWith('/*') || word.startsWith('#')) return 'JSON has no comments.';
  if (word.startsWith("'")) return 'JSON strings take double quotes.';
  if (/^(?:true|false|null|none)$/i.test(word)) {
    return `JSON writes it ${word.toLowerCase() === 'none' ? 'null' : word.toLowerCase()}.`;
  }
  if (/^[+-]?0\d/.test(word)) {
    const octal = /^0[0-7]+$/.test(word)
      ? ` If ${word} is meant as octal, write ${Number.parseInt(word, 8)}.`
      : '';
    return `Numbers have no leading zeros.${octal}`;
  }
  if (/^0x[0-9a-f]+$/i.test(word)) return `Numbers are decimal: write ${BigInt(word)}.`;
  if (/^[+.]/.test(word)) return 'A number starts with a digit or a minus sign.';
  if (/^[A-Za-z_]/.test(word)) return 'Text goes in double quotes.';
  return '';
}
