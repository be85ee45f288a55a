import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Ajv from 'ajv';
import { pointerParts } from '../../../src/spec/pointer.ts';

/** The published schemas, beside the repository on the project's own machines only. */
const DIRECTORY = resolve(import.meta.dirname, '../../../../shared/oci-spec');

export type Verdict = (document: unknown) => boolean;

export interface Reference {
  readonly Config: Verdict;
  readonly State: Verdict;
  readonly Features: Verdict;
  /** Pointers of all properties of a config, with `*` for indexes and the keys of maps. */
  readonly properties: readonly string[];
  /** Example documents by their name, such as `config/good/minimal.json`, as text. */
  readonly examples: ReadonlyMap<string, string>;
}

/**
 * The published schemas as validators; undefined where they are not at hand. They are draft-04, of which they use
 * nothing that later drafts read otherwise: without its `$schema` line ajv takes them as they are.
 */
export function loadReference(): Reference | undefined {
  if (!existsSync(DIRECTORY)) return undefined;
  const ajv = new Ajv.default({ strict: false, validateFormats: false });
  for (const file of readdirSync(DIRECTORY).filter((name) => name.endsWith('.json'))) {
    const { $schema: _dialect, ...schema } = JSON.parse(
      readFileSync(join(DIRECTORY, file), 'utf8'),
    ) as object & {
      readonly $schema?: string;
    };
    ajv.addSchema(schema, file);
  }
  const verdict = (file: string): Verdict => {
    const validate = ajv.getSchema(file);
    if (validate === undefined) throw new Error(`the reference lacks ${file}`);
    return (document) => validate(document) === true;
  };
  return {
    properties: propertiesOf('config-schema.json', '', ''),
    Config: verdict('config-schema.json'),
    State: verdict('state-schema.json'),
    Features: verdict('features-schema.json'),
    examples: readExamples(join(DIRECTORY, 'examples'), ''),
  };
}

function readExamples(directory: string, prefix: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const name = `${prefix}${entry.name}`;
    const path = join(directory, entry.name);
    if (entry.isFile()) found.set(name, readFileSync(path, 'utf8'));
    else for (const [inner, text] of readExamples(path, `${name}/`)) found.set(inner, text);
  }
  return found;
}

interface PublishedSchema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, PublishedSchema>>;
  readonly patternProperties?: Readonly<Record<string, PublishedSchema>>;
  readonly additionalProperties?: PublishedSchema | boolean;
  readonly items?: PublishedSchema | readonly PublishedSchema[];
  readonly anyOf?: readonly PublishedSchema[];
  readonly oneOf?: readonly PublishedSchema[];
  readonly allOf?: readonly PublishedSchema[];
}

const read = new Map<string, unknown>();

/** What stands at a JSON pointer of one of the published files. */
function published(file: string, pointer: string): PublishedSchema {
  if (!read.has(file)) read.set(file, JSON.parse(readFileSync(join(DIRECTORY, file), 'utf8')));
  let value = read.get(file);
  for (const part of pointerParts(pointer)) value = (value as Record<string, unknown>)[part];
  if (value === undefined) throw new Error(`nothing stands at ${file}#${pointer}`);
  return value as PublishedSchema;
}

function propertiesOf(file: string, pointer: string, pattern: string): string[] {
  return visit(file, published(file, pointer), pattern);
}

function visit(file: string, schema: PublishedSchema, pattern: string): string[] {
  const { $ref: reference } = schema;
  if (reference !== undefined) {
    const [other = '', pointer = ''] = reference.split('#');
    return propertiesOf(other === '' ? file : other, pointer, pattern);
  }
  const named = Object.entries(schema.properties ?? {});
  const { additionalProperties: others, items } = schema;
  const maps = [
    ...Object.values(schema.patternProperties ?? {}),
    ...(typeof others === 'object' ? [others] : []),
    ...(items === undefined ? [] : 'length' in items ? items : [items as PublishedSchema]),
  ];
  return [
    ...named.flatMap(([name, inner]) => [`${pattern}/${name}`, ...visit(file, inner, `${pattern}/${name}`)]),
    ...maps.flatMap((inner) => visit(file, inner, `${pattern}/*`)),
    ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].flatMap((inner) =>
      visit(file, inner, pattern),
    ),
  ];
}
