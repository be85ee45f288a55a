import { strict as assert } from 'node:assert';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import { commentsOf, deadNames, deadPaths } from '../../../scripts/check/dead-paths.ts';

const test = suite('paths in pages and comments');

const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const dead = (text: string) => deadPaths(root, text).map(({ path, line }) => [line, path]);

test('deadPaths() finds a file that is not there, on its line', () => {
  const nowhere = ['src', 'cli', 'nowhere.ts'].join('/');
  assert.deepEqual(dead(`It is in\n\`${nowhere}\`.`), [[2, nowhere]]);
  assert.deepEqual(dead('It is in `src/cli/dispatch.ts`, (src/plan/) and src/host.'), []);
});

test('deadPaths() spells braces and stars out', () => {
  assert.deepEqual(dead('src/{plan,bundle}/ and csrc/init/op/*.c'), []);
  assert.deepEqual(dead(`${'src'}/{plan,nothing}`), [[1, 'src/nothing']]);
  assert.deepEqual(dead(`csrc/init/${'op'}/none_*.c`), [[1, 'csrc/init/op/none_*.c']]);
});

test('deadPaths() leaves other places alone, and what a build makes', () => {
  assert.deepEqual(dead('/usr/src/linux https://x.example/docs/a csrc/init/generated/wire.h'), []);
});

test('deadNames() finds names of files of C that are no more, in comments alone', () => {
  const text =
    '/* The end\n * (errors.c, crash.c, fs/namespace.c). */\nint x; // "lost.c"\nconst char *y = "none.c";';
  assert.deepEqual(
    deadNames(text, new Set(['errors.c'])).map(({ path, line }) => [line, path]),
    [
      [2, 'crash.c'],
      [3, 'lost.c'],
    ],
  );
});

test('commentsOf() keeps comments and lines, and no string', () => {
  const text = `const a = 'src/x'; // src/y\n/* src/z\n*/ const b = \`src/w\`;`;
  assert.deepEqual(
    commentsOf(text)
      .split('\n')
      .map((line) => line.trim()),
    ['// src/y', '/* src/z', '*/'],
  );
});

test.run();
