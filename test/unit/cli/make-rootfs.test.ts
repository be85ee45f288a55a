import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { makeRootfs } from '../../../src/cli/make-rootfs.ts';
import type { Failure } from '../../../src/failure.ts';
import type { Host } from '../../../src/host/host.ts';
import type { FileStatus, Native, SpawnOptions } from '../../../src/host/native.ts';
import { blockingWait } from '../../../src/host/wait.ts';
import { native, nativeWith, withDirectory } from '../container/support.ts';
import { newDescriptors, openDescriptors } from '../open-descriptors.ts';
import { laterFailureOf } from '../refusal.ts';
import { nowhere } from '../waits.ts';

const test = suite('making a root filesystem');

/** This machine, with some calls of the test's. */
function hostWith(calls: Partial<Native> = {}): Host {
  const machine = nativeWith(calls);
  return { ...nowhere, native: machine, wait: blockingWait(machine) };
}

/** The machine has this as its busybox, or none. */
function withBusybox(bytes: Uint8Array | undefined): Partial<Native> {
  return {
    status: (path, follow) => {
      if (!/^\/(?:usr\/)?(?:local\/)?s?bin\/busybox$/.test(path)) return native.status(path, follow);
      return bytes !== undefined && path === '/usr/bin/busybox'
        ? ({ mode: 0o100755 } as FileStatus)
        : undefined;
    },
    readFile: (path, most) =>
      path === '/usr/bin/busybox' ? (bytes as Uint8Array) : native.readFile(path, most),
  };
}

/** An executable for 64 bits with program headers of these types. */
function elf(...types: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(64 + 56 * types.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(32, 64n, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, types.length, true);
  for (const [index, type] of types.entries()) view.setUint32(64 + 56 * index, type, true);
  return bytes;
}

/** Programs fail after they have written something to this directory; whoever cleans up is real. */
const failingIn = (directory: string): Partial<Native> => ({
  spawn: (options) => {
    if (options.argv[0] === 'find') return native.spawn(options);
    const text = `echo x > ${directory}/half; echo "disk full" >&2; exit 3`;
    return native.spawn({ ...options, file: '/bin/sh', argv: ['sh', '-c', text] });
  },
});

const mode = (path: string) => statSync(path).mode & 0o7777;

test('busybox: it and its commands, and the directories that programs look for, whatever the umask', () =>
  withDirectory(async (directory) => {
    const script = '#!/bin/sh\n[ $1 = --install ] && ln $2/busybox $2/sh\n';
    const host = hostWith(withBusybox(new TextEncoder().encode(script)));
    const before = openDescriptors(native);
    const umask = native.umask(0o077);
    try {
      await makeRootfs(host, 'busybox', `${directory}/root`);
    } finally {
      native.umask(umask);
    }
    assert.deepEqual(newDescriptors(native, before), []);
    const root = `${directory}/root`;
    assert.deepEqual(readdirSync(root).sort(), ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'tmp', 'var']);
    assert.deepEqual(
      [mode(`${root}/etc`), mode(`${root}/tmp`), mode(`${root}/root`)],
      [0o755, 0o1777, 0o700],
    );
    assert.match(readFileSync(`${root}/etc/passwd`, 'utf8'), /^root:x:0:0:/);
    assert.equal(statSync(`${root}/bin/sh`).ino, statSync(`${root}/bin/busybox`).ino);
  }));

test('busybox: one that takes a loader is refused before anything is made, and so is none', () =>
  withDirectory(async (directory) => {
    const refused = (bytes: Uint8Array | undefined) =>
      laterFailureOf(() => makeRootfs(hostWith(withBusybox(bytes)), 'busybox', `${directory}/root`));
    const [none, dynamic] = [await refused(undefined), await refused(elf(6, 3, 1))];
    assert.deepEqual([none.code, none.message], ['unsupported', 'this machine has no busybox']);
    assert.equal(dynamic.code, 'unsupported');
    assert.match(dynamic.message, /^"\/usr\/bin\/busybox" needs libraries/);
    assert.match(dynamic.hint ?? '', /busybox-static/);
    assert.deepEqual(readdirSync(directory), []);
    // A static one is taken, though this one cannot be run.
    const other = await refused(elf(6, 1));
    assert.equal(other.code, 'system');
    assert.match(other.message, /^cannot run "[^"]*\/root\/bin\/busybox": ENOEXEC/);
    assert.deepEqual(readdirSync(directory), []);
  }));

test('a directory is copied, into a new directory or an empty one', () =>
  withDirectory(async (directory) => {
    const source = `${directory}/source`;
    mkdirSync(`${source}/etc`, { recursive: true });
    writeFileSync(`${source}/etc/own`, 'x', { mode: 0o640 });
    mkdirSync(`${directory}/empty`);
    for (const place of ['new', 'empty']) {
      await makeRootfs(hostWith(), source, `${directory}/${place}`);
      assert.equal(mode(`${directory}/${place}/etc/own`), 0o640);
    }
  }));

test('a source that is not there, and a place with something in it, are refused, and nothing is touched', () =>
  withDirectory(async (directory) => {
    mkdirSync(`${directory}/full`);
    writeFileSync(`${directory}/full/mine`, 'x');
    const refused = (source: string, place: string) =>
      laterFailureOf(() => makeRootfs(hostWith(), source, `${directory}/${place}`));
    const missing = await refused(`${directory}/no.tar`, 'new');
    assert.deepEqual([missing.code, missing.message], ['invalid', `"${directory}/no.tar" is not there`]);
    const full = await refused(directory, 'full');
    assert.equal(full.code, 'exists');
    assert.match(full.message, /full" is not empty, and nothing in it is overwritten$/);
    assert.deepEqual([readdirSync(directory), readdirSync(`${directory}/full`)], [['full'], ['mine']]);
  }));

test('what fails half-way leaves the place as it was: not there, or empty', () =>
  withDirectory(async (directory) => {
    const source = `${directory}/source`;
    const place = `${directory}/place`;
    mkdirSync(source);
    const before = openDescriptors(native);
    const failed = () => laterFailureOf(() => makeRootfs(hostWith(failingIn(place)), source, place));
    const failure = await failed();
    assert.deepEqual([failure.code, failure.message, failure.cleanup], ['system', 'cp: disk full', []]);
    assert.ok(!existsSync(place));
    mkdirSync(place);
    assert.equal((await failed()).message, 'cp: disk full');
    assert.deepEqual(readdirSync(place), []);
    assert.deepEqual(newDescriptors(native, before), []);
  }));

/** What programs are told, on a machine where each of them fails. */
async function told(source: string, place: string, missing?: string): Promise<[string[][], Failure]> {
  const words: string[][] = [];
  const calls: Partial<Native> = {
    status: (path) =>
      path === `/usr/bin/${missing}` || /^\/(?!usr\/bin\/)/.test(path)
        ? undefined
        : ({ mode: 0o100644 } as FileStatus),
    makeDirectory: () => undefined,
    spawn: (options: SpawnOptions) => {
      words.push([...options.argv]);
      return native.spawn({ ...options, file: '/bin/false', argv: ['false'] });
    },
  };
  const failure = await laterFailureOf(() => makeRootfs(hostWith(calls), source, place));
  return [words, failure];
}

test('no name of a file is an option, a remote machine or standard input for tar and find', async () => {
  const [words, failure] = await told('host:a.tar', '-delete');
  assert.deepEqual(words, [
    ['tar', '--extract', '--numeric-owner', '--file=./host:a.tar', '--directory=-delete'],
    ['find', './-delete', '-xdev', '-mindepth', '1', '-delete'],
  ]);
  // A program that says nothing is told by its status, and what failed of the undoing beside it.
  assert.match(failure.message, /^tar: .*1/);
  assert.match(String(failure.cleanup[0]), /find: /);
});

test('a machine without tar is told so', async () => {
  const [, failure] = await told('a.tar', 'place', 'tar');
  assert.deepEqual(
    [failure.code, failure.message],
    ['unsupported', 'this machine has no tar, which this takes'],
  );
});

test.run();
