/** The executable is called inside bundles, which others write: nothing there may change what it does. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';

const checkout = resolve(import.meta.dirname, '../..');
const tsoci = join(checkout, 'build', 'libexec', 'tsoci');
const haveStrace = spawnSync('strace', ['-V']).error === undefined;

const test = suite('hostile working directory');
let directory = '';
let marker = '';

/** Code that shows that it ran. */
const evil = () => `require('node:fs').writeFileSync(${JSON.stringify(marker)}, 'ran');`;

test.before(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'tsoci-hostile-')));
  marker = join(directory, 'marker');
  const write = (name: string, text: string) => writeFileSync(join(directory, name), text);
  mkdirSync(join(directory, 'rootfs'));
  for (const name of ['koffi', 'yargs', 'ajv']) {
    mkdirSync(join(directory, 'node_modules', name), { recursive: true });
    write(`node_modules/${name}/index.js`, evil());
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
  }
  write('evil.js', evil());
  write('evil.cjs', evil());
  for (const name of ['.env', '.env.local', '.env.production'])
    write(name, 'HOSTILE=yes\nNODE_OPTIONS=--require ./evil.js\n');
  write(
    'package.json',
    JSON.stringify({ name: 'tsoci', type: 'module', imports: { '#x': './evil.js' }, main: './evil.js' }),
  );
  write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: { paths: { '*': ['./evil.js'] }, jsx: 'react' } }),
  );
  for (const name of ['tsoci.node', 'tsoci-init', 'tsoci-library', 'main.js', 'index.js', 'tsoci.js'])
    write(name, evil());
});
test.before.each(() => rmSync(marker, { force: true }));
test.after(() => rmSync(directory, { recursive: true, force: true }));

/** Calls that together load every part of the program. None of them needs to succeed. */
const calls = [
  ['--version'],
  ['--help'],
  ['create', '--help'],
  ['--no-such-option'],
  ['features'],
  ['list'],
  ['state', 'tsoci-test-absent'],
  ['spec'],
  ['plan'],
  ['kill', 'tsoci-test-absent', 'KILL'],
  ['delete', '--force', 'tsoci-test-absent'],
] as const;

function run(argv: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  rmSync(join(directory, 'config.json'), { force: true });
  if (argv.includes('plan')) spawnSync(tsoci, ['spec'], { cwd: directory });
  return spawnSync(argv[0] ?? '', argv.slice(1), {
    cwd: directory,
    encoding: 'utf8',
    timeout: 20_000,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
  });
}

test('positive control: what lies there runs in an engine that the environment leads to it', () => {
  const result = run([process.execPath, '-e', ''], { NODE_OPTIONS: '--require ./evil.cjs' });
  assert.equal(result.status, 0, result.stderr);
  assert.equal(existsSync(marker), true);
});

for (const call of calls)
  test(`tsoci ${call.join(' ')} runs nothing that lies there`, () => {
    const result = run([tsoci, ...call]);
    assert.equal(result.signal, null);
    assert.equal(existsSync(marker), false);
  });

test('nothing in the directory is opened, except the bundle itself', () => {
  if (!haveStrace) return;
  const trace = join(directory, 'trace');
  const opened = new Set<string>();
  for (const call of calls) {
    run(['strace', '-f', '-y', '-s', '4096', '-e', 'trace=%file', '-o', trace, tsoci, ...call]);
    for (const line of readFileSync(trace, 'utf8').split('\n')) {
      // Relative names, and absolute ones inside; those that are relative to another open directory are that
      // directory's.
      if (/\(\d+<(?!AT_FDCWD)/.test(line)) continue;
      for (const [, path = ''] of line.matchAll(/"([^"]*)"/g)) {
        const absolute = resolve(directory, path);
        if (path !== '' && !/ execve(?:at)?\(/.test(line) && absolute.startsWith(`${directory}/`))
          opened.add(absolute.slice(directory.length + 1));
      }
    }
  }
  rmSync(trace);
  assert.equal(opened.has('config.json'), true, 'positive control: the trace shows what is opened');
  const foreign = [...opened].filter((name) => !/^(config\.json(\.\w+)*|rootfs(\/.*)?|\.)$/.test(name));
  assert.deepEqual(foreign, []);
});

test('the native parts come from the directory of the executable, however it is called', () => {
  const link = join(directory, 'linked');
  symlinkSync(tsoci, link);
  for (const argv of [[link], ['./linked'], ['sh', '-c', 'exec -a ./evil.js "$0" "$@"', link]]) {
    const result = run([...argv, 'list']);
    if (argv[0] === 'sh' && /exec: -a|not found/.test(result.stderr)) continue;
    assert.equal(result.status, 0, result.stderr);
  }
  assert.equal(existsSync(marker), false);
});

/**
 * Whatever looks like the name of a variable in the executable, and those that steer engines and C libraries
 * elsewhere.
 */
function names(): string[] {
  const text = readFileSync(tsoci, 'latin1');
  const found = new Set(
    [...text.matchAll(/(?<![A-Za-z0-9_])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*(?![A-Za-z0-9_])/g)].map(
      ([name]) => name,
    ),
  );
  for (const name of [
    'NODE_OPTIONS',
    'BUN_OPTIONS',
    'QUICKJS_OPTIONS',
    'LD_PRELOAD',
    'LD_LIBRARY_PATH',
    'MALLOC_ARENA_MAX',
    'TZ',
    'LANG',
  ])
    found.add(name);
  // What the caller says with these is what it wants to say (docs/commands.md).
  for (const name of [
    'XDG_RUNTIME_DIR',
    'USER',
    'LISTEN_FDS',
    'LISTEN_PID',
    'COLUMNS',
    'PATH',
    'NOTIFY_SOCKET',
  ])
    found.delete(name);
  return [...found].filter((name) => name.length > 2);
}

test('no variable of the environment steers it: all names that the executable contains are tried at once', () => {
  const all = names();
  assert.ok(all.length > 100, `${all.length} names`);
  for (const value of ['./evil.js', '1', directory]) {
    const environment = Object.fromEntries(all.map((name) => [name, value]));
    for (const call of [['--version'], ['plan'], ['features'], ['state', 'tsoci-test-absent']]) {
      const plain = run([tsoci, ...call]);
      const steered = run([tsoci, ...call], environment);
      assert.equal(steered.stdout, plain.stdout);
      assert.equal(steered.stderr, plain.stderr);
      assert.equal(steered.status, plain.status);
    }
  }
  assert.equal(existsSync(marker), false);
});

test.run();
