import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A JSON Schema object as it stands in schemas/. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

/** Every definition of schemas/ under one roof: references are `#/$defs/<name>`, names are unique. */
export interface SchemaBundle {
  readonly definitions: ReadonlyMap<string, Schema>;
}

/** The documents that are whole files, and the definition that each becomes. */
const ROOTS: Readonly<Record<string, string>> = {
  'config.json': 'Config',
  'state.json': 'State',
  'features.json': 'Features',
  'record.json': 'ContainerRecord',
};

/** Keywords whose value is a map from free names to schemas, not a schema. */
const NAMED = new Set(['properties', '$defs']);

export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Applies `change` to every schema below `value`, innermost last. */
export function mapSchema(value: Schema, change: (schema: Schema) => Schema): Schema {
  const entries = Object.entries(change(value)).map(([keyword, inner]): [string, unknown] => {
    if (NAMED.has(keyword) && isSchema(inner)) {
      const named = Object.entries(inner).map(([name, schema]) => [
        name,
        isSchema(schema) ? mapSchema(schema, change) : schema,
      ]);
      return [keyword, Object.fromEntries(named)];
    }
    if (Array.isArray(inner)) return [keyword, inner.map((x) => (isSchema(x) ? mapSchema(x, change) : x))];
    return [keyword, isSchema(inner) ? mapSchema(inner, change) : inner];
  });
  return Object.fromEntries(entries);
}

/** The definition that a reference names; the file part only says where it stands. */
export function referenceName(reference: string): string {
  const match = /^(?:[\w-]+\.json)?#\/\$defs\/(\w+)$/.exec(reference);
  if (match?.[1] === undefined) throw new Error(`schemas: "${reference}" is not a reference to a definition`);
  return match[1];
}

function localReferences(schema: Schema): Schema {
  const { $ref: reference, ...rest } = schema;
  return typeof reference === 'string' ? { ...rest, $ref: `#/$defs/${referenceName(reference)}` } : schema;
}

/** Reads schemas/, refuses a name that is defined twice or referred to and never defined. */
export function loadSchemas(directory: string): SchemaBundle {
  const definitions = new Map<string, Schema>();
  const referred = new Set<string>();
  const add = (name: string, schema: Schema, file: string): void => {
    if (definitions.has(name)) throw new Error(`schemas/${file}: "${name}" is defined twice`);
    mapSchema(schema, (inner) => {
      if (typeof inner['$ref'] === 'string') checkFile(inner['$ref'], file);
      return inner;
    });
    const local = mapSchema(schema, localReferences);
    mapSchema(local, (inner) => {
      if (typeof inner['$ref'] === 'string') referred.add(referenceName(inner['$ref']));
      return inner;
    });
    definitions.set(name, local);
  };
  const texts = new Map<string, Schema>();
  const checkFile = (reference: string, from: string): void => {
    const file = reference.startsWith('#') ? from : reference.slice(0, reference.indexOf('#'));
    const target = texts.get(file)?.['$defs'];
    if (!isSchema(target) || !(referenceName(reference) in target)) {
      throw new Error(`schemas/${from}: nothing stands at "${reference}"`);
    }
  };
  for (const file of readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort()) {
    const parsed: unknown = JSON.parse(readFileSync(join(directory, file), 'utf8'));
    if (!isSchema(parsed)) throw new Error(`schemas/${file}: not an object`);
    texts.set(file, parsed);
  }
  for (const [file, { $schema: _dialect, $defs: own, title: _title, ...root }] of texts) {
    for (const [name, schema] of Object.entries(isSchema(own) ? own : {})) {
      if (isSchema(schema)) add(name, schema, file);
    }
    const name = ROOTS[file];
    if (name !== undefined) add(name, root, file);
  }
  for (const name of referred)
    if (!definitions.has(name)) throw new Error(`schemas: "${name}" is not defined`);
  return { definitions };
}
