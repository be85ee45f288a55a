import { nearest } from '../../suggest.ts';
import { type Finding, InvalidDocument, pointerPart, quote, show } from '../finding.ts';
import {
  validateConfig,
  validateFeatures,
  validateProcess,
  validateResources,
  validateState,
} from '../generated/explain.ts';
import type { Documents } from './documents.ts';
import { findUnknownProperties } from './unknown-properties.ts';

/** The part of a schema that messages are made from. */
interface Described {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly examples?: readonly unknown[];
}

/** An error of a generated validator (ajv with `verbose`). */
interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly parentSchema?: Described;
  readonly data?: unknown;
}

interface SchemaValidator {
  (value: unknown): boolean;
  errors?: readonly SchemaError[] | null;
}

const VALIDATORS: { readonly [K in keyof Documents]: SchemaValidator } = {
  Config: validateConfig as SchemaValidator,
  Process: validateProcess as SchemaValidator,
  Resources: validateResources as SchemaValidator,
  State: validateState as SchemaValidator,
  Features: validateFeatures as SchemaValidator,
};

/** True when the schema has nothing to say against a value. */
export function hasShape(kind: keyof Documents, value: unknown): boolean {
  return VALIDATORS[kind](value);
}

/**
 * Says what is wrong with a value; returns when nothing is.
 *
 * @throws InvalidDocument
 */
export function explain(kind: keyof Documents, value: unknown, name: string): void {
  const validator = VALIDATORS[kind];
  if (validator(value)) return;
  const findings = new Map<string, Finding>();
  const misspelt = findUnknownProperties(kind, value);
  for (const error of validator.errors ?? []) {
    const finding = describe(error, misspelt);
    // The first error at a place is the telling one: a wrong type comes before a wrong range.
    if (finding !== undefined && !findings.has(finding.pointer)) findings.set(finding.pointer, finding);
  }
  const guesses = misspelt.filter(
    ({ guess, parent }) => guess !== undefined && !findings.has(`${parent}/${pointerPart(guess)}`),
  );
  throw new InvalidDocument(name, [...findings.values(), ...guesses]);
}

type Unknown = ReturnType<typeof findUnknownProperties>[number];

function describe(error: SchemaError, unknown: readonly Unknown[]): Finding | undefined {
  const { keyword, instancePath, params, data, parentSchema = {} } = error;
  switch (keyword) {
    case 'required': {
      const missing = String(params['missingProperty']);
      const twin = unknown.find(({ parent, guess }) => parent === instancePath && guess === missing);
      return finding(
        `${instancePath}/${pointerPart(missing)}`,
        twin === undefined ? 'is missing' : `is missing; is it what ${quote(twin.key)} was meant to be?`,
      );
    }
    case 'propertyNames':
      return finding(
        `${instancePath}/${pointerPart(String(params['propertyName']))}`,
        'a key must not be empty',
      );
    // Said by `propertyNames` and by the alternatives below.
    case 'minLength':
      return data === '' && instancePath !== '' && !error.schemaPath.includes('propertyNames')
        ? finding(instancePath, 'must not be empty')
        : undefined;
    case 'anyOf':
      return undefined;
    case 'type':
      if (parentSchema.type === 'null') return undefined;
      break;
    case 'minItems':
      return finding(
        instancePath,
        `is empty, must have at least ${plural(parentSchema.minItems ?? 1, 'element')}`,
      );
  }
  const must = `is ${describeValue(data, parentSchema)}, must be ${expected(keyword, parentSchema)}`;
  return finding(instancePath, `${must}${advice(keyword, data, parentSchema)}`);
}

function finding(pointer: string, message: string): Finding {
  return { rule: 'schema', pointer, message };
}

/** The value, with its type where text looks like the right thing. */
function describeValue(data: unknown, schema: Described): string {
  return typeof data === 'string' && schema.type !== 'string' ? `the string ${show(data)}` : show(data);
}

function plural(count: number, noun: string): string {
  return count === 1 ? `one ${noun}` : `${count} ${noun}s`;
}

const BOUNDS_64: Readonly<Record<string, string>> = {
  int64: 'an integer from -9223372036854775808 to 9223372036854775807',
  uint64: 'an integer from 0 to 18446744073709551615',
};

/** What may be there, in words. */
function expected(keyword: string, schema: Described): string {
  const wide = BOUNDS_64[keyword];
  if (wide !== undefined) return wide;
  if (schema.enum !== undefined) {
    const names = schema.enum.map((value) => JSON.stringify(value));
    return names.length === 1 ? `${names[0]}` : `one of ${names.join(', ')}`;
  }
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  return types.map((type) => typeText(type, schema)).join(' or ');
}

function typeText(type: string, { minimum, maximum, examples }: Described): string {
  switch (type) {
    case 'integer':
      if (maximum !== undefined) return `an integer from ${minimum ?? 0} to ${maximum}`;
      return minimum === undefined ? 'an integer' : `an integer of at least ${minimum}`;
    case 'string':
      return examples === undefined ? 'a string' : `a string such as ${JSON.stringify(examples[0])}`;
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    default:
      return `an ${type}`;
  }
}

function advice(keyword: string, data: unknown, schema: Described): string {
  if (data === null) return '; take it out where nothing is meant';
  if (typeof data === 'string' && schema.enum !== undefined) {
    const guess = nearest(data, schema.enum.map(String));
    return guess === undefined ? '' : `; did you mean ${quote(guess)}?`;
  }
  const integer = keyword in BOUNDS_64 || schema.type === 'integer';
  if (integer && typeof data === 'string' && /^-?\d+$/.test(data)) return '; remove the quotes';
  if (keyword in BOUNDS_64 && typeof data === 'number' && Math.abs(data) > Number.MAX_SAFE_INTEGER) {
    return '; write it as plain digits, without an exponent';
  }
  if (schema.type === 'boolean' && /^(true|false)$/i.test(String(data))) return '; remove the quotes';
  if (schema.type === 'array' && typeof data === 'string') return `; put it in brackets: [${quote(data)}]`;
  return '';
}
