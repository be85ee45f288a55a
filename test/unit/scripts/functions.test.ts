import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { functionProblems, functionsOfC, measure } from '../../../scripts/check/functions.ts';

const test = suite('the law of functions');

const long = (count: number) => '  void 0;\n'.repeat(count);

/** Measures a file by the compiler, in a project of its own. */
function measured(text: string) {
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-functions-'));
  try {
    writeFileSync(
      join(directory, 'tsconfig.json'),
      '{"compilerOptions":{"noEmit":true,"types":[]},"include":["a.ts"]}',
    );
    writeFileSync(join(directory, 'a.ts'), text);
    return measure(directory, 'tsconfig.json', (path) => path === 'a.ts').get('a.ts') ?? [];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('measure() sees functions, methods, arrows and constructors, and no signature', () => {
  const functions = measured(`/** Its comment
 * is not counted. */
export function first(a: number, b: number): number {
  const inner = (x: number) => {
    return x;
  };
  return inner(a + b);
}
class C {
  constructor(readonly a: string) {}
  method(a: 1, b: 2, c: 3, d: 4, e: 5): void {}
}
interface I { call(a: 1, b: 2, c: 3, d: 4, e: 5): void }
void C;
`);
  assert.deepEqual(
    functions.map(({ name, line, lines, parameters }) => [name, line, lines, parameters]),
    [
      ['first', 3, 6, 2],
      ['inner', 4, 3, 1],
      ['C', 10, 1, 1],
      ['method', 11, 1, 5],
    ],
  );
});

test('functionProblems() refuses 61 lines and 5 parameters, and lets 60 and 4 pass', () => {
  const of = (body: number, parameters: string) =>
    functionProblems('a.ts', measured(`function f(${parameters}): void {\n${long(body)}}\nvoid f;\n`));
  assert.deepEqual(of(58, 'a: 1, b: 2, c: 3, d: 4'), []);
  assert.match(of(59, '').join(), /^a\.ts:1: f has 61 lines, more than 60$/);
  assert.match(of(1, 'a: 1, b: 2, c: 3, d: 4, e: 5').join(), /^a\.ts:1: f has 5 parameters, more than 4$/);
});

test('functionsOfC() counts lines and parameters, but not what a function works on', () => {
  const text = `static int two(struct ctx *ctx, int a,
               int (*b)(int, int)) {
  return 0;
}

int declared(int a, int b, int c, int d, int e);

int five(int a, int b, int c, int d, int e) {
${long(58)}}
`;
  const functions = functionsOfC('csrc/init/x.c', text);
  assert.deepEqual(
    functions.map(({ name, line, lines, parameters }) => [name, line, lines, parameters]),
    [
      ['two', 1, 4, 2],
      ['five', 8, 60, 5],
    ],
  );
  assert.match(functionProblems('x.c', functions).join(), /five has 5 parameters/);
  assert.match(
    functionProblems('x.c', functionsOfC('x.c', `void f(void) {\n${long(59)}}\n`)).join(),
    /f has 61 lines/,
  );
});

test('functionsOfC() lets signatures pass that somebody else made', () => {
  const five = '(int a, int b, int c, int d, int e) {\n}\n';
  const counts = (path: string, name: string) =>
    functionsOfC(path, `int ${name}${five}`).map(({ parameters }) => parameters);
  assert.deepEqual(counts('csrc/engine/x.c', 'napi_get_cb_info'), [0]);
  assert.deepEqual(counts('csrc/runtime/x.c', 'fchownat'), [0]);
  assert.deepEqual(counts('csrc/init/x.c', 'fchownat'), [5]);
});

test.run();
