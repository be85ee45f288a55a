/**
 * Build step: schemas/ → src/bundle/generated/ (TypeScript types and validators). Nothing is compiled when a container
 * starts. Does nothing while its inputs are the ones of the last run.
 *
 *   node --import tsx scripts/generate-schemas.ts [--force]
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSchemas } from './schemas/load.ts';
import { generateTypes } from './schemas/types.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SCHEMAS = join(ROOT, 'schemas');
const OUTPUT = join(ROOT, 'src', 'bundle', 'generated');
const STAMP = join(OUTPUT, 'inputs.json');

interface Stamp {
  readonly inputs: string;
  readonly files: readonly string[];
}

/** Hash of everything that the output depends on: schemas, generator, and the versions of the tools. */
function hashInputs(): string {
  const hash = createHash('sha256');
  const files = [SCHEMAS, join(ROOT, 'scripts', 'schemas')].flatMap((directory) =>
    readdirSync(directory)
      .sort()
      .map((name) => join(directory, name)),
  );
  const tools = ['ajv', 'json-schema-to-typescript'].map((name) =>
    join(ROOT, 'node_modules', name, 'package.json'),
  );
  for (const file of [...files, ...tools, fileURLToPath(import.meta.url)]) {
    hash
      .update(`${file.slice(ROOT.length)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

function isFresh(inputs: string): boolean {
  if (!existsSync(STAMP)) return false;
  const stamp = JSON.parse(readFileSync(STAMP, 'utf8')) as Stamp;
  return stamp.inputs === inputs && stamp.files.every((name) => existsSync(join(OUTPUT, name)));
}

/** Writes beside and renames, so that whoever reads at the same time sees the old file or the new one. */
function write(name: string, text: string): void {
  const path = join(OUTPUT, name);
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}

async function main(): Promise<void> {
  const inputs = hashInputs();
  if (!process.argv.includes('--force') && isFresh(inputs)) return;
  const started = Date.now();
  const bundle = loadSchemas(SCHEMAS);
  const outputs: Record<string, string> = { 'config.ts': await generateTypes(bundle) };
  mkdirSync(OUTPUT, { recursive: true });
  for (const [name, text] of Object.entries(outputs)) write(name, text);
  const stamp: Stamp = { inputs, files: Object.keys(outputs) };
  write('inputs.json', `${JSON.stringify(stamp, null, 2)}\n`);
  console.log(`schemas: ${stamp.files.join(', ')} in ${Date.now() - started} ms`);
}

await main();
