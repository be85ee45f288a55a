/**
 * The image in the executable is the same wherever and whenever it is made, and holds nothing of the machine that
 * made it.
 */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, hostname, release, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';

const checkout = resolve(import.meta.dirname, '../..');
const work = join(checkout, 'build', 'engine');
const freeze = join(work, 'tsoci.freeze');
const executable = join(checkout, 'build', 'libexec', 'tsoci');

const test = suite('image');
/** An installed package has no build directory. */
const rows = existsSync(freeze) ? test : test.skip;

let directory = '';
test.before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsoci-image-'));
});
test.after(() => rmSync(directory, { recursive: true, force: true }));

/** Compiles and freezes the bundle again, as another machine would. */
function make(name: string, environment: Readonly<Record<string, string>>, cwd: string): Buffer {
  const [bytecode, image, values] = ['bytecode', 'image', 'values.c'].map((ending) =>
    join(directory, `${name}.${ending}`),
  ) as [string, string, string];
  for (const words of [
    ['compile', join(work, 'tsoci.js'), bytecode],
    ['image', bytecode, image, values],
  ]) {
    const { status, stderr } = spawnSync(freeze, words, { cwd, env: environment, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }
  return Buffer.concat([readFileSync(image), readFileSync(values)]);
}

rows('two builds give the same bytes, in another directory, environment and moment', () => {
  const first = make('first', {}, '/');
  const second = make(
    'second',
    { ...(process.env as Record<string, string>), TZ: 'Asia/Tokyo', LANG: 'de_DE.UTF-8' },
    directory,
  );
  assert.equal(first.equals(second), true);
  const built = Buffer.concat([
    readFileSync(join(work, 'tsoci.image')),
    readFileSync(join(work, 'tsoci.values.c')),
  ]);
  assert.equal(first.equals(built), true, 'the executable has that image');
});

rows('the executable holds no path, name, time or variable of the machine that built it', () => {
  const bytes = readFileSync(executable);
  assert.ok(bytes.includes('tsoci version '), 'positive control: text is found');
  const wide = Buffer.from('tsoci version ', 'utf16le');
  assert.equal(bytes.includes(wide), false, 'and stands there in one byte a letter');
  const values = Object.entries(process.env)
    .filter(([name]) => !['PWD', 'OLDPWD', '_', 'SHLVL', 'TSOCI_TEST_ON'].includes(name))
    .map(([, value]) => value ?? '');
  const year = String(new Date().getFullYear());
  const traces = [checkout, tmpdir(), homedir(), hostname(), release(), `${year}-`, ...values];
  // Words that the program itself says.
  const own = new Set([
    'root',
    'linux',
    'true',
    'false',
    'bash',
    'sh',
    '/',
    'C',
    '/tmp',
    '/root',
    'C.UTF-8',
    'xterm',
    'noninteractive',
    // A rule of the audit names it, and OpenSSL's SSL_CERT_DIR does on many machines.
    '/etc/ssl/certs',
  ]);
  for (const trace of new Set(traces)) {
    if (trace.length < 6 || own.has(trace) || trace === process.env['PATH']) continue;
    assert.equal(bytes.includes(trace), false, trace);
    assert.equal(bytes.includes(Buffer.from(trace, 'utf16le')), false, trace);
  }
});

test.run();
