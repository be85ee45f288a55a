import { Failure } from '../../failure.ts';
import { parseStrictly } from './parse-json-strictly.ts';

/**
 * Longest document that is read, in bytes. Real ones are below 1 MiB; execve(2) itself stops at about 6 MiB of
 * environment.
 */
export const MAXIMUM_BYTES = 16 * 1024 * 1024;

/** How deep objects and arrays may be nested. The specification's own documents need eight levels. */
export const MAXIMUM_DEPTH = 64;

/**
 * Longer texts go to the strict parser at once: it stops at the depth limit, JSON.parse would first build everything.
 */
const QUICK_LENGTH = 1024 * 1024;

/**
 * Parses a JSON document as strictly as a runtime's input deserves:
 *
 * - errors name line, column and the text that stands there;
 * - a key that appears twice in an object is refused with both places (parsers disagree on which one counts);
 * - integers beyond 2^53 arrive exactly, as `bigint`; all others are numbers (see `Integer64` in the generated
 * types);
 * - `__proto__` is dropped as an unknown property, so that no copy of the result can ever change a prototype;
 * - bytes that are not UTF-8, a byte order mark, unpaired surrogates and NUL characters are refused: Linux cannot be
 * given
 *   such a string;
 * - nesting beyond `MAXIMUM_DEPTH` and documents beyond `MAXIMUM_BYTES` are refused.
 *
 * The platform's JSON.parse does the work; a pass over its result proves that the strict parser (some ten times
 * slower) would say the same, and anything unusual is handed to that one.
 *
 * @param input - The document, as read.
 * @param name - What a person calls it (`config.json`), for messages.
 * @throws Failure `invalid`.
 */
export function parseJson(input: string | Uint8Array, name: string): unknown {
  const text = typeof input === 'string' ? input : decode(input, name);
  if (text.length > MAXIMUM_BYTES) throw tooLong(name);
  // Bytes decode to whole characters; a string of the caller's own may hold half of one.
  const whole = typeof input !== 'string' || !/\p{Surrogate}/u.test(input);
  if (whole && text.length <= QUICK_LENGTH && !hasRareText(text)) {
    try {
      const colons = countColons(text);
      const inexact = new Set<number>();
      const value: unknown = JSON.parse(text);
      if (countKeys(value, 0, inexact) === colons && inexact.size === 0) return value;
      const exact = parseBigIntegers(text, inexact);
      inexact.clear();
      if (countKeys(exact, 0, inexact) === colons && inexact.size === 0) return exact;
    } catch {
      // The strict parser finds the same error again and says where it is.
    }
  }
  return parseStrictly(text, name, MAXIMUM_DEPTH);
}

/** Integers that JSON.parse may round have as many digits. */
const longNumber = /\d{16}/;

/**
 * The same of a document that `parseJson` has taken before, from where nobody can have changed it since: it has not
 * to be proven again.
 *
 * @throws Failure `invalid` as that, should it be another after all and no JSON.
 */
export function parseAgain(input: Uint8Array, name: string): unknown {
  if (input.length > QUICK_LENGTH) return parseJson(input, name);
  const text = decode(input, name);
  // Of what that takes JSON.parse makes something else only here.
  if (text.includes('__proto__') || text.includes('\\u') || longNumber.test(text))
    return parseJson(text, name);
  try {
    return JSON.parse(text);
  } catch {
    return parseJson(text, name);
  }
}

/** The refusal of a document that is longer than `MAXIMUM_BYTES`. */
export function tooLong(name: string): Failure {
  return new Failure('invalid', `${name} is longer than ${MAXIMUM_BYTES / 1024 / 1024} MiB`, {
    hint: 'A config.json has some kilobytes; check that the path is right and what wrote it.',
  });
}

function decode(bytes: Uint8Array, name: string): string {
  if (bytes.length > MAXIMUM_BYTES) throw tooLong(name);
  const first = bytes[0];
  const second = bytes[1];
  if (first === 0xef && second === 0xbb && bytes[2] === 0xbf) {
    throw new Failure(
      'invalid',
      `${name} starts with a byte order mark (EF BB BF), which JSON does not allow`,
      {
        hint: `Save it as UTF-8 without BOM, or remove the first three bytes: sed -i '1s/^\\xEF\\xBB\\xBF//' ${name}`,
      },
    );
  }
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new Failure('invalid', `${name} is UTF-16, JSON has to be UTF-8`, {
      hint: 'Convert it with iconv -f UTF-16 -t UTF-8.',
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const place = invalidByte(bytes);
    throw new Failure(
      'invalid',
      `${name}, line ${place.line}, byte ${place.column}: not UTF-8 (byte ${place.hex})`,
      {
        hint: 'JSON has to be UTF-8; convert the file with iconv -t UTF-8.',
        cause,
      },
    );
  }
}

/** Where the first character that is none starts: the longest prefix that decodes is found by halving. */
function invalidByte(bytes: Uint8Array): {
  readonly line: number;
  readonly column: number;
  readonly hex: string;
} {
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (middle <= bytes.length && decodes(bytes, middle, true)) good = middle;
    else bad = middle;
  }
  // The prefix may end in the beginning of a character, which is where the trouble starts.
  while (!decodes(bytes, good, false)) good -= 1;
  const lineStart = bytes.subarray(0, good).lastIndexOf(10) + 1;
  let line = 1;
  for (let i = 0; i < lineStart; i++) if (bytes[i] === 10) line += 1;
  const hex = `0x${(bytes[good] ?? 0).toString(16).padStart(2, '0')}`;
  return { line, column: good - lineStart + 1, hex };
}

/** Whether the first `length` bytes are UTF-8; `stream` lets the last character be incomplete. */
function decodes(bytes: Uint8Array, length: number, stream: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), { stream });
    return true;
  } catch {
    return false;
  }
}

/** Things that the quick way cannot judge: space before a colon (see `countColons`), NUL and surrogate escapes. */
function hasRareText(text: string): boolean {
  return (
    text.includes(' :') ||
    text.includes('\n:') ||
    text.includes('\r:') ||
    text.includes('\t:') ||
    // Nearly no document has an escape by number: one look instead of three, each 10 µs for 2.6 KB.
    (text.includes('\\u') && (text.includes('\\u0000') || text.includes('\\ud') || text.includes('\\uD')))
  );
}

/**
 * How many places look like the end of a key. Each key has one of its own, as no space stands before a colon; a
 * string such as `"::1"` adds one without a key. So the number is never below that of the keys in the text.
 */
function countColons(text: string): number {
  return text.split('":').length - 1;
}

/** Decimal digits that a double keeps of any integer. */
const KEPT_DIGITS = 15;
const MARK = '\0';

/**
 * JSON.parse with exact big integers (RLIM_INFINITY is common, so this has to be quick): they pass through it as
 * strings with a mark that no other string can have, as NUL escapes never come here. Were a place part of a string,
 * the backslash of the mark would stand outside of one, and JSON.parse would refuse the text.
 */
function parseBigIntegers(text: string, inexact: ReadonlySet<number>): unknown {
  let marked = text;
  const starts = new Set([...inexact].map((number) => leadingDigits(number)));
  for (const start of starts) marked = markIntegers(marked, start);
  return restoreIntegers(JSON.parse(marked));
}

function leadingDigits(number: number): string {
  return BigInt(Math.abs(number)).toString().slice(0, KEPT_DIGITS);
}

/** Puts every integer that starts with these digits, and stands as a value does, into a marked string. */
function markIntegers(text: string, start: string): string {
  let marked = '';
  let done = 0;
  for (let at = text.indexOf(start); at !== -1; at = text.indexOf(start, at + 1)) {
    const from = text[at - 1] === '-' ? at - 1 : at;
    let to = at + start.length;
    while (isDigit(text[to])) to += 1;
    if (!/[:[,]\s*$/.test(text.slice(Math.max(0, from - SPACE), from))) continue;
    if (!/^\s*[,\]}]/.test(text.slice(to, to + SPACE))) continue;
    marked += `${text.slice(done, from)}"\\u0000${text.slice(from, to)}"`;
    done = to;
  }
  return marked + text.slice(done);
}

/** As far as space is looked over on either side of a number; beyond, the strict parser takes the document. */
const SPACE = 64;

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

/** Changes the marked strings of a parsed value, in place, to the integers that they stand for. */
function restoreIntegers(value: unknown): unknown {
  if (typeof value === 'string') {
    if (value[0] !== MARK) return value;
    const digits = value.slice(MARK.length);
    return Number.isSafeInteger(Number(digits)) ? Number(digits) : BigInt(digits);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const inner: unknown = value[i];
      if (typeof inner !== 'number' && (typeof inner !== 'string' || inner[0] === MARK))
        value[i] = restoreIntegers(inner);
    }
    return value;
  }
  const object = value as Record<string, unknown>;
  for (const key in object) {
    const inner = object[key];
    if (typeof inner !== 'number' && (typeof inner !== 'string' || inner[0] === MARK))
      object[key] = restoreIntegers(inner);
  }
  return object;
}

const NEVER = Number.NEGATIVE_INFINITY;

/**
 * How many keys the parsed value has. It is below that of the text exactly when a key was given twice. Minus infinity
 * when only the strict parser will do: a `__proto__`, too deep a nesting.
 *
 * @param inexact - Takes the integers that may have lost digits.
 */
function countKeys(value: unknown, depth: number, inexact: Set<number>): number {
  if (typeof value === 'number') {
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) inexact.add(value);
    return 0;
  }
  if (typeof value !== 'object' || value === null) return 0;
  if (depth >= MAXIMUM_DEPTH) return NEVER;
  let keys = 0;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const inner: unknown = value[i];
      if (typeof inner !== 'string') keys += countKeys(inner, depth + 1, inexact);
    }
    return keys;
  }
  for (const key in value) {
    if (key === '__proto__') return NEVER;
    keys += 1;
    const inner = (value as Record<string, unknown>)[key];
    if (typeof inner !== 'string') keys += countKeys(inner, depth + 1, inexact);
  }
  return keys;
}
