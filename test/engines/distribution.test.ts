/**
 * What `make package` makes: the same bytes wherever and whenever it is built, and a .deb that works in a fresh
 * Debian.
 */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import { testConfig } from '../integration/support/bundle.ts';
import { testWhere } from '../integration/support/skip.ts';
import { makeFreshDebian } from './support/fresh-debian.ts';

const checkout = resolve(import.meta.dirname, '../..');
const packages = join(checkout, 'build/package');
/** Made by test/vm/debian. */
const debian = join(process.env['TSOCI_VM_CACHE'] ?? '/var/tmp/tsoci-test-vm', 'debian/plain');
const test = suite('distribution');
const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { version: string };

function succeed(argv: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): string {
  const { status, stdout, stderr } = spawnSync(argv[0] ?? '', argv.slice(1), {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  });
  assert.equal(status, 0, `${argv.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

const sums = (directory: string) => readFileSync(join(directory, 'SHA256SUMS'), 'utf8');

test('make package: a tarball, a .deb and their checksums', () => {
  succeed(['make', 'package'], { cwd: checkout });
  succeed(['sha256sum', '--check', 'SHA256SUMS'], { cwd: packages });
  assert.match(sums(packages), new RegExp(`tsoci-${version}-linux-\\w+\\.tar\\.gz\n`));
  assert.match(sums(packages), new RegExp(`tsoci_${version}_\\w+\\.deb\n`));
});

test('another build, in another place, with another umask, locale and time zone, is the same', () => {
  const place = mkdtempSync(join(tmpdir(), 'tsoci-other-place-'));
  try {
    // The sources as they are here, and nothing of what was built: the engine is compiled again.
    const copy = join(place, 'a place with blanks');
    succeed(['git', 'clone', '--quiet', '--no-hardlinks', checkout, copy]);
    const files = 'git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$1"';
    succeed(['sh', '-c', files, 'sh', copy], { cwd: checkout });
    // With new times, or make would have npm fetch them again.
    succeed(['cp', '-r', join(checkout, 'node_modules'), copy]);
    const env = { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'Asia/Tokyo', TSOCI_INSTALL: 'no' };
    succeed(['sh', '-c', 'umask 077; make package'], { cwd: copy, env });
    assert.equal(sums(join(copy, 'build/package')), sums(packages));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

test('the tarball works where it is unpacked, and from /usr/local', () => {
  const place = mkdtempSync(join(tmpdir(), 'tsoci-unpacked-'));
  try {
    const name = `tsoci-${version}-linux-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}`;
    succeed(['tar', '-xzf', join(packages, `${name}.tar.gz`), '-C', place]);
    for (const file of ['man/man8/tsoci-run.8', 'bash-completion/completions/tsoci', 'doc/tsoci/copyright'])
      assert.ok(existsSync(join(place, name, 'share', file)), file);
    assert.match(succeed([join(place, name, 'bin/tsoci'), '--version']), new RegExp(`version ${version}\n`));
    mkdirSync(join(place, 'prefix'));
    const strip = ['--strip-components=1', '-C', join(place, 'prefix')];
    succeed(['tar', '-xzf', join(packages, `${name}.tar.gz`), ...strip]);
    assert.match(succeed([join(place, 'prefix/bin/tsoci'), 'features']), /"ociVersionMax"/);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

const noRpm = spawnSync('rpmbuild', ['--version']).status === 0 ? '' : 'no rpmbuild here';
testWhere(test, noRpm === '', noRpm, 'the .rpm holds the same files', async () => {
  const file = join(packages, `tsoci-${version}-1.${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.rpm`);
  const listed = succeed(['rpm', '--query', '--package', '--list', file]);
  for (const path of ['/usr/bin/tsoci', '/usr/libexec/tsoci/tsoci-init', '/usr/share/man/man8/tsoci.8.gz'])
    assert.ok(listed.split('\n').includes(path), `${path} in ${listed}`);
  assert.match(succeed(['rpm', '--query', '--package', '--requires', file]), /libc\.so\.6\(GLIBC_2\.\d+\)/);
});

const reason = existsSync(debian)
  ? undefined
  : 'its root filesystem is not there: make test-engines makes it';
testWhere(
  test,
  reason === undefined,
  reason ?? '',
  'the .deb, installed in a fresh Debian, runs a container; removed, it leaves nothing',
  async () => {
    const fresh = makeFreshDebian(debian);
    try {
      const file = succeed(['sh', '-c', `echo ${packages}/*.deb`]).trim();
      const before = fresh.files();
      fresh.put(file, '/tsoci.deb');
      // What the package does not depend on is not there: no libseccomp was asked for, and no container engine.
      fresh.run('dpkg --install /tsoci.deb');
      assert.match(fresh.run('tsoci --version'), new RegExp(`^tsoci version ${version}\n`));
      assert.equal(fresh.run('dpkg --verify tsoci'), '');
      assert.equal(fresh.run('command -v tsoci').trim(), '/usr/bin/tsoci');
      fresh.bundle('/bundle', testConfig(['sh', '-c', 'echo inside; hostname; exit 3']));
      const told = fresh.run('tsoci run --bundle /bundle mine || echo "status $?"; tsoci list --quiet');
      assert.equal(told, 'inside\ntsoci\nstatus 3\n');
      fresh.run('tsoci run --detach --bundle /bundle mine && tsoci delete --force mine');
      fresh.run('dpkg --purge tsoci; rm -rf /bundle /tsoci.deb');
      assert.deepEqual(
        fresh.files().filter((path) => !before.includes(path)),
        [],
      );
    } finally {
      fresh.remove();
    }
  },
);

test.run();
