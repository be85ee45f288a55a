/** csrc/runtime against the system's C library: one program, linked with each, must say the same. */
import { strict as assert } from 'node:assert';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';

const checkout = resolve(import.meta.dirname, '../../..');
const runtime = join(checkout, 'csrc', 'runtime');
const probe = join(import.meta.dirname, 'runtime', 'probe.c');
const supported = process.arch === 'x64' || process.arch === 'arm64';

const common = [
  ...['-std=gnu17', '-O2', '-fPIE', '-D_GNU_SOURCE', '-D_FILE_OFFSET_BITS=64'],
  ...['-Wall', '-Wextra', '-Werror', '-fstack-protector-strong', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2'],
];
const freestanding = [
  ...common,
  ...(process.arch === 'x64' ? ['-mstack-protector-guard=global'] : []),
  ...['-fno-builtin', '-fno-tree-loop-distribute-patterns'],
];
const link = [
  '-nostdlib',
  '-static-pie',
  '-Wl,--no-dynamic-linker',
  '-Wl,-z,relro',
  '-Wl,-z,now',
  '-Wl,-z,text',
];

const test = suite('csrc/runtime');
let directory = '';

const sourcesIn = (place: string): string[] =>
  readdirSync(place, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(place, name));

function compile(name: string, flags: readonly string[], compiler = 'cc'): string {
  const output = join(directory, name);
  const result = spawnSync(compiler, [...flags, '-o', output], { encoding: 'utf8' });
  assert.equal(result.status, 0, result.stderr);
  return output;
}

function run(
  program: string,
  more: readonly string[] = [],
  emulator: readonly string[] = [],
): SpawnSyncReturns<string> {
  const place = join(directory, 'place');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place);
  const [command = '', ...before] = [...emulator, program];
  return spawnSync(command, [...before, 'argument', ...more], {
    cwd: place,
    env: { WORD: 'x y' },
    encoding: 'utf8',
    timeout: 10_000,
  });
}

let own = '';
let whole = '';

test.before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsoci-runtime-'));
  whole = compile('whole', [...common, probe]);
  if (!supported) return;
  own = compile('own', [...freestanding, probe, ...sourcesIn(runtime), ...link, '-lgcc']);
});
test.after(() => rmSync(directory, { recursive: true, force: true }));

const rows = supported ? test : test.skip;

rows('everything does what the C library does', () => {
  compareWhatIsPrinted(run(whole), run(own));
});

function compareWhatIsPrinted(expected: SpawnSyncReturns<string>, actual: SpawnSyncReturns<string>): void {
  assert.equal(expected.status, 42, expected.stderr);
  assert.equal(expected.stdout.split('\n').length > 1500, true, 'positive control: the probe ran');
  assert.equal(actual.signal, null);
  const differences = actual.stdout
    .split('\n')
    .map((line, index) => [line, expected.stdout.split('\n')[index]])
    .filter(([left, right]) => left !== right);
  assert.deepEqual(differences.slice(0, 5), []);
  assert.equal(actual.stdout.length, expected.stdout.length);
  assert.equal(actual.status, 42);
}

/**
 * The other processor that is supported, by Debian's cross compiler and emulator (gcc-aarch64-linux-gnu, qemu-user).
 */
const crossCompiler = 'aarch64-linux-gnu-gcc';
const emulator = ['qemu-aarch64'];
const canCross =
  process.arch === 'x64' &&
  [crossCompiler, ...emulator].every((tool) => spawnSync(tool, ['--version']).status === 0);
const cross = canCross ? test : test.skip;

cross('on aarch64 it does what the C library does there', () => {
  const flags = freestanding.filter((flag) => !flag.startsWith('-mstack'));
  const withLibrary = compile('whole-aarch64', [...common, probe, '-static'], crossCompiler);
  const withOwn = compile(
    'own-aarch64',
    [...flags, probe, ...sourcesIn(runtime), ...link, '-lgcc'],
    crossCompiler,
  );
  compareWhatIsPrinted(run(withLibrary, [], emulator), run(withOwn, [], emulator));
});

cross('the stub links for aarch64 and says what it is', () => {
  const init = join(checkout, 'csrc', 'init');
  const flags = freestanding.filter((flag) => !flag.startsWith('-mstack'));
  const program = compile(
    'init-aarch64',
    [...flags, `-I${init}`, ...sourcesIn(init), ...sourcesIn(runtime), ...link, '-Wl,-u,_start', '-lgcc'],
    crossCompiler,
  );
  const outcome = run(program, [], emulator);
  assert.equal(outcome.status, 1);
  assert.match(outcome.stderr, /^tsoci-init: the part of tsoci that becomes a container's program/);
});

rows('an overrun buffer ends the program, as with the C library', () => {
  for (const program of [whole, own]) assert.equal(run(program, ['overrun']).signal, 'SIGABRT', program);
});

rows('the secret of the stack protector is another one in each process, and has a zero byte', () => {
  const source = join(runtime, '..', '..', 'test', 'unit', 'csrc', 'runtime', 'guard.c');
  const program = compile('guard', [...freestanding, source, ...sourcesIn(runtime), ...link, '-lgcc']);
  const secrets = Array.from({ length: 4 }, () => spawnSync(program).stdout.toString('hex'));
  assert.equal(new Set(secrets).size, 4);
  for (const secret of secrets) assert.match(secret, /^00[0-9a-f]{14}$/);
});

test.run();
