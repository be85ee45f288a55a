/** Breaks a document in one place at a time: the corpus of the differential test. */

export type Kind = 'valid' | 'type' | 'range' | 'enum' | 'spelling' | 'missing';

export interface Sample {
  readonly kind: Kind;
  /** The broken place, array indexes as `*`. */
  readonly place: string;
  /** What was done there. */
  readonly change: string;
  readonly document: unknown;
}

type Path = readonly (string | number)[];

const WRONG: readonly unknown[] = ['text', 5, true, null, {}, [], 1.5];

/** Around every width that the schemas know; what is fine for one field is out of range for another. */
const INTEGERS: readonly (number | bigint)[] = [
  -9223372036854775808n,
  -9223372036854777856n,
  -2147483649,
  -2147483648,
  -2,
  -1,
  0,
  1,
  2,
  7,
  8,
  100,
  101,
  255,
  256,
  511,
  512,
  4095,
  4096,
  65535,
  65536,
  1048575,
  1048576,
  2147483647,
  2147483648,
  4294967295,
  4294967296,
  9223372036854775807n,
  18446744073709551615n,
  18446744073709555712n,
];

const WORDS: readonly string[] = [
  '',
  'bogus',
  'line\nbreak',
  'RLIMIT_nofile',
  '2Mb',
  '64kB',
  'disable',
  'rwx',
  'L3:0=f',
  'cap_kill',
];

/** The document itself, and every variation of it with one place changed. */
export function* samples(document: object): Generator<Sample> {
  yield { kind: 'valid', place: '', change: 'as it is', document };
  for (const [path, value] of places(document, [])) {
    const place = `/${path.map((part) => (typeof part === 'number' ? '*' : part)).join('/')}`;
    const make = (kind: Kind, change: string, replacement: unknown): Sample => ({
      kind,
      place,
      change,
      document: replaced(document, path, replacement),
    });
    for (const wrong of WRONG) {
      if (typeOf(wrong) !== typeOf(value)) yield make('type', `is ${JSON.stringify(wrong)}`, wrong);
    }
    if (typeOf(value) === 'integer')
      for (const number of INTEGERS) yield make('range', `is ${number}`, number);
    if (typeof value === 'string') {
      for (const word of [...WORDS, `${value}X`, value.toLowerCase()]) {
        if (word !== value) yield make('enum', `is ${JSON.stringify(word)}`, word);
      }
    }
    if (Array.isArray(value)) yield make('range', 'is []', []);
    const last = path.at(-1);
    if (typeof last === 'string') {
      yield { kind: 'missing', place, change: 'removed', document: renamed(document, path, undefined) };
      yield { kind: 'spelling', place, change: 'misspelt', document: renamed(document, path, `${last}x`) };
      yield {
        kind: 'spelling',
        place,
        change: 'in capitals',
        document: renamed(document, path, last.toUpperCase()),
      };
      yield { kind: 'spelling', place, change: 'an empty key', document: renamed(document, path, '') };
    }
  }
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'bigint' || Number.isInteger(value)) return 'integer';
  return typeof value;
}

function* places(value: unknown, path: Path): Generator<readonly [Path, unknown]> {
  if (path.length > 0) yield [path, value];
  if (typeof value !== 'object' || value === null) return;
  const entries: Iterable<readonly [string | number, unknown]> = Array.isArray(value)
    ? value.entries()
    : Object.entries(value);
  for (const [key, inner] of entries) yield* places(inner, [...path, key]);
}

function replaced(value: unknown, [key, ...rest]: Path, replacement: unknown): unknown {
  if (key === undefined) return replacement;
  if (Array.isArray(value)) return value.with(Number(key), replaced(value[Number(key)], rest, replacement));
  const object = value as Record<string, unknown>;
  return { ...object, [key]: replaced(object[key], rest, replacement) };
}

/** The same with the last key of the path called otherwise, or taken out. */
function renamed(value: unknown, path: Path, name: string | undefined): unknown {
  const [key, ...rest] = path;
  if (Array.isArray(value)) return value.with(Number(key), renamed(value[Number(key)], rest, name));
  const object = value as Record<string, unknown>;
  if (rest.length > 0) return { ...object, [String(key)]: renamed(object[String(key)], rest, name) };
  return Object.fromEntries(
    Object.entries(object).flatMap(([each, inner]) => {
      if (each !== key) return [[each, inner]];
      return name === undefined ? [] : [[name, inner]];
    }),
  );
}
