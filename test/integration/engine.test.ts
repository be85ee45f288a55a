/** The engine of the shipped executable, where it is short of something, or given something that no engine likes. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import { expectSuccess, withSandbox } from './support/sandbox.ts';

const checkout = resolve(import.meta.dirname, '../..');
const tsoci = join(checkout, 'build', 'libexec', 'tsoci');

const test = suite('engine');
let directory = '';

test.before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsoci-engine-'));
  mkdirSync(join(directory, 'rootfs'));
});
test.after(() => rmSync(directory, { recursive: true, force: true }));

/** A shell script in which `tsoci` is the executable. */
function shell(script: string) {
  return spawnSync('bash', ['-c', `tsoci() { '${tsoci}' "$@"; }\n${script}`], {
    cwd: directory,
    encoding: 'utf8',
    timeout: 60_000,
  });
}

/** A bundle whose config.json is this text. */
function bundleOf(name: string, config: string): string {
  const bundle = join(directory, name);
  mkdirSync(join(bundle, 'rootfs'), { recursive: true });
  writeFileSync(join(bundle, 'config.json'), config);
  return bundle;
}

const limits = [
  ['address space', 'ulimit -v 20000'],
  ['address space, more', 'ulimit -v 500000'],
  ['stack', 'ulimit -s 64'],
  ['stack without limit, which turns the layout of memory round', 'ulimit -s unlimited'],
  ['descriptors', 'ulimit -n 5'],
  ['processes', 'ulimit -u 1'],
  ['written files', 'ulimit -f 0'],
] as const;

for (const [name, limit] of limits)
  test(`starts and plans under a small limit: ${name}`, () => {
    shell('rm -f config.json; tsoci spec');
    const plan = shell(`${limit}; tsoci plan --json`);
    assert.equal(plan.stderr, '');
    assert.equal(plan.status, 0);
    assert.ok(JSON.parse(plan.stdout));
  });

test('a hundred starts at random addresses find the place of their memory', () => {
  const result = shell('for i in $(seq 100); do tsoci --version > /dev/null || exit 1; done');
  assert.equal(result.stderr, '');
  assert.equal(result.status, 0);
});

test('closed standard streams are not taken for files that it opens', () => {
  for (const closed of ['<&-', '>&-', '2>&-', '<&- >&- 2>&-'])
    assert.equal(shell(`tsoci state tsoci-test-absent ${closed}`).status, 1, closed);
});

test('the container gets the soft limit of open files that the caller had', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['sh', '-c', 'ulimit -Sn'], (config) => {
      if (config.process) delete config.process.rlimits;
    });
    const command = `exec '${tsoci}' --root ${sandbox.root} run --bundle ${bundle.directory} ${sandbox.id()}`;
    const { status: code, signal, stdout, stderr } = shell(`ulimit -Sn 321; ${command}`);
    assert.equal(expectSuccess({ code, signal, stdout, stderr }).stdout.trim(), '321');
  }));

const deep = 200_000;
const inputs = [
  ['nested arrays', `{"ociVersion":"1.0.0","x":${'['.repeat(deep)}${']'.repeat(deep)}}`],
  ['nested objects', `${'{"x":'.repeat(deep)}1${'}'.repeat(deep)}`],
  ['nested and broken', '['.repeat(deep)],
  [
    'thousands of fields that nobody knows',
    `{${Array.from({ length: 2000 }, (_, index) => `"x${index}":1`).join(',')}}`,
  ],
  ['one long string', `{"ociVersion":"${'1'.repeat(5_000_000)}"}`],
  ['one long number', `{"ociVersion":${'1'.repeat(1_000_000)}}`],
] as const;

for (const [name, config] of inputs)
  test(`refuses in words: ${name}`, () => {
    const bundle = bundleOf(name.replaceAll(' ', '-'), config);
    for (const limit of ['', 'ulimit -v 200000; ', 'ulimit -s 256; ']) {
      const result = shell(`${limit}tsoci plan --bundle '${bundle}'`);
      assert.equal(result.status, 1, `${limit}${result.stderr.slice(0, 500)}`);
      assert.match(result.stderr, /^tsoci: /);
      assert.doesNotMatch(result.stderr, /crashed|failed \(|internal error/);
    }
  });

test('without memory for what was asked it says so in one sentence', () => {
  const many = Array.from({ length: 300_000 }, (_, index) => `"VARIABLE_${index}=${'x'.repeat(20)}"`).join(
    ',',
  );
  const bundle = bundleOf(
    'memory',
    `{"ociVersion":"1.0.0","process":{"args":["x"],"cwd":"/","env":[${many}]}}`,
  );
  const control = shell(`tsoci plan --bundle '${bundle}' 2>&1 | tail -n 1`);
  assert.doesNotMatch(control.stdout, /out of memory/, 'positive control: it can be had');
  const result = shell(`ulimit -v 30000; tsoci plan --bundle '${bundle}'`);
  assert.equal(result.status, 1);
  assert.match(
    result.stderr,
    /^tsoci: (?:out of memory|.*cannot allocate memory)[^\n]*\n(?: {2}[^\n]*\n)?$/i,
  );
});

test('a fault of the engine is one line, with a status of its own', () => {
  const result = shell(`tsoci run --help > /dev/null & wait; exec '${tsoci}' events tsoci-test-absent`);
  assert.equal(result.status, 1, 'positive control');
  // A signal that only a fault sends; the executable waits in poll(2) for its standard input to be a terminal no
  // longer.
  const crash = shell(
    `mkfifo pipe; '${tsoci}' --log pipe state tsoci-test-absent & pid=$!; sleep 0.3; kill -SEGV $pid; wait $pid; echo "status $?"; rm pipe`,
  );
  assert.match(crash.stdout, /^status 70$/m);
  assert.match(crash.stderr, /^tsoci: crashed \(Segmentation fault[^\n]*please report it[^\n]*$/m);
});

test('one file without shared libraries; its memory is neither code nor a way to other memory', () => {
  const headers = spawnSync('readelf', ['-lW', tsoci], { encoding: 'utf8' }).stdout;
  assert.doesNotMatch(headers, /INTERP|DYNAMIC/);
  assert.doesNotMatch(headers, /RWE/);
  assert.match(headers, /LOAD\s+\S+ 0x0000000048100000 .* RW /);
});

test('the clock is each process’s own, and not that of the moment when the image was made', () => {
  shell('rm -f config.json; tsoci spec');
  const ids = shell(
    `for i in 1 2 3; do tsoci --log out.$i --log-format json --debug state absent; sleep 0.02; done 2>/dev/null; cat out.*`,
  ).stdout;
  const times = [...ids.matchAll(/"time":"([^"]+)"/g)].map(([, time]) => time);
  assert.ok(new Set(times).size >= 3, ids.slice(0, 500));
  const now = Date.now();
  for (const time of times) assert.ok(Math.abs(Date.parse(time ?? '') - now) < 60_000, time);
  assert.ok(readFileSync(join(directory, 'config.json')).length > 0);
});

test.run();
