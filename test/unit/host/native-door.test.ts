import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { functions } from '../../../scripts/native/table.ts';
import { argumentsHeader, interfaceText } from '../../../scripts/native/texts.ts';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';
import { errnoName } from '../../../src/host/errno-text.ts';
import { isSystemError, type Native } from '../../../src/host/native.ts';

const test = suite('the door between TypeScript and C');

const native = loadNative(findLibexec());

test('the addon registers the functions of the table and no other', () => {
  assert.deepEqual(Object.keys(native).toSorted(), functions.map(([name]) => name).toSorted());
});

test('each function refuses too few arguments, and arguments of another kind', () => {
  const call = (name: string, ...words: unknown[]) =>
    (native[name as keyof Native] as (...words: unknown[]) => unknown)(...words);
  // These would do what they do.
  const without = functions.filter(([, takes]) => Object.keys(takes).length > 0);
  for (const [name, takes] of without) {
    assert.throws(() => call(name), TypeError, name);
    const first = Object.values(takes)[0] ?? '';
    if (!first.startsWith('value')) assert.throws(() => call(name, Symbol('no kind')), TypeError, name);
  }
});

test('both texts have each function', () => {
  const [types, header] = [interfaceText(), argumentsHeader()];
  for (const [name] of functions) {
    assert.match(types, new RegExp(`^  ${name}\\(`, 'm'));
    assert.ok(header.includes(`#define DOOR_${name} "${name}"`), name);
  }
  assert.match(header, /read_file_arguments\(.*struct text \*path, size_t \*maximum\)/);
});

test('an errno has the same name on both sides', () => {
  try {
    native.readFile('/proc/self/none', 1);
    assert.fail();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    assert.equal(errnoName(error.errno), error.code);
  }
});

test.run();
