/** A state directory that is full, read-only, or damaged: clear errors, and nothing of the container stays. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { cgroupsNamed, mountsNaming } from './support/leftovers.ts';
import { type CommandResult, runCommand, runtimeCommand, runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';

const test = suite(`state directory (${runtimeKind})`);

/** A tmpfs of its own, unmounted with the sandbox. */
function smallDisk(sandbox: Sandbox, options: string): string {
  const directory = sandbox.directory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=700,${options}`, 'tsoci-test', directory]);
  sandbox.onClose(() => execFileSync('umount', [directory]));
  return directory;
}

const on = (root: string, args: readonly string[]): Promise<CommandResult> =>
  runCommand([...runtimeCommand, '--root', root, ...args]);

/** Everything that is full at first gets this one file more, and is then full in earnest. */
function fill(directory: string): void {
  try {
    writeFileSync(join(directory, 'ballast'), Buffer.alloc(8 * 1024 * 1024, 1));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    return;
  }
  throw new Error('the disk is not full');
}

test('a full disk: create() and run() name it and undo everything', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true']);
    const root = smallDisk(sandbox, 'size=64k');
    expectSuccess(await on(root, ['run', '--bundle', directory, sandbox.id()]));
    fill(root);
    for (const command of ['create', 'run']) {
      const id = sandbox.id();
      const result = await on(root, [command, '--bundle', directory, id]);
      expectRefusal(result, new RegExp(`${root}.*no space left on device`, 'i'));
      assert.deepEqual(readdirSync(root), ['ballast']);
      assert.deepEqual([...cgroupsNamed(id), ...mountsNaming(id)], []);
    }
    rmSync(join(root, 'ballast'));
    expectSuccess(await on(root, ['run', '--bundle', directory, sandbox.id()]));
  }));

test('a disk that fills up while it is created: every number of free blocks', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true']);
    // Inodes: the root directory, then the container's, its record, the copy of its config, the socket, …
    const codes: (number | null)[] = [];
    for (let inodes = 2; inodes < 8; inodes++) {
      const root = smallDisk(sandbox, `nr_inodes=${inodes}`);
      const id = sandbox.id();
      const result = await on(root, ['create', '--bundle', directory, id]);
      codes.push(result.code);
      if (result.code === 0) {
        expectSuccess(await on(root, ['delete', '--force', id]));
      } else {
        expectRefusal(result, /no space left on device/i);
        assert.deepEqual(cgroupsNamed(id), []);
      }
      assert.deepEqual(readdirSync(root), []);
    }
    assert.equal(codes[0], 1);
    assert.equal(codes.at(-1), 0);
  }));

test('a read-only state directory', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true']);
    const root = smallDisk(sandbox, 'size=1m');
    expectSuccess(await on(root, ['run', '--bundle', directory, sandbox.id()]));
    execFileSync('mount', ['-o', 'remount,ro', root]);
    for (const command of ['create', 'run']) {
      const id = sandbox.id();
      expectRefusal(
        await on(root, [command, '--bundle', directory, id]),
        new RegExp(`${root}.*read-only`, 'i'),
      );
      assert.deepEqual(cgroupsNamed(id), []);
    }
    assert.equal(expectSuccess(await on(root, ['list', '-q'])).stdout, '');
  }));

test('a state directory that is a file, or below one', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true']);
    const file = join(sandbox.directory(), 'file');
    writeFileSync(file, '');
    for (const root of [file, join(file, 'below')]) {
      const result = await on(root, ['create', '--bundle', directory, sandbox.id()]);
      expectRefusal(result, new RegExp(`${file}.*not a directory`, 'i'));
    }
  }));

test('a state directory that is not there yet is made, with its parents, for its owner alone', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true']);
    const root = join(sandbox.directory(), 'a/b/c');
    expectSuccess(await on(root, ['run', '--bundle', directory, sandbox.id()]));
    assert.equal(execFileSync('stat', ['-c', '%a', root], { encoding: 'utf8' }), '700\n');
    assert.equal(expectSuccess(await on(join(root, 'd'), ['list', '-q'])).stdout, '');
    assert.ok(!existsSync(join(root, 'd')));
  }));

test('a directory without a record, as a killed create leaves it, is no container and in nobody’s way', () =>
  withSandbox(async (sandbox) => {
    const id = sandbox.id();
    mkdirSync(join(sandbox.root, id), { mode: 0o700 });
    expectRefusal(await sandbox.tsoci(['state', id]), /does not exist/);
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    assert.ok(!existsSync(join(sandbox.root, id)));
  }));

test('a pid file that cannot be written undoes the create', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true']);
    for (const file of ['/nowhere/pid', '/proc/pid', sandbox.root]) {
      const id = sandbox.id();
      const result = await sandbox.tsoci(['create', '--bundle', directory, '--pid-file', file, id]);
      expectRefusal(result, new RegExp(`pid file "${file}"`));
      assert.deepEqual(sandbox.leftovers(), []);
    }
  }));

test.run();
