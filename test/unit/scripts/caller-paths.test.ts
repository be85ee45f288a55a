import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { uncheckedCalls } from '../../../scripts/check/caller-paths.ts';

const test = suite('paths of callers');

const rows: readonly (readonly [name: string, text: string, lines: readonly number[]])[] = [
  ['alone', 'native.open(path, 0, 0);', [1]],
  ['a private member, in a template', 'const a = `${1}`;\nthis.#native.status(`${path}/x`, true);', [2]],
  ['inside ask()', "ask('read', path, () => native.readFile(path, 5));", []],
  [
    'inside askUnless()',
    "const a = askUnless(['ENOENT'], 'x', p, () => {\n  return native.open(p, 0, 0);\n});",
    [],
  ],
  ['inside try', 'try {\n  if (a) { native.unlink(path); }\n} catch {}', []],
  ['after try', 'try {\n  a();\n} catch (error) {\n  native.unlink(path);\n}', [4]],
  ["the kernel's own", "native.readText('/proc/self/maps', 5);\nnative.status(`/sys/${x}`, true);", []],
  ['of something open', 'native.status(within(descriptor), true);', []],
  [
    'said to be thrown',
    '/** Looks. Throws `SystemError`. */\nfunction f() {\n  native.status(path, true);\n}',
    [],
  ],
  ['a bracket in a string or comment', "try {\n  a('}'); // }\n  native.unlink(path);\n} catch {}", []],
  ['no path', 'native.close(5);', []],
];
for (const [name, text, lines] of rows)
  test(`uncheckedCalls(): ${name}`, () => assert.deepEqual(uncheckedCalls(text), lines));

test.run();
