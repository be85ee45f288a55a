/**
 * Containers that run and try to lead `mounts add` and `mounts remove` out, or to have them take off what hides the
 * host from them (security.md). A directory of the host, the prey, must come out as it was.
 */
import { strict as assert } from 'node:assert';
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Mount } from '../../../src/spec/config.ts';
import type { Bundle, ConfigChange } from '../support/bundle.ts';
import { mountsNaming } from '../support/leftovers.ts';
import { type MountLine, parseMountinfo } from '../support/mountinfo.ts';
import { compileProbe } from '../support/probe.ts';
import { type CommandResult, runtimeKind } from '../support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from '../support/sandbox.ts';
import { until } from '../support/wait.ts';

const test = suite(`security: mounts of a container that runs (${runtimeKind})`);

const tmpfs = (destination: string): Mount => ({ destination, type: 'tmpfs', source: 'raced' });
const file = (destination: string, ...options: string[]): Mount => ({
  destination,
  source: '/etc/hostname',
  options: ['bind', ...options],
});

/** A container whose root filesystem an attacker writes, and something of the host. */
interface Scene {
  readonly id: string;
  readonly bundle: Bundle;
  readonly prey: string;
  mounts(action: 'add' | 'remove', ...list: readonly Mount[]): Promise<CommandResult>;
  lines(): Promise<MountLine[]>;
  /** Throws unless the prey is as it was. */
  check(): void;
}

async function running(sandbox: Sandbox, change: ConfigChange = () => undefined): Promise<Scene> {
  const prey = sandbox.directory();
  writeFileSync(join(prey, 'secret'), 'of the host\n');
  mkdirSync(join(prey, 'deep'));
  const bundle = sandbox.bundle(['sleep', '1000'], (config) => {
    if (config.root) config.root.readonly = false;
    change(config);
  });
  const id = sandbox.id();
  expectSuccess(await sandbox.tsoci(['run', '--detach', '--bundle', bundle.directory, id]));
  const { pid } = await sandbox.state(id);
  return {
    id,
    bundle,
    prey,
    mounts: (action, ...list) => sandbox.tsoci(['mounts', action, id, '-'], { input: JSON.stringify(list) }),
    lines: async () => parseMountinfo(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')),
    check: () => {
      assert.deepEqual(readdirSync(prey, { recursive: true }).sort(), ['deep', 'secret']);
      assert.equal(readFileSync(join(prey, 'secret'), 'utf8'), 'of the host\n');
      assert.deepEqual(mountsNaming(prey), [], 'something is mounted on the host');
    },
  };
}

const roads = (path: string) => [path, `${'../'.repeat(40)}${path.slice(1)}`];

test('destinations that are links lead nowhere out; links that stay inside are followed', () =>
  withSandbox(async (sandbox) => {
    const { bundle, prey, mounts, lines, check } = await running(sandbox);
    mkdirSync(join(bundle.rootfs, 'real'));
    symlinkSync('../../../real', join(bundle.rootfs, 'inside'));
    expectSuccess(await mounts('add', tmpfs('/inside/new')));
    assert.ok(
      (await lines()).some(({ target }) => target === '/real/new'),
      'positive control',
    );
    for (const road of roads(prey)) {
      for (const [target, destination] of [
        [road, '/way'],
        [road, '/way/new/directory'],
        [`${road}/dangling`, '/way'],
        [`${road}/secret`, '/way'],
      ] as const) {
        rmSync(join(bundle.rootfs, 'way'), { recursive: true, force: true });
        symlinkSync(target, join(bundle.rootfs, 'way'));
        for (const mount of [tmpfs(destination), file(destination), file(destination, 'dest-nofollow')]) {
          const { code } = await mounts('add', mount);
          check();
          // Inside, it may well have worked.
          if (code === 0) expectSuccess(await mounts('remove', mount));
        }
      }
    }
    expectSuccess(await mounts('remove', tmpfs('/inside/new')));
  }));

/** Exchanges two names forever. */
const swapper = compileProbe(
  'swapper',
  `
#include <fcntl.h>
#include <stdio.h>
int main(int count, char **names) {
    for (;;)
        for (int i = 1; i + 1 < count; i += 2)
            renameat2(AT_FDCWD, names[i], AT_FDCWD, names[i + 1], RENAME_EXCHANGE);
}
`,
);

test('destinations that turn into links to the host and back while they are mounted on and taken off', () =>
  withSandbox(async (sandbox) => {
    const { bundle, prey, mounts, lines, check } = await running(sandbox);
    const before = await lines();
    const at = (name: string) => join(bundle.rootfs, name);
    for (const name of ['a', 'b']) {
      mkdirSync(join(at(name), 'deep'), { recursive: true });
      symlinkSync(prey, at(`${name}-link`));
    }
    const child = spawn(swapper, ['a', 'a-link', 'b', 'b-link'].map(at), { stdio: 'ignore' });
    sandbox.endsWith(child);
    const list = [tmpfs('/a/deep'), file('/b/new/file')];
    let worked = 0;
    // Until we have won some, and lost some.
    for (let tries = 0; tries < 8 || worked === 0; tries++) {
      const added = await mounts('add', ...list);
      check();
      if (added.code !== 0) {
        // All of it or nothing, whoever moves what meanwhile.
        assert.deepEqual((await lines()).length, before.length, added.stderr);
        continue;
      }
      worked++;
      // What was added is found again when its place is where it was; nothing else is ever taken off.
      for (let more = true; more; ) {
        const { code } = await mounts('remove', ...list);
        check();
        more = code !== 0;
        assert.equal((await lines()).length, before.length + (more ? list.length : 0));
      }
    }
  }));

test('remove never takes off a mask, or what config.json has mounted, whatever leads there', () =>
  withSandbox(async (sandbox) => {
    const { bundle, mounts, lines } = await running(sandbox, (config) => {
      config.mounts?.push({ destination: '/hidden', type: 'tmpfs', source: 'x', options: [] });
    });
    const before = await lines();
    const [masked] = before.map(({ target }) => target).filter((target) => target.startsWith('/proc/'));
    assert.ok(masked, 'positive control: there is a mask to take off');
    expectSuccess(await mounts('add', tmpfs('/data')));
    const added = await lines();
    // The mount goes with its mount point; in its place come links to what hides something.
    renameSync(join(bundle.rootfs, 'data'), join(bundle.rootfs, 'moved'));
    for (const target of [masked, '/hidden', '/proc', '/', '/dev/shm']) {
      symlinkSync(target, join(bundle.rootfs, 'data'));
      expectRefusal(await mounts('remove', tmpfs('/data')), /is not the mount that was added there/);
      rmSync(join(bundle.rootfs, 'data'));
      assert.deepEqual(
        (await lines()).map(({ id }) => id),
        added.map(({ id }) => id),
        target,
      );
    }
    renameSync(join(bundle.rootfs, 'moved'), join(bundle.rootfs, 'data'));
    expectSuccess(await mounts('remove', tmpfs('/data')));
    assert.deepEqual(await lines(), before);
  }));

test('a /proc of the container is not what mounts are taken off by', () =>
  withSandbox(async (sandbox) => {
    const { bundle, prey, mounts, lines } = await running(sandbox, (config) => {
      config.mounts = [];
      if (config.linux) {
        config.linux.maskedPaths = [];
        config.linux.readonlyPaths = [];
      }
    });
    // Whatever number a descriptor has: it leads to a mount of the host.
    execFileSync('mount', ['-t', 'tmpfs', 'tsoci-test', prey]);
    sandbox.onClose(() => execFileSync('umount', ['-l', prey]));
    const fake = join(bundle.rootfs, 'proc/self/fd');
    mkdirSync(fake, { recursive: true });
    for (let number = 0; number < 64; number++) symlinkSync(prey, join(fake, String(number)));
    const before = await lines();
    const list = [tmpfs('/x'), file('/y')];
    expectRefusal(await mounts('add', ...list, file('/bin')), /mounts\[2\]/);
    assert.deepEqual(await lines(), before);
    expectSuccess(await mounts('add', ...list));
    expectSuccess(await mounts('remove', ...list));
    assert.deepEqual(await lines(), before);
    assert.equal(mountsNaming(prey).length, 1, 'the mount of the host is there');
  }));

test('what the container mounts over an added mount does not save that from being taken off', () =>
  withSandbox(async (sandbox) => {
    const { id, mounts, lines } = await running(sandbox, (config) => {
      for (const set of ['bounding', 'effective', 'permitted'] as const)
        config.process?.capabilities?.[set]?.push('CAP_SYS_ADMIN');
    });
    const before = await lines();
    const cover = ['exec', id, 'sh', '-c', 'for n in 1 2 3; do mount -t tmpfs cover /x; done'];
    expectSuccess(await mounts('add', tmpfs('/x')));
    expectSuccess(await sandbox.tsoci(cover));
    assert.equal((await lines()).length, before.length + 4, 'positive control');
    // Its place is covered: who asks by the name finds another mount, and nothing is done.
    expectRefusal(await mounts('remove', tmpfs('/x')), /is not the mount that was added/);
    expectSuccess(await sandbox.tsoci(['exec', id, 'sh', '-c', 'umount /x; umount /x; umount /x']));
    // Covered while it is taken off: the one below is tried for until it is gone.
    const again = 'while mount -t tmpfs cover /x 2>/dev/null && umount /x; do :; done';
    const covering = sandbox.tsoci(['exec', id, 'sh', '-c', again], { timeout: 280_000 });
    await until('it is off', async () => (await mounts('remove', tmpfs('/x'))).code === 0);
    assert.deepEqual(
      (await lines()).filter(({ source }) => source === 'raced'),
      [],
    );
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    await covering;
  }));

test('a container whose process has another root, or which moves a mount away, does not make it seem gone', () =>
  withSandbox(async (sandbox) => {
    const { id, bundle, mounts, lines } = await running(sandbox, (config) => {
      if (config.process)
        config.process.args = [
          'sh',
          '-c',
          'until test -e /go; do sleep 0.05; done; exec chroot /jail /bin/sleep 1000',
        ];
      for (const set of ['bounding', 'effective', 'permitted'] as const)
        config.process?.capabilities?.[set]?.push('CAP_SYS_CHROOT');
    });
    expectSuccess(
      await sandbox.tsoci(['exec', id, 'sh', '-c', 'mkdir -p /jail/bin; cp /bin/busybox /jail/bin/sleep']),
    );
    expectSuccess(await mounts('add', tmpfs('/x/y'), tmpfs('/z')));
    writeFileSync(join(bundle.rootfs, 'go'), '');
    await until('it has another root', async () => !(await lines()).some(({ target }) => target === '/z'));
    renameSync(join(bundle.rootfs, 'x'), join(bundle.rootfs, 'away'));
    expectRefusal(await mounts('remove', tmpfs('/x/y')), /opening "\/x\/y" inside the root/);
    const { stderr } = expectSuccess(await mounts('remove', tmpfs('/z')));
    assert.equal(stderr, '');
    const seen = expectSuccess(await sandbox.tsoci(['exec', id, 'cat', '/proc/self/mountinfo'])).stdout;
    assert.deepEqual(
      parseMountinfo(seen).flatMap(({ source, target }) => (source === 'raced' ? [target] : [])),
      ['/away/y'],
    );
  }));

test('a mount below another by a link goes with it, and the rest of the list as well', () =>
  withSandbox(async (sandbox) => {
    const { id, mounts, lines } = await running(sandbox);
    const before = await lines();
    expectSuccess(await sandbox.tsoci(['exec', id, 'sh', '-c', 'mkdir -p /far/away; ln -s /far/away /l']));
    const list = [tmpfs('/far/away'), tmpfs('/l/x'), tmpfs('/z')];
    expectSuccess(await mounts('add', ...list));
    assert.equal((await lines()).length, before.length + 3, 'positive control');
    expectSuccess(await mounts('remove', ...list));
    assert.deepEqual(await lines(), before);
  }));

test('who may trace everything in the container sees no process of ours there', () =>
  withSandbox(async (sandbox) => {
    const { id, bundle, mounts, lines } = await running(sandbox, (config) => {
      for (const set of ['bounding', 'effective', 'permitted'] as const)
        config.process?.capabilities?.[set]?.push('CAP_SYS_PTRACE');
    });
    const before = await lines();
    // Looks at every process that is no busybox, until it is told to end.
    const script =
      'while ! test -e /stop; do for p in /proc/[0-9]*; do case $(readlink $p/exe) in /bin/busybox|"") ;; *) ls -l $p/exe $p/fd >> /found;; esac; done; touch /looked; done';
    // It goes on until the rounds below have ended, however slow the machine is.
    const watching = sandbox.tsoci(['exec', id, 'sh', '-c', script], { timeout: 280_000 });
    const at = (name: string) => join(bundle.rootfs, name);
    await until('the first look', () => existsSync(at('looked')));
    for (let tries = 0; tries < 20; tries++) {
      expectSuccess(await mounts('add', tmpfs('/x'), file('/y')));
      expectSuccess(await mounts('remove', tmpfs('/x'), file('/y')));
    }
    assert.ok(!existsSync(at('found')), 'nothing was seen');
    // Positive control: the process of an exec is one of the container from its beginning on.
    await until('the process of an exec is seen', async () => {
      expectSuccess(await sandbox.tsoci(['exec', id, 'true']));
      return existsSync(at('found'));
    });
    writeFileSync(at('stop'), '');
    expectSuccess(await watching);
    assert.deepEqual(await lines(), before);
  }));

test.run();
