import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import { test } from 'uvu';
import { generateAccept } from '../../../scripts/schemas/accept.ts';
import { generateExplain } from '../../../scripts/schemas/explain.ts';
import { loadSchemas, type Schema } from '../../../scripts/schemas/load.ts';
import { generateTypes } from '../../../scripts/schemas/types.ts';
import { defaultConfig } from '../../../src/bundle/default-config.ts';
import { fullFeatures, fullState } from './documents.ts';

const SCHEMAS = resolve(import.meta.dirname, '../../../schemas');

/** A bundle of one definition, called Root. */
function bundleOf(schema: Schema): { readonly definitions: ReadonlyMap<string, Schema> } {
  return { definitions: new Map([['Root', schema]]) };
}

function withFiles(files: Readonly<Record<string, unknown>>, check: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-schemas-'));
  try {
    mkdirSync(directory, { recursive: true });
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(directory, name), JSON.stringify(content));
    check(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('loadSchemas() makes references local', () => {
  const files = {
    'a.json': { $defs: { One: { $ref: 'b.json#/$defs/Two' } } },
    'b.json': { $defs: { Two: { type: 'string' } } },
  };
  withFiles(files, (directory) => {
    assert.deepEqual(loadSchemas(directory).definitions.get('One'), { $ref: '#/$defs/Two' });
  });
});

const BROKEN = [
  {
    name: 'a name in two files',
    files: { 'a.json': { $defs: { One: {} } }, 'b.json': { $defs: { One: {} } } },
    error: /defined twice/,
  },
  {
    name: 'a reference into nothing',
    files: { 'a.json': { $defs: { One: { $ref: '#/$defs/Two' } } } },
    error: /nothing stands at/,
  },
  {
    name: 'a reference to a missing file',
    files: { 'a.json': { $defs: { One: { $ref: 'x.json#/$defs/Two' } } } },
    error: /nothing stands at/,
  },
  {
    name: 'another kind of reference',
    files: { 'a.json': { $defs: { One: { $ref: '#/properties/x' } } } },
    error: /not a reference to a definition/,
  },
];

for (const { name, files, error } of BROKEN) {
  test(`loadSchemas() refuses ${name}`, () => {
    withFiles(files, (directory) => assert.throws(() => loadSchemas(directory), error));
  });
}

test('generateAccept() refuses a keyword that it would not check', () => {
  assert.match(generateAccept(bundleOf({ type: 'string', pattern: 'a' }), ['Root']), /acceptRoot/);
  assert.throws(
    () => generateAccept(bundleOf({ type: 'string', maxLength: 3 }), ['Root']),
    /"maxLength" is not supported/,
  );
  assert.throws(() => generateAccept(bundleOf({ type: 'number' }), ['Root']), /no emitter/);
});

test('generateExplain() and generateAccept() import nothing', () => {
  const bundle = loadSchemas(SCHEMAS);
  for (const code of [generateAccept(bundle, ['Config']), generateExplain(bundle, ['Config', 'State'])]) {
    assert.doesNotMatch(code, /\brequire\(|\bimport\b/);
  }
});

test('generateTypes() makes everything readonly and names 64-bit integers', async () => {
  const text = await generateTypes(loadSchemas(SCHEMAS));
  const members = text.split('\n').filter((line) => /^ +"?[\w$]+"?\??:/.test(line));
  assert.deepEqual(members, [], 'members that are not readonly');
  assert.doesNotMatch(text, /(?<!readonly )\b\w+\[\]/, 'arrays that are not readonly');
  assert.match(text, /readonly limit\?: Integer64/);
  assert.match(text, /readonly mounts\?: readonly Mount\[\]/);
});

test('schemas: any validator of draft 2020-12 can use the files as they are', () => {
  const ajv = new Ajv2020.default({ allowUnionTypes: true });
  for (const file of readdirSync(SCHEMAS).filter((name) => name.endsWith('.json'))) {
    ajv.addSchema(JSON.parse(readFileSync(join(SCHEMAS, file), 'utf8')) as object, file);
  }
  for (const [file, good, bad] of [
    ['config.json', defaultConfig(), { ociVersion: '1.0.0', linux: { namespaces: [{ type: 'x' }] } }],
    ['config-process.json', defaultConfig().process, {}],
    ['config-resources.json', { pids: { limit: 5 } }, { pids: { limit: '5' } }],
    ['state.json', fullState, {}],
    ['features.json', fullFeatures, { ociVersionMin: '1.0.0' }],
  ] as const) {
    const validate = ajv.getSchema(file);
    assert.equal(validate?.(good), true, file);
    assert.equal(validate?.(bad), false, file);
  }
});

test('schemas: the documents and their main parts are there, in one dialect', () => {
  const text = [...loadSchemas(SCHEMAS).definitions.keys()];
  for (const name of [
    'Config',
    'State',
    'Features',
    'Process',
    'Resources',
    'Mount',
    'Hook',
    'Device',
    'Linux',
  ]) {
    assert.ok(text.includes(name), name);
  }
  for (const file of ['config.json', 'config-linux.json', 'features.json', 'state.json']) {
    const schema = JSON.parse(readFileSync(join(SCHEMAS, file), 'utf8')) as { readonly $schema?: string };
    assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema', file);
  }
});

test.run();
