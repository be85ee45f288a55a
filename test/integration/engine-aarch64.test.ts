/**
 * The executable for aarch64, where its cross compiler and an emulator are: built around the same image, and started.
 */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';

const checkout = resolve(import.meta.dirname, '../..');
const have = (program: string) => spawnSync(program, ['--version']).status === 0;
const compiler = 'aarch64-linux-gnu-gcc';
const emulator = ['qemu-aarch64', 'qemu-aarch64-static'].find(have);

const test = suite('engine on aarch64');
const possible = have(compiler) && emulator !== undefined;
if (!possible)
  console.log(
    `needs ${compiler} and qemu-aarch64 (Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)`,
  );
const rows = possible ? test : test.skip;

let directory = '';
test.before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsoci-aarch64-'));
});
test.after(() => rmSync(directory, { recursive: true, force: true }));

const native = join(checkout, 'build', 'libexec', 'tsoci');

rows('it is built, starts, and says the same as the one for this machine', () => {
  const program = join(directory, 'tsoci');
  const words = ['--import', 'tsx', join(checkout, 'scripts', 'build-executable.ts'), program, '--aarch64'];
  const build = spawnSync(process.execPath, words, { cwd: checkout, encoding: 'utf8', timeout: 280_000 });
  assert.equal(build.status, 0, build.stderr);
  const kind = spawnSync('readelf', ['-h', program], { encoding: 'utf8' }).stdout;
  assert.match(kind, /AArch64/);
  mkdirSync(join(directory, 'rootfs'));
  const run = (argv: readonly string[]) =>
    spawnSync(argv[0] ?? '', argv.slice(1), { cwd: directory, encoding: 'utf8', timeout: 60_000 });
  for (const call of [
    ['--version'],
    ['--help'],
    ['spec'],
    ['state', 'tsoci-test-absent'],
    ['--no-such-option'],
  ]) {
    rmSync(join(directory, 'config.json'), { force: true });
    const here = run([native, ...call]);
    rmSync(join(directory, 'config.json'), { force: true });
    const there = run([emulator ?? '', program, ...call]);
    assert.equal(there.stdout, here.stdout, call.join(' '));
    assert.equal(there.stderr, here.stderr, call.join(' '));
    assert.equal(there.status, here.status, call.join(' '));
  }
  // Deep recursion ends in an error here as well: the stack switch, and the frames of another machine.
  writeFileSync(join(directory, 'config.json'), `${'['.repeat(200_000)}`);
  const deep = run([emulator ?? '', program, 'plan']);
  assert.equal(deep.status, 1);
  assert.match(deep.stderr, /^tsoci: /);
});

test.run();
