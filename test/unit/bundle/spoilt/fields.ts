/** Walks schemas/ and a document together: every property that a config may have, and what stands there. */
import { resolve } from 'node:path';
import { isSchema, loadSchemas, referenceName, type Schema } from '../../../../scripts/schemas/load.ts';
import { pointerPart } from '../../../../src/spec/pointer.ts';
import { withVirtualMachine } from './whole-config.ts';

export type Path = readonly (string | number)[];

/** One property, or one element of an array or map. */
export interface Field {
  /** Pointer with `*` for indexes and the keys of maps. */
  readonly pattern: string;
  readonly path: Path;
  readonly pointer: string;
  /** Its schema, references resolved. */
  readonly schema: Schema;
  readonly value: unknown;
  /** The object that it is a property of cannot be without it. */
  readonly needed: boolean;
}

const { definitions } = loadSchemas(resolve(import.meta.dirname, '../../../../schemas'));

function resolved(schema: Schema): Schema {
  const { $ref: reference } = schema;
  if (typeof reference !== 'string') return schema;
  const target = definitions.get(referenceName(reference));
  if (target === undefined) throw new Error(`no definition for ${reference}`);
  return resolved(target);
}

/** Every field of the schema of a config, with its value in the whole config; throws for one that is not in it. */
export function allFields(): Field[] {
  const fields: Field[] = [];
  walk(resolved({ $ref: '#/$defs/Config' }), withVirtualMachine, [], '', fields);
  return fields;
}

function walk(schema: Schema, value: unknown, path: Path, pattern: string, fields: Field[]): void {
  const visit = (inner: unknown, key: string | number, name: string, needed = false): void => {
    const under = [...path, key];
    const place = `${pattern}/${name}`;
    const content = resolved(inner as Schema);
    const found = (value as Record<string | number, unknown> | undefined)?.[key];
    if (found === undefined) throw new Error(`the whole config lacks ${place}`);
    const pointer = under.map((part) => `/${pointerPart(String(part))}`).join('');
    fields.push({ pattern: place, path: under, pointer, schema: content, value: found, needed });
    walk(content, found, under, place, fields);
  };
  const { properties, additionalProperties: others, items, required } = schema;
  const all = Array.isArray(required) ? required : [];
  for (const [name, inner] of Object.entries(isSchema(properties) ? properties : {})) {
    // Another spelling of a property that is there.
    if (pattern === '/vm' && name === 'hwconfig') continue;
    visit(inner, name, name, all.includes(name));
  }
  if (isSchema(others)) for (const key of Object.keys(value as object)) visit(others, key, '*');
  // No flag is defined, so there is none to stand here.
  if (isSchema(items) && pattern !== '/linux/personality/flags') visit(items, 0, '*');
}

/** The document with another value at a path; `undefined` takes the property out. */
export function replaced(document: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(document))
    return document.with(Number(key), replaced(document[Number(key)], rest, value));
  const { [key]: before, ...others } = document as Record<string | number, unknown>;
  const inner = replaced(before, rest, value);
  if (inner === undefined) return others;
  // In its old place: messages come in the order of the document.
  return Object.fromEntries(
    Object.entries(document as object).map(([name, old]) => [name, name === String(key) ? inner : old]),
  );
}
