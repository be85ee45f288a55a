import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { checkVersion, missing, notExported } from '../../../src/foreign/library-failures.ts';
import { assertRefused, failureOf } from '../refusal.ts';

type Version = readonly [major: number, minor: number, micro: number];

const test = suite('what goes wrong with libseccomp');

test('a machine without it is told what to install, and what to leave out instead', () => {
  const cause = new Error('no such file');
  const failure = missing(cause);
  assert.equal(failure.code, 'unsupported');
  assert.equal(failure.pointer, '/linux/seccomp');
  assert.equal(failure.message, 'libseccomp.so.2 cannot be loaded');
  assert.match(failure.hint ?? '', /libseccomp2.*remove linux\.seccomp/);
  assert.equal(failure.cause, cause);
  assert.equal(
    missing(cause, 'wrong ELF class').message,
    'libseccomp.so.2 cannot be loaded: wrong ELF class',
  );
});

test('versions from 2.5 on are good', () => {
  const good: readonly Version[] = [
    [2, 5, 0],
    [2, 5, 5],
    [2, 10, 1],
  ];
  for (const version of good) assert.equal(checkVersion(...version), version.join('.'));
});

test('older ones, and those of another interface, are refused with their version', () => {
  const bad: readonly Version[] = [
    [2, 4, 4],
    [1, 9, 0],
    [3, 5, 0],
    [0, 0, 0],
  ];
  for (const version of bad) {
    const words = new RegExp(`^libseccomp ${version.join('\\.')} is too old$`);
    assertRefused(() => checkVersion(...version), 'unsupported', '/linux/seccomp', words);
  }
  assert.match(failureOf(() => checkVersion(2, 4, 4)).hint ?? '', /2\.5/);
});

test('a filter that is not written out is told with the number of its error', () => {
  const failure = notExported(-22);
  assert.equal(failure.code, 'internal');
  assert.match(failure.message, /error 22\b/);
});

test.run();
