import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { findSourceLinks } from '../../../../src/container/create/source-links.ts';
import type { Config, Mount } from '../../../../src/spec/config.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { assertRefused } from '../../refusal.ts';

const test = suite('source-links');

/** A machine with these links; EINVAL says that something else is there (readlink(2)). */
const { native } = fakeHost({
  readLink: (path) => {
    if (path === '/b/link') return 'target';
    throw systemError(path === '/b/file' ? 'EINVAL' : path === '/b/shut' ? 'EACCES' : 'ENOENT', path);
  },
});
const bind = (source: string, ...options: string[]): Mount => ({
  destination: '/d',
  type: 'bind',
  source,
  options: ['bind', ...options],
});
const linksOf = (mounts: readonly Mount[], linux: Config['linux'] = {}) =>
  findSourceLinks(native, '/b', { ociVersion: '1.3.0', mounts, linux });

test('only sources with copy-symlink that are links, by their place among the mounts', () => {
  const found = linksOf([
    bind('link'),
    bind('/b/link', 'copy-symlink'),
    bind('file', 'copy-symlink'),
    bind('gone', 'copy-symlink'),
  ]);
  assert.deepEqual(found, { 1: 'target' });
});

test('refuses a link that cannot be read, and a mount namespace of others, where it is another file', () => {
  assertRefused(
    () => linksOf([bind('shut', 'copy-symlink')]),
    'system',
    undefined,
    /cannot read the link "\/b\/shut"/,
  );
  const linux = { namespaces: [{ type: 'mount', path: '/proc/1/ns/mnt' }] } as const;
  assertRefused(
    () => linksOf([bind('file'), bind('link', 'copy-symlink')], linux),
    'unsupported',
    '/mounts/1/options',
    /mount namespace of their own/,
  );
  assert.deepEqual(linksOf([bind('link')], linux), {});
});

test.run();
