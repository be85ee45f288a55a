/**
 * Mount options beyond the specification's table, as callers of crun know them, and what is said of options that are
 * lost.
 */
import { strict as assert } from 'node:assert';
import {
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { IdMapping, Mount } from '../../src/spec/config.ts';
import type { Bundle, ConfigChange } from './support/bundle.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';

const test = suite(`mount options (${runtimeKind})`);

const bind = (destination: string, source: string, ...options: string[]): Mount => ({
  destination,
  source,
  options: ['bind', ...options],
});

const mounting =
  (...mounts: Mount[]): ConfigChange =>
  (config) => {
    config.mounts?.push(...(mounts as typeof config.mounts & object));
  };

/** Runs it with its warnings, which are otherwise in the log alone when all goes well. */
const runTold = (sandbox: Sandbox, bundle: Bundle) =>
  sandbox.tsoci(['--debug', 'run', '--bundle', bundle.directory, sandbox.id()]);

/** Files of these users. */
function ownedFiles(sandbox: Sandbox, ...owners: readonly number[]): string {
  const directory = sandbox.directory();
  for (const owner of owners) {
    const file = join(directory, `of-${owner}`);
    writeFileSync(file, '');
    chownSync(file, owner, owner + 1);
  }
  return directory;
}

const line = (containerID: number, hostID: number, size: number): IdMapping => ({
  containerID,
  hostID,
  size,
});

/** A user namespace of two lines. */
const userNamespace: ConfigChange = (config) => {
  const linux = config.linux ?? {};
  linux.namespaces = [...(linux.namespaces ?? []), { type: 'user' }];
  linux.uidMappings = [line(0, 0, 1), line(1, 200_001, 999)];
  linux.gidMappings = [line(0, 0, 1000)];
};

const owners = (directory: string) => `cd ${directory} && stat -c '%n %u %g' *`;

test('idmap= maps ids of the file system to those of the host', () =>
  withSandbox(async (sandbox) => {
    const source = ownedFiles(sandbox, 0, 5, 100);
    const option = 'idmap=uids=0-0-1#5-1005-10;gids=0-0-2#6-2006-1';
    const out = await sandbox.output(owners('/v'), mounting(bind('/v', source, option)));
    // What is not mapped has the overflow ids.
    assert.equal(out, 'of-0 0 1\nof-100 65534 65534\nof-5 1005 2006\n');
  }));

test('idmap= is the mapping that the specification has for a mount, and @ counts in the container', () =>
  withSandbox(async (sandbox) => {
    const source = ownedFiles(sandbox, 0, 1, 9);
    const script = ['/spec', '/option', '/relative'].map((each) => `(${owners(each)})`).join('; echo; ');
    const out = await sandbox.output(script, (config) => {
      userNamespace(config);
      mounting(
        {
          ...bind('/spec', source, 'idmap'),
          uidMappings: [line(0, 0, 1), line(1, 200_001, 9)],
          gidMappings: [line(0, 0, 11)],
        },
        bind('/option', source, 'idmap=uids=0-0-1#1-200001-9;gids=0-0-11'),
        // Into two lines of the container's map, which crun leaves to the caller to split.
        bind('/relative', source, 'ridmap=uids=@0-0-10;gids=@0-0-11'),
      )(config);
    });
    const seen = 'of-0 0 1\nof-1 1 2\nof-9 9 10\n';
    assert.equal(out, [seen, seen, seen].join('\n'));
  }));

test('a mapping that is none is refused with its place, and how it is written', () =>
  withSandbox(async (sandbox) => {
    const result = await sandbox.run(['true'], mounting(bind('/v', '/srv', 'ro', 'idmap=uids=0:0:1')));
    expectRefusal(result, /mounts\[\d\]\.options\[2\]: has "0:0:1" in uids=.*write uids=FROM-TO-COUNT;gids=/);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

/** A file, and a relative link to it. */
function linked(sandbox: Sandbox): { readonly file: string; readonly link: string } {
  const directory = sandbox.directory();
  const file = join(directory, 'file');
  writeFileSync(file, 'of the host\n');
  symlinkSync('file', join(directory, 'link'));
  return { file, link: join(directory, 'link') };
}

/** Links and files in the root filesystem. */
function furnish(bundle: Bundle): void {
  writeFileSync(join(bundle.rootfs, 'target'), 'of the image\n');
  symlinkSync('target', join(bundle.rootfs, 'there'));
}

test('copy-symlink makes the link anew, src-nofollow mounts it, neither follows it', () =>
  withSandbox(async (sandbox) => {
    const { file, link } = linked(sandbox);
    const bundle = sandbox.script(
      'readlink /a/copied; readlink /mounted; cat /followed /plain; grep -c -e copied -e mounted /proc/self/mountinfo',
      mounting(
        bind('/a/copied', link, 'copy-symlink', 'ro'),
        bind('/mounted', link, 'src-nofollow'),
        bind('/followed', link),
        bind('/plain', file, 'copy-symlink', 'src-nofollow'),
      ),
    );
    const { stdout, stderr } = expectSuccess(await runTold(sandbox, bundle));
    assert.equal(stdout, 'file\nfile\nof the host\nof the host\n1\n');
    assert.match(stderr, /options\[2\]: "src-nofollow" has no effect: beside "copy-symlink"/);
    assert.equal(readlinkSync(join(bundle.rootfs, 'a/copied')), 'file');
    assert.ok(lstatSync(join(bundle.rootfs, 'mounted')).isFile(), 'a place to mount on');
  }));

test('copy-symlink: what is there has to be the same link', () =>
  withSandbox(async (sandbox) => {
    const { link } = linked(sandbox);
    const change = mounting(bind('/there', link, 'copy-symlink'));
    const same = sandbox.script('readlink /there', change);
    symlinkSync('file', join(same.rootfs, 'there'));
    assert.equal(expectSuccess(await sandbox.runBundle(same)).stdout, 'file\n');
    const other = sandbox.script('readlink /there', change);
    furnish(other);
    expectRefusal(await sandbox.runBundle(other), /mounts\[\d\] \(.*"\/there" is something else already/);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('dest-nofollow mounts on a link, and leaves what it leads to alone', () =>
  withSandbox(async (sandbox) => {
    const { file } = linked(sandbox);
    const script = 'cat /there /target';
    const followed = sandbox.script(script, mounting(bind('/there', file)));
    furnish(followed);
    assert.equal(expectSuccess(await sandbox.runBundle(followed)).stdout, 'of the host\nof the host\n');
    const bundle = sandbox.script(script, mounting(bind('/there', file, 'dest-nofollow')));
    furnish(bundle);
    assert.equal(expectSuccess(await sandbox.runBundle(bundle)).stdout, 'of the host\nof the image\n');
    // A missing one is made, and a link to nowhere is no way to make something elsewhere.
    const missing = sandbox.script(
      'cat /new; cat /there; ls /nowhere 2>&1',
      mounting(bind('/new', file, 'dest-nofollow'), bind('/there', file, 'dest-nofollow')),
    );
    symlinkSync('/nowhere', join(missing.rootfs, 'there'));
    const { stdout } = await sandbox.runBundle(missing);
    assert.equal(stdout, 'of the host\nof the host\nls: /nowhere: No such file or directory\n');
  }));

test('dest-nofollow: a directory and a new file system want a directory there, not a link to one', () =>
  withSandbox(async (sandbox) => {
    const source = sandbox.directory();
    for (const mount of [
      bind('/there', source, 'dest-nofollow'),
      { destination: '/there', type: 'tmpfs', source: 'x', options: ['dest-nofollow'] },
    ]) {
      const bundle = sandbox.bundle(['true'], mounting(mount));
      mkdirSync(join(bundle.rootfs, 'dir'));
      symlinkSync('dir', join(bundle.rootfs, 'there'));
      expectRefusal(
        await sandbox.runBundle(bundle),
        /"\/there" is, or leads through, something else than a dir/,
      );
      assert.deepEqual(readdirSync(join(bundle.rootfs, 'dir')), []);
    }
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('an option that is lost on a bind mount is a warning with its place; the container runs', () =>
  withSandbox(async (sandbox) => {
    const source = sandbox.directory();
    const bundle = sandbox.bundle(['echo', 'ran'], mounting(bind('/v', source, 'nosiud', 'sync', 'nodev')));
    const { stdout, stderr } = expectSuccess(await runTold(sandbox, bundle));
    assert.equal(stdout, 'ran\n');
    assert.match(stderr, /mounts\[7\]\.options\[1\]: "nosiud" is no mount option.*did you mean "nosuid"\?/);
    assert.match(stderr, /mounts\[7\]\.options\[2\]: "sync" has no effect: a bind mount/);
    assert.doesNotMatch(stderr, /nodev"/);
  }));

test('plan shows what becomes of them', () =>
  withSandbox(async (sandbox) => {
    const { file, link } = linked(sandbox);
    const bundle = sandbox.bundle(
      ['true'],
      mounting(
        bind('/copied', link, 'copy-symlink'),
        bind('/mounted', link, 'src-nofollow', 'dest-nofollow'),
        bind('/mapped', file, 'idmap=uids=0-7-1;gids=0-8-1'),
      ),
    );
    const { stdout } = expectSuccess(await sandbox.tsoci(['plan', '--bundle', bundle.directory]));
    assert.match(stdout, /symlink.*\/copied/);
    assert.match(stdout, /no.?follow/i);
    assert.match(stdout, /0 7 1/);
  }));

test.run();
