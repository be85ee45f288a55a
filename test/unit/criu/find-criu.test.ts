import { strict as assert } from 'node:assert';
import { chmodSync, realpathSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { findCriu } from '../../../src/criu/find-criu.ts';
import { native, withDirectory } from '../container/support.ts';
import { assertRefused } from '../refusal.ts';

const test = suite('find-criu');

test('findCriu() takes the program that was named by a path', () =>
  withDirectory((directory) => {
    const path = `${directory}/my-criu`;
    writeFileSync(path, '');
    chmodSync(path, 0o755);
    assert.equal(findCriu(native, path), realpathSync(path));
    assertRefused(() => findCriu(native, directory), 'unsupported', undefined, /no CRIU program/);
    assertRefused(() => findCriu(native, `${path}.not`), 'unsupported', undefined, /no CRIU program/);
  }));

test('findCriu() looks for a name in the usual directories, and says what to install', () => {
  assert.match(findCriu(native, 'sh'), /^\/(usr\/)?bin\/sh$/);
  assertRefused(
    () => findCriu(native, 'criu-that-nobody-has'),
    'unsupported',
    undefined,
    /"criu-that-nobody-has" is not installed/,
  );
});

test.run();
