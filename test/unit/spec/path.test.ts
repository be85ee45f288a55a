import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { suite } from 'uvu';
import { isInside, normalizePath, relativePath, resolvePath } from '../../../src/spec/path.ts';

const test = suite('path');

const normalized: Readonly<Record<string, string>> = {
  '': '/',
  '/': '/',
  '//': '/',
  a: '/a',
  '/a/': '/a',
  '/a//b/./c': '/a/b/c',
  '/a/../b': '/b',
  '/../../a': '/a',
  '/a/b/../..': '/',
  '/a/...': '/a/...',
  '..': '/',
};
for (const [path, expected] of Object.entries(normalized)) {
  test(`normalizePath() makes "${expected}" of "${path}"`, () => assert.equal(normalizePath(path), expected));
}

test('normalizePath() never leaves the root, and is content with what it made', () => {
  const part = fc.constantFrom('.', '..', '', 'a', 'b c', '...');
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const path = normalizePath(parts.join('/'));
      assert.match(path, /^\//);
      assert.doesNotMatch(path, /\/\/|\/\.{1,2}(\/|$)|.\/$/);
      assert.equal(normalizePath(path), path);
    }),
  );
});

test('resolvePath() leaves the rest to the kernel: what a link leads to has parents of its own', () => {
  assert.equal(resolvePath('/bundle', 'rootfs'), '/bundle/rootfs');
  assert.equal(resolvePath('/bundle', '../link/../x'), '/bundle/../link/../x');
  assert.equal(resolvePath('/bundle', '/link/../x'), '/link/../x');
});

const inside: readonly [path: string, directory: string, expected: boolean][] = [
  ['/proc', '/proc', true],
  ['/proc/sys', '/proc', true],
  ['/process', '/proc', false],
  ['/', '/proc', false],
  ['/anything', '/', true],
];
for (const [path, directory, expected] of inside) {
  test(`isInside() ${path} ${directory}`, () => assert.equal(isInside(path, directory), expected));
}

test('relativePath() says how to get from one directory to another', () => {
  const ways: readonly (readonly [from: string, to: string, way: string])[] = [
    ['/a/b', '/a/c', '../c'],
    ['/a/b', '/a/b/c', 'c'],
    ['/a/b/c', '/a', '../..'],
    ['/', '/a', 'a'],
    ['/a', '/a', ''],
    ['/ab', '/a', '../a'],
  ];
  for (const [from, to, way] of ways) assert.equal(relativePath(from, to), way);
  const path = fc.array(fc.constantFrom('a', 'b', 'c d')).map((parts) => `/${parts.join('/')}`);
  fc.assert(
    fc.property(path, path, (from, to) => {
      assert.equal(normalizePath(`${from}/${relativePath(from, to)}`), to);
    }),
  );
});

test.run();
