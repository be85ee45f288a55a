import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import { readModuleGraph } from '../../../scripts/check/module-graph.ts';
import { checkUnitTests } from '../../../scripts/check/unit-tests.ts';

const test = suite('checkUnitTests()');

/** What it says of a tree with these files. */
function problemsOf(files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'tsoci-mirror-'));
  try {
    mkdirSync(join(root, 'test'));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return checkUnitTests(root, readModuleGraph(root, ['src', 'test']));
  } finally {
    rmSync(root, { recursive: true });
  }
}

const decides = 'export function decide() {}\n';
const front = "import { decide } from './b.ts';\nexport function front() { decide(); }\n";
const about = (path: string) => `import { x } from '../../../${path}';\nx();\n`;

test('a file with functions that no test is about is named, with the test that it lacks, in every room', () => {
  assert.deepEqual(problemsOf({ 'src/plan/a.ts': decides }), [
    'src/plan/a.ts: no unit test is about it; write test/unit/plan/a.test.ts (CONTRIBUTING.md, The house)',
  ]);
  assert.equal(problemsOf({ 'src/shim/serve.ts': decides, 'src/a.ts': decides }).length, 2);
  assert.equal(problemsOf({ 'src/host/a.ts': 'export class A {}\n' }).length, 1);
  assert.equal(problemsOf({ 'src/host/a.ts': 'export async function* a() {}\n' }).length, 1);
});

test('a test of its name, or one that imports it, is about it; one that only knows its types is not', () => {
  assert.deepEqual(problemsOf({ 'src/plan/a.ts': decides, 'test/unit/plan/a.test.ts': '' }), []);
  assert.deepEqual(
    problemsOf({ 'src/plan/a.ts': decides, 'test/unit/plan/b.test.ts': about('src/plan/a.ts') }),
    [],
  );
  const types = "import type { X } from '../../../src/plan/a.ts';\n";
  assert.equal(problemsOf({ 'src/plan/a.ts': decides, 'test/unit/plan/b.test.ts': types }).length, 1);
  assert.equal(
    problemsOf({ 'src/plan/a.ts': decides, 'test/integration/a/a.test.ts': about('src/plan/a.ts') }).length,
    1,
  );
});

test('a test may say in its first comment what it tests by way of others, a file or a folder', () => {
  const tree = { 'src/plan/a.ts': front, 'src/plan/b.ts': decides };
  const saying = (words: string) =>
    problemsOf({ ...tree, 'test/unit/plan/a.test.ts': `/** ${words} */\n${about('src/plan/a.ts')}` });
  assert.equal(saying('Tests front().').length, 1);
  assert.deepEqual(saying('Tests also: src/plan/b.ts'), []);
  assert.deepEqual(saying('Tests also: src/plan/'), []);
});

test('it may not say so of what it does not load', () => {
  const tree = { 'src/plan/a.ts': decides, 'src/plan/b.ts': decides };
  const text = `/** Tests also: src/plan/b.ts */\n${about('src/plan/a.ts')}`;
  assert.deepEqual(problemsOf({ ...tree, 'test/unit/plan/a.test.ts': text }), [
    'src/plan/b.ts: no unit test is about it; write test/unit/plan/b.test.ts (CONTRIBUTING.md, The house)',
    'test/unit/plan/a.test.ts: does not load src/plan/b.ts, which it says that it tests also',
  ]);
});

test('files of types and of tables, those that are not of src, and generated ones need none', () => {
  assert.deepEqual(
    problemsOf({
      'src/plan/a.ts': 'export interface A {}\nexport const table = [1];\n',
      'scripts/a.ts': decides,
      'src/plan/generated/a.ts': decides,
    }),
    [],
  );
});

test.run();
