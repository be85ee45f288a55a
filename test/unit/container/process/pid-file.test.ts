import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { suite } from 'uvu';
import { removeIfThere, temporaryName, writePidFile } from '../../../../src/container/process/pid-file.ts';
import { assertRefused } from '../../refusal.ts';
import { native, withDirectory } from '../support.ts';

const test = suite('pid file');

test('writePidFile() writes the number alone, and leaves nothing beside it', () =>
  withDirectory((directory) => {
    const path = join(directory, 'pid');
    writePidFile(native, path, 'c', 4711);
    assert.equal(readFileSync(path, 'utf8'), '4711');
    assert.equal(statSync(path).mode & 0o777, 0o644 & ~process.umask());
    assert.deepEqual(readdirSync(directory), ['pid']);
  }));

test('writePidFile() replaces what is there, a link too, and not what it leads to', () =>
  withDirectory((directory) => {
    const prey = join(directory, 'prey');
    writeFileSync(prey, 'whole');
    for (const name of ['pid', '.pid.c']) symlinkSync(prey, join(directory, name));
    writePidFile(native, join(directory, 'pid'), 'c', 1);
    assert.equal(readFileSync(prey, 'utf8'), 'whole');
    assert.equal(readFileSync(join(directory, 'pid'), 'utf8'), '1');
  }));

test('writePidFile() writes a file whose name is as long as can be, in bytes', () =>
  withDirectory((directory) => {
    for (const name of ['n'.repeat(255), 'ü'.repeat(127), '€'.repeat(85), '😀'.repeat(63)]) {
      const path = join(directory, name);
      writePidFile(native, path, 'c'.repeat(255), 5);
      assert.equal(readFileSync(path, 'utf8'), '5');
      assert.ok(Buffer.byteLength(basename(temporaryName(path, 'c'.repeat(255)))) <= 255);
    }
  }));

test('writePidFile() says which file it could not write, and leaves no other', () =>
  withDirectory((directory) => {
    assertRefused(
      () => writePidFile(native, join(directory, 'none/pid'), 'c', 1),
      'system',
      undefined,
      /cannot write the pid file ".*none\/pid"/,
    );
    assert.deepEqual(readdirSync(directory), []);
  }));

for (const [path, id] of [
  ['/run/x/pid', 'c'],
  ['pid', 'c'],
  ['/run/x/pid', 'i'.repeat(1024)],
  [`/run/${'p'.repeat(255)}`, 'c'],
] as const) {
  test(`temporaryName() of ${path.slice(0, 12)} for ${id.slice(0, 5)} is in the same directory, and no longer than names may be`, () => {
    const name = temporaryName(path, id);
    assert.equal(dirname(name), dirname(path));
    assert.ok(basename(name).length <= 255);
    assert.notEqual(name, path);
  });
}

test('removeIfThere() is content with what is gone, and with nothing else', () =>
  withDirectory((directory) => {
    removeIfThere(native, join(directory, 'gone'));
    removeIfThere(native, join(directory, 'gone/below'));
    assert.throws(() => removeIfThere(native, directory));
  }));

test.run();
