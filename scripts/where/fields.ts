import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** Sections of other platforms, which tsoci refuses. */
const elsewhere: ReadonlySet<string> = new Set(['windows', 'solaris', 'vm', 'zos', 'freebsd']);

/**
 * JSON pointers of the fields of config.json that Linux has, but not of what is in lists. In the order of the
 * schemas.
 */
export function fieldsOfConfig(root: string): string[] {
  const files = new Map<string, Schema>();
  const fileOf = (name: string): Schema => {
    let schema = files.get(name);
    if (schema === undefined) {
      schema = JSON.parse(readFileSync(join(root, 'schemas', name), 'utf8')) as Schema;
      files.set(name, schema);
    }
    return schema;
  };
  /** What a schema refers to, and in which file that is. */
  const resolved = (file: string, schema: Schema): [file: string, schema: Schema] => {
    if (schema.$ref === undefined) return [file, schema];
    const [name = '', path = ''] = schema.$ref.split('#');
    const target = name === '' ? file : name;
    const definition = fileOf(target).$defs?.[path.replace('/$defs/', '')];
    if (definition === undefined) throw new Error(`${schema.$ref}, which ${file} refers to, is not there`);
    return resolved(target, definition);
  };
  const fields: string[] = [];
  const visit = (pointer: string, file: string, schema: Schema): void => {
    const [owner, { properties = {} }] = resolved(file, schema);
    for (const [name, field] of Object.entries(properties)) {
      if (pointer === '' && elsewhere.has(name)) continue;
      fields.push(`${pointer}/${name}`);
      visit(`${pointer}/${name}`, owner, field);
    }
  };
  visit('', 'config.json', fileOf('config.json'));
  return fields;
}
