/** Configs with one thing wrong, for every field of the schema. */
import { BEYOND } from './beyond-schema.ts';
import { allFields, type Field, replaced } from './fields.ts';
import { wholeConfig, withVirtualMachine } from './whole-config.ts';

export type SpoiltKind = 'type' | 'range' | 'word' | 'missing' | 'beyond';

export interface SpoiltConfig {
  readonly kind: SpoiltKind;
  readonly what: string;
  /** The refusal has to name one of these. */
  readonly pointers: readonly string[];
  readonly config: object;
}

const WRONG: readonly unknown[] = ['text', 5, 1.5, true, null, {}, []];

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'bigint' || Number.isInteger(value)) return 'integer';
  return typeof value;
}

/** Integers just outside what a schema allows. */
function outside({ schema }: Field): bigint[] {
  if (schema['type'] !== 'integer') return [];
  const exact = (bound: unknown, nearest: bigint): bigint => {
    // 64-bit bounds are not exact as JSON numbers are read.
    return typeof bound === 'number' && !Number.isSafeInteger(bound) ? nearest : BigInt(bound as number);
  };
  const { minimum, maximum } = schema;
  const signed = typeof minimum === 'number' && minimum < 0;
  return [
    ...(minimum === undefined ? [] : [exact(minimum, -(2n ** 63n)) - 1n]),
    ...(maximum === undefined ? [] : [exact(maximum, signed ? 2n ** 63n - 1n : 2n ** 64n - 1n) + 1n]),
  ];
}

/** Rules about two fields may name either of them. */
function placesOf({ pattern, pointer }: Field): string[] {
  const { 1: parent = '' } = /^(.*)\/[^/]*$/.exec(pointer) ?? [];
  if (pattern.includes('Mappings/'))
    return ['size', 'containerID', 'hostID'].map((name) => `${parent}/${name}`);
  if (/scheduler\/(deadline|period)$/.test(pattern))
    return [`${parent}/runtime`, `${parent}/deadline`, pointer];
  return [pointer];
}

/** One config for every way to spoil every field. */
export function* spoiltConfigs(): Generator<SpoiltConfig> {
  for (const field of allFields()) {
    const { pattern, pointer, path, schema, value, needed } = field;
    const document = pattern.startsWith('/vm') ? withVirtualMachine : wholeConfig;
    const make = (
      kind: SpoiltKind,
      what: string,
      replacement: unknown,
      pointers = [pointer],
    ): SpoiltConfig => ({
      kind,
      what: `${pointer} ${what}`,
      pointers,
      config: replaced(document, path, replacement) as object,
    });
    for (const wrong of WRONG) {
      // Absent, where it is a property: see nullConfigs.
      if (wrong === null && !pattern.endsWith('/*')) continue;
      // credentialSpec is any object.
      if (typeOf(wrong) !== typeOf(value)) yield make('type', `is ${JSON.stringify(wrong)}`, wrong);
    }
    for (const number of outside(field)) yield make('range', `is ${number}`, number);
    if (Array.isArray(schema['enum'])) yield make('word', 'is "bogus"', 'bogus');
    if (needed) yield make('missing', 'is missing', undefined);
    for (const bad of BEYOND[pattern] ?? []) {
      yield make(
        'beyond',
        `is ${typeof bad === 'string' ? JSON.stringify(bad) : String(bad)}`,
        bad,
        placesOf(field),
      );
    }
  }
}

/** For every property the config in which it is null, and the one without it. */
export function* nullConfigs(): Generator<{
  readonly what: string;
  readonly withNull: object;
  readonly without: object;
}> {
  for (const { pattern, pointer, path } of allFields()) {
    if (pattern.endsWith('/*')) continue;
    const document = pattern.startsWith('/vm') ? withVirtualMachine : wholeConfig;
    yield {
      what: pointer,
      withNull: replaced(document, path, null) as object,
      without: replaced(document, path, undefined) as object,
    };
  }
}
