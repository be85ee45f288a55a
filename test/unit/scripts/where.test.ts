import { strict as assert } from 'node:assert';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import { fieldsOfConfig } from '../../../scripts/where/fields.ts';
import { type House, readHouse, whereIs } from '../../../scripts/where/places.ts';

const test = suite('where a field is');

const root = fileURLToPath(new URL('../../..', import.meta.url));

test('fieldsOfConfig() follows the references of the schemas, and leaves other platforms out', () => {
  const fields = fieldsOfConfig(root);
  for (const field of [
    '/ociVersion',
    '/process/user/umask',
    '/linux/resources/memory/limit',
    '/hooks/poststop',
  ])
    assert.ok(fields.includes(field), field);
  assert.deepEqual(
    fields.filter((field) => /windows|solaris|zos/.test(field)),
    [],
  );
});

test('whereIs() finds rule, planner, operation and test of a field', () => {
  const places = whereIs(readHouse(root), '/linux/maskedPaths');
  assert.ok(places.rules.includes('bundle/rules/linux.ts'));
  assert.ok(places.planners.includes('plan/confinement.ts'));
  assert.ok(places.operations.includes('mask'));
  assert.ok(places.unitTests.includes('plan/confinement.test.ts'));
});

test('whereIs() knows a short name by its section alone', () => {
  const texts = (text: string): House => ({
    rules: new Map([['a.ts', text]]),
    planners: new Map(),
    plans: new Map(),
    functions: new Map(),
    hasUnitTest: () => false,
  });
  const finds = (text: string) => whereIs(texts(text), '/linux/memoryPolicy/mode').rules.length === 1;
  for (const text of [
    'memoryPolicy.mode',
    'memoryPolicy?.mode',
    "'/linux/memoryPolicy/mode'",
    'const { mode } = linux.memoryPolicy;',
  ])
    assert.ok(finds(text), text);
  for (const text of ['options.mode', 'memoryPolicy.modes', 'const { mode } = options;'])
    assert.ok(!finds(text), text);
});

test('each operation has its C function', () => {
  const { functions } = readHouse(root);
  assert.match(functions.get('open-tree') ?? '', /op_open_tree.*op_open\.c/);
});

test.run();
