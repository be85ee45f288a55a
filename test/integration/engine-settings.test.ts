/** What is put before the engine's entry in the shipped executable (csrc/entry), seen from outside. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import { Elf } from '../../scripts/executable/elf.ts';
import { expectSuccess, withSandbox } from './support/sandbox.ts';

const checkout = resolve(import.meta.dirname, '../..');
const tsoci = join(checkout, 'build', 'libexec', 'tsoci');
const elf = new Elf(readFileSync(tsoci));
const last = elf.segments.at(-1);
/** A build may have had to leave the settings out; it said so then. */
const preset = last !== undefined && last.address === elf.entry;

const test = suite('engine settings');
const rows = preset ? test : test.skip;

const version = (environment: Readonly<Record<string, string>>) =>
  spawnSync(tsoci, ['--version'], { encoding: 'utf8', env: { BUN_JSC_dumpOptions: '1', ...environment } });

rows('the engine has our settings, unless somebody sets others', () => {
  const ours = version({});
  assert.match(ours.stderr, /useJIT=false/);
  assert.match(ours.stdout, /^tsoci version /);
  assert.doesNotMatch(version({ BUN_JSC_useJIT: '1' }).stderr, /useJIT=false/);
});

rows('the segment of the entry is code and constants, never writable', () => {
  assert.equal(last?.flags, 5);
});

/** Runs a shell script whose soft limit of open files is 321. */
const limited = (script: string) =>
  spawnSync('sh', ['-c', `ulimit -Sn 321; ${script}`, 'sh', tsoci], { encoding: 'utf8', timeout: 20_000 });

rows(
  'the container gets the soft limit of open files that the caller had, not the one the engine takes',
  async () => {
    const control = limited(
      `exec ${process.execPath} -p "require('fs').readFileSync('/proc/self/limits', 'utf8')"`,
    );
    assert.doesNotMatch(control.stdout, /Max open files\s+321 /, 'positive control: engines raise the limit');
    await withSandbox(async (sandbox) => {
      const { directory } = sandbox.bundle(['sh', '-c', 'ulimit -Sn'], (config) => {
        if (config.process) delete config.process.rlimits;
      });
      const id = sandbox.id();
      const result = limited(`exec "$1" --root ${sandbox.root} run --bundle ${directory} ${id}`);
      expectSuccess({
        code: result.status,
        signal: result.signal,
        stdout: result.stdout,
        stderr: result.stderr,
      });
      assert.equal(result.stdout.trim(), '321');
    });
  },
);

test.run();
