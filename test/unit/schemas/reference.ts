import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Ajv from 'ajv';

/** The published schemas, beside the repository on the project's own machines only. */
const DIRECTORY = resolve(import.meta.dirname, '../../../../shared/oci-spec');

export type Verdict = (document: unknown) => boolean;

export interface Reference {
  readonly Config: Verdict;
  readonly State: Verdict;
  readonly Features: Verdict;
  /** Example documents by their name, such as `config/good/minimal.json`, as text. */
  readonly examples: ReadonlyMap<string, string>;
}

/**
 * The published schemas as validators; undefined where they are not at hand. They are draft-04, of which they use nothing
 * that later drafts read otherwise: without its `$schema` line ajv takes them as they are.
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
