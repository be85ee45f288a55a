import { strict as assert } from 'node:assert';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import type { LoadedBundle } from '../../../../src/bundle/load-bundle.ts';
import { checkTerminal, findRootfs, openRootfs, prepare } from '../../../../src/container/create/prepare.ts';
import type { CreateOptions } from '../../../../src/container/types.ts';
import type { Native } from '../../../../src/host/native.ts';
import type { Config } from '../../../../src/spec/config.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { assertRefused, failureOf, laterFailureOf } from '../../refusal.ts';
import { contextOn } from '../context.ts';
import { native, nativeWith, withDirectory } from '../support.ts';

const test = suite('prepare');

const bundleOf = (directory: string, path: string): LoadedBundle => ({
  directory,
  configPath: `${directory}/config.json`,
  config: { ociVersion: '1.3.0', root: { path } },
  text: '',
  warnings: [],
});

/** The real addon that keeps account of what it has open. */
function counting(calls: Partial<Native> = {}) {
  const open = new Set<number>();
  const machine = nativeWith({
    ...calls,
    open: (path, flags, mode) => {
      const descriptor = native.open(path, flags, mode);
      open.add(descriptor);
      return descriptor;
    },
    close: (descriptor) => {
      open.delete(descriptor);
      native.close(descriptor);
    },
  });
  return { open, machine };
}

test('openRootfs() opens the directory itself, relative to the bundle, links resolved', () =>
  withDirectory((directory) => {
    mkdirSync(`${directory}/real`);
    symlinkSync('real', `${directory}/rootfs`);
    const real = native.realPath(`${directory}/real`);
    const context = contextOn('/nowhere');
    const root = openRootfs(context, bundleOf(directory, 'rootfs'));
    assert.equal(root.path, real);
    assert.equal(native.readLink(`/proc/self/fd/${root.descriptor}`), real);
    native.close(root.descriptor);
    const { open, machine } = counting();
    assert.equal(findRootfs(contextOn('/nowhere', [], machine), bundleOf('/b', `${directory}/real`)), real);
    assert.equal(open.size, 0);
  }));

test('openRootfs() says what is wrong with root.path', () =>
  withDirectory((directory) => {
    writeFileSync(`${directory}/file`, '');
    const open = (path: string) => openRootfs(contextOn('/nowhere'), bundleOf(directory, path));
    const refused = (path: string, words: RegExp) =>
      assertRefused(() => open(path), 'invalid', '/root/path', words);
    refused('gone', /root filesystem ".*\/gone" does not exist/);
    refused('file', /root filesystem ".*\/file" is not a directory/);
    refused('file/below', /does not exist/);
  }));

test('openRootfs() tells the system’s reason for a directory that cannot be opened', () =>
  withDirectory((directory) => {
    const machine = nativeWith({
      open: (path) => {
        throw systemError('EMFILE', path);
      },
    });
    const failure = failureOf(() => openRootfs(contextOn('/nowhere', [], machine), bundleOf(directory, '.')));
    assert.equal(failure.code, 'system');
    assert.match(failure.message, /cannot open root\.path .*EMFILE/);
  }));

test('openRootfs() closes what it opened when it cannot tell its name', () =>
  withDirectory((directory) => {
    const { open, machine } = counting({
      readLink: (path) => {
        throw systemError('ENOENT', path);
      },
    });
    assert.throws(() => openRootfs(contextOn('/nowhere', [], machine), bundleOf(directory, '.')), /ENOENT/);
    assert.equal(open.size, 0);
  }));

const onTerminal = (terminal: boolean): Config => ({
  ociVersion: '1.3.0',
  process: { cwd: '/', args: ['x'], terminal },
});

test('checkTerminal() refuses a terminal that nobody takes, and a taker without one', () => {
  const check = (terminal: boolean, options: Partial<CreateOptions>, ownTerminal: boolean) =>
    checkTerminal(onTerminal(terminal), options, { ownTerminal }, native);
  assertRefused(() => check(true, {}, false), 'invalid', '/process/terminal', /nobody takes the terminal/);
  assertRefused(
    () => check(false, { consoleSocket: '/s' }, false),
    'invalid',
    '/process/terminal',
    /--console-socket is for a process with a terminal/,
  );
  check(true, { consoleSocket: '/s' }, false);
  check(true, {}, true);
  check(false, {}, true);
});

test('checkTerminal() wants one in front of a caller who relays it', () => {
  const nowhere = nativeWith({
    isTerminal: () => false,
    open: (path) => {
      throw systemError('ENXIO', path);
    },
  });
  const check = (relaysTerminal: boolean) =>
    checkTerminal(onTerminal(true), { relaysTerminal }, { ownTerminal: true }, nowhere);
  assertRefused(() => check(true), 'invalid', '/process/terminal', /there is none in front of us/);
  check(false);
});

const options: CreateOptions = {
  id: 'c',
  bundle: '',
  noPivot: false,
  noNewKeyring: false,
  preserveFds: 0,
};
const mode = { waits: true, ownTerminal: false };

const least: Config = {
  ociVersion: '1.3.0',
  root: { path: 'rootfs' },
  linux: { namespaces: [{ type: 'mount' }] },
};

/** A bundle of this config, with a root filesystem. */
const withBundle = (config: Partial<Config>, body: (bundle: string) => unknown) =>
  withDirectory(async (directory) => {
    mkdirSync(`${directory}/rootfs`);
    const whole: Config = { ...least, ...config };
    writeFileSync(`${directory}/config.json`, JSON.stringify(whole));
    await body(directory);
  });

test('prepare() refuses a bad id before it looks at the bundle', async () => {
  const refusal = await laterFailureOf(() =>
    prepare(contextOn('/nowhere'), { ...options, id: '../c', bundle: '/gone' }, mode),
  );
  assert.match(refusal.message, /invalid container id "\.\.\/c"/);
});

test('prepare() keeps the root filesystem open until it is closed, and closes it when something is wrong', () =>
  withBundle({ linux: { ...least.linux, seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } } }, async (bundle) => {
    const { open, machine } = counting();
    const context = { ...contextOn('/nowhere', [], machine), cgroupManager: 'disabled' as const };
    const slip = new Error('no libseccomp');
    const openSeccompLibrary = () => Promise.reject(slip);
    const broken = { ...context, host: { ...context.host, openSeccompLibrary } };
    const thrown = await prepare(broken, { ...options, bundle }, mode).catch((error: unknown) => error);
    assert.equal(thrown, slip);
    assert.equal(open.size, 0);
    const config = `${bundle}/plain.json`;
    writeFileSync(config, JSON.stringify(least));
    const prepared = await prepare(context, { ...options, bundle, config }, mode);
    assert.deepEqual([...open], [prepared.rootDirectory]);
    assert.equal(prepared.rootfs, native.realPath(`${bundle}/rootfs`));
    prepared.close();
    assert.equal(open.size, 0);
  }));

test('prepare() for run wants a process', () =>
  withBundle({}, async (bundle) => {
    const context = contextOn('/nowhere');
    const refusal = await laterFailureOf(() =>
      prepare(context, { ...options, bundle }, { ...mode, waits: false }),
    );
    assert.equal(refusal.pointer, '/process');
    assert.match(refusal.message, /no process to run/);
  }));

test('prepare() tells what will not work as it is probably meant', () =>
  withBundle({ process: { cwd: '/', args: ['x'], noNewPrivilege: true } } as object, async (bundle) => {
    const warned: string[] = [];
    const context = { ...contextOn('/nowhere', warned), cgroupManager: 'disabled' as const };
    const prepared = await prepare(context, { ...options, bundle }, mode);
    prepared.close();
    assert.ok(
      warned.some((each) => each.includes('noNewPrivilege')),
      warned.join(),
    );
  }));

test.run();
