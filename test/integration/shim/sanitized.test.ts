/**
 * The shim's C on Node, built with the address and undefined-behaviour sanitizers: streams and root filesystems once
 * more on it.
 */
import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';

const test = suite('shim: sanitized');
const repository = resolve(import.meta.dirname, '../../..');
const libexec = mkdtempSync(join(tmpdir(), 'tsoci-sanitized-'));
test.after(() => rmSync(libexec, { recursive: true, force: true }));

const library = (name: string) =>
  execFileSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();

test.before(() => {
  const config = readFileSync(join(repository, 'build/config.gypi'), 'utf8');
  const headers = join(/"nodedir": "([^"]+)"/.exec(config)?.[1] ?? '', 'include/node');
  const sources = ['csrc/addon', 'csrc/addon/shim'].flatMap((directory) =>
    readdirSync(join(repository, directory))
      .filter((name) => name.endsWith('.c'))
      .map((name) => join(repository, directory, name)),
  );
  mkdirSync(libexec, { recursive: true });
  execFileSync('gcc', [
    ...['-std=gnu17', '-g', '-O0', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8', '-D_GNU_SOURCE'],
    ...['-isystem', headers, '-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
    ...['-o', join(libexec, 'tsoci.node'), ...sources, '-lpthread'],
  ]);
});

for (const file of ['test/unit/shim/task/streams.test.ts', 'test/integration/shim/rootfs.test.ts'])
  test(file, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', file], {
      cwd: repository,
      encoding: 'utf8',
      timeout: 100_000,
      env: {
        ...process.env,
        LD_PRELOAD: `${library('libasan.so')} ${library('libubsan.so')}`,
        // Node itself frees nothing at its end.
        ASAN_OPTIONS: 'detect_leaks=0',
        TSOCI_LIBEXEC: libexec,
      },
    });
    assert.doesNotMatch(stdout + stderr, /Sanitizer|runtime error/);
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /Passed: +\d\d/);
  });

test('positive control: the addon that was loaded is the sanitized one', () => {
  const symbols = execFileSync('nm', ['-D', join(libexec, 'tsoci.node')], { encoding: 'utf8' });
  assert.match(symbols, /__asan_report_store/);
});

test.run();
