/** `rootfs`: what a person lacks first. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { runCommand, runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';

const test = suite(`rootfs (${runtimeKind})`);

/** A person's first steps in an empty directory. */
async function firstSteps(sandbox: Sandbox, source: string): Promise<string> {
  const cwd = sandbox.directory();
  const call = async (...args: string[]) =>
    expectSuccess(await runCommand([...sandbox.runtime, '--root', sandbox.root, ...args], { cwd })).stdout;
  assert.equal(await call('rootfs', source), '');
  await call('spec', '--no-terminal');
  const file = join(cwd, 'config.json');
  const id = sandbox.id();
  execFileSync('sed', ['-i', 's/"sh"/"sh", "-c", "id -un; ls -d \\/tmp; echo works"/', file]);
  return call('run', id);
}

test('busybox: a shell with its commands, run as it is', () =>
  withSandbox(async (sandbox) => {
    assert.equal(await firstSteps(sandbox, 'busybox'), 'root\n/tmp\nworks\n');
  }));

test('a copy of a directory, and an archive: owners and modes are kept, the source is untouched', () =>
  withSandbox(async (sandbox) => {
    const directory = join(sandbox.directory(), 'made');
    expectSuccess(await sandbox.tsoci(['rootfs', 'busybox', directory]));
    writeFileSync(join(directory, 'etc/own'), 'x', { mode: 0o640 });
    execFileSync('chown', ['1234:4321', join(directory, 'etc/own')]);
    const archive = join(sandbox.directory(), 'made.tar.gz');
    execFileSync('tar', ['--create', '--gzip', `--file=${archive}`, `--directory=${directory}`, '.']);
    for (const source of [directory, archive]) {
      const copy = join(sandbox.directory(), 'copy');
      expectSuccess(await sandbox.tsoci(['rootfs', source, copy]));
      const { uid, gid, mode } = statSync(join(copy, 'etc/own'));
      assert.deepEqual([uid, gid, mode & 0o777], [1234, 4321, 0o640]);
      assert.equal(statSync(join(copy, 'tmp')).mode & 0o7777, 0o1777);
      assert.equal(await firstSteps(sandbox, source), 'root\n/tmp\nworks\n');
    }
  }));

test('what is not empty is left alone, and what is not there is named', () =>
  withSandbox(async (sandbox) => {
    const full = sandbox.directory();
    mkdirSync(join(full, 'mine'));
    expectRefusal(await sandbox.tsoci(['rootfs', 'busybox', full]), new RegExp(`"${full}" is not empty`));
    assert.deepEqual(readdirSync(full), ['mine']);
    const fresh = join(full, 'fresh');
    expectRefusal(await sandbox.tsoci(['rootfs', '/nowhere.tar', fresh]), /"\/nowhere\.tar" is not there/);
    expectRefusal(
      await sandbox.tsoci(['rootfs', '/etc/passwd', fresh]),
      /tar: .*not look like a tar archive/,
    );
    expectRefusal(await sandbox.tsoci(['rootfs', 'busybox', '/nowhere/rootfs']), /nowhere\/rootfs/);
  }));

test('what fails half-way leaves the place as it was, and can be tried again', () =>
  withSandbox(async (sandbox) => {
    const [there, work] = [sandbox.directory(), sandbox.directory()];
    const source = join(work, 'source');
    mkdirSync(join(source, 'etc'), { recursive: true });
    writeFileSync(join(source, 'etc/large'), 'x'.repeat(200_000));
    const whole = join(work, 'whole.tar');
    execFileSync('tar', ['--create', `--file=${whole}`, `--directory=${source}`, 'etc']);
    const cut = join(work, 'cut.tar');
    writeFileSync(cut, readFileSync(whole).subarray(0, 100_000));
    for (const place of [there, join(work, 'fresh')]) {
      expectRefusal(await sandbox.tsoci(['rootfs', cut, place]), /tar: .*EOF/);
      assert.equal(existsSync(place), place === there);
    }
    assert.deepEqual(readdirSync(there), []);
    expectSuccess(await sandbox.tsoci(['rootfs', whole, there]));
    assert.deepEqual(readdirSync(there), ['etc'], 'positive control');
  }));

test.run();
