/**
 * The README by its word: each block is pasted into an empty directory, on a terminal of 80 columns and without one.
 */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import { OrdinaryUser, whyNot } from './support/ordinary-user.ts';
import { runCommand, runtimeKind } from './support/runtime.ts';
import { expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';
import { commandOnTerminal } from './support/terminal.ts';

const test = suite(`readme (${runtimeKind})`);

const checkout = resolve(import.meta.dirname, '../..');
const readme = readFileSync(join(checkout, 'README.md'), 'utf8');

/** The first block in this language under a heading. */
function block(heading: string, language: string): string {
  const begin = readme.indexOf(`\n## ${heading}\n`);
  assert.ok(begin >= 0, `README.md has "${heading}"`);
  const section = readme.slice(begin + 1).split('\n## ')[0] ?? '';
  const text = section.split(/^```/m).find((part, i) => i % 2 === 1 && part.startsWith(`${language}\n`));
  assert.ok(text !== undefined, `"${heading}" has a block of ${language}`);
  return text.slice(language.length + 1);
}

interface Desk {
  readonly cwd: string;
  readonly id: string;
  readonly env: NodeJS.ProcessEnv;
}

/** An empty directory, and a `tsoci` on the PATH that keeps its state in `root`. */
function desk(sandbox: Sandbox, cwd = sandbox.directory(), root = sandbox.root): Desk {
  const bin = sandbox.directory();
  chmodSync(bin, 0o755);
  const words = [...sandbox.runtime, '--root', root].map((word) => `'${word}'`).join(' ');
  writeFileSync(join(bin, 'tsoci'), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  return { cwd, id: sandbox.id(), env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` } };
}

/** The text with this test's own container in place of "mine": others may be at the same page. */
const named = (text: string, id: string): string => text.replaceAll(/\bmine\b/g, id);

const shown = [
  /^tsoci$/m,
  /^uid=0\(root\) gid=0\(root\)/m,
  /^PHASE +OPERATION +FROM +DETAILS$/m,
  /^exec +execute /m,
  / sleep 1000$/m,
  /^tsoci-test-\S+ +\d+ +running /m,
  /^ID +CPU +MEMORY .*PRESSURE$/m,
  /^at work$/m,
];

test('a first container, pasted: each command succeeds, shows what the page says, and nothing is left', () =>
  withSandbox(async (sandbox) => {
    const { cwd, id, env } = desk(sandbox);
    const input = named(block('A first container', 'sh'), id);
    const { stdout, stderr } = expectSuccess(await runCommand(['sh', '-e'], { cwd, env, input }));
    for (const pattern of shown) assert.match(stdout, pattern);
    assert.equal(stderr, '');
    assert.deepEqual(readdirSync(cwd).sort(), ['config.json', 'rootfs', `${id}.log`].sort());
    assert.equal((await sandbox.tsoci(['list', '--quiet'])).stdout, '');
  }));

test('the same in front of a terminal of 80 columns: no line of plan and stats is broken', () =>
  withSandbox(async (sandbox) => {
    const { cwd, id, env } = desk(sandbox);
    const lines = named(block('A first container', 'sh'), id).replaceAll(/ +#.*$/gm, '');
    const shell = ['sh', '-c', 'stty cols 80 -echo; export PS1= PS2=; exec sh -i'];
    const type = `${lines}\necho the ''end\nexit\n`;
    const { output, restored, code } = await commandOnTerminal(
      ['sh', '-c', `${shell[2]}`],
      [{ expect: '^', type }, { expect: 'the end' }],
      { cwd, env },
    );
    const text = output.replaceAll('\r\n', '\n');
    assert.equal(code, 0, text);
    for (const pattern of shown) assert.match(text, pattern);
    // What list shows is as wide as the path of the bundle, and so for runc.
    const wide = text.split('\n').filter((line) => line.length > 80 && !line.includes(cwd));
    assert.deepEqual(
      wide.filter((line) => !line.startsWith(id) && !line.startsWith('ID  ')),
      [],
    );
    assert.ok(restored || /the end/.test(text));
  }));

test('every help fits a terminal of 80 columns', () =>
  withSandbox(async (sandbox) => {
    const { cwd, env } = desk(sandbox);
    const script =
      'stty cols 80; tsoci help; for name in $(tsoci help | sed -n "s/^  tsoci \\([a-z]*\\) .*/\\1/p"); do tsoci help "$name"; done';
    const { output, code } = await commandOnTerminal(['sh', '-c', script], [], { cwd, env });
    assert.equal(code, 0, output);
    const lines = output.split('\r\n');
    assert.ok(lines.length > 200, output);
    assert.equal(
      lines.find((line) => line.length > 80),
      undefined,
    );
  }));

const reason = whyNot();
testWhere(test, reason === undefined, reason ?? '', 'without root, pasted by an ordinary user', () =>
  withSandbox(async (sandbox) => {
    const user = new OrdinaryUser(sandbox);
    const { cwd, id, env } = desk(sandbox, user.ownDirectory(), user.root);
    const script = `set -e\n${named(block('Without root', 'sh'), id)}`;
    const result = await user.command(['sh', '-c', script], { cwd, env: { PATH: env['PATH'] } });
    assert.match(
      expectSuccess(result).stdout,
      /^uid=0\(root\) gid=0\(root\).*\n +0 +54321 +1\n( +1 +900000 +65536\n)?$/,
    );
  }),
);

test("the library's lines, on Node", () =>
  withSandbox(async (sandbox) => {
    const { cwd, id, env } = desk(sandbox);
    const bundle = `${block('A first container', 'sh').split('tsoci plan')[0]}`;
    expectSuccess(await runCommand(['sh', '-e'], { cwd, env, input: bundle }));
    mkdirSync(join(cwd, 'node_modules'));
    symlinkSync(checkout, join(cwd, 'node_modules/tsoci'));
    const text = named(block('As a library', 'js'), id);
    assert.ok(text.includes("'/run/tsoci'"));
    writeFileSync(join(cwd, 'host.mjs'), text.replace('/run/tsoci', sandbox.root));
    const { stdout } = expectSuccess(await runCommand([process.execPath, 'host.mjs'], { cwd }));
    assert.match(stdout, new RegExp(`^${id} (running|stopped)$`, 'm'));
    assert.match(stdout, /^uid=0\(root\)/m);
    assert.match(stdout, new RegExp(`^${id} ended with 0$`, 'm'));
    assert.equal((await sandbox.tsoci(['list', '--quiet'])).stdout, '');
  }));

test('install puts what the page lists where it says; what is needed to build is named', () =>
  withSandbox(async (sandbox) => {
    const to = sandbox.directory();
    execFileSync('make', ['--silent', '-o', 'build', 'install', `DESTDIR=${to}`], {
      cwd: checkout,
      stdio: 'pipe',
    });
    const listed = block('Install', '')
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    assert.deepEqual(readdirSync(join(to, 'usr/local/libexec/tsoci')).sort(), listed.sort());
    assert.deepEqual(readdirSync(join(to, 'usr/local')).sort(), ['bin', 'libexec', 'share']);
    const told = await runCommand([join(to, 'usr/local/bin/tsoci'), '--version']);
    assert.match(expectSuccess(told).stdout, /^tsoci version /);
    const makefile = readFileSync(join(checkout, 'Makefile'), 'utf8');
    const recipes = ['tools', '$(stamps)/executable'].map(
      (name) => makefile.split(`\n${name}:`)[1]?.split('\n\n')[0],
    );
    const words = recipes.flatMap((recipe) => /need\.sh (.*)/.exec(recipe ?? '')?.[1]?.split(' ') ?? []);
    assert.ok(words.includes('wasm2c=wabt') && words.includes('cc=gcc'), words.join(' '));
    for (const word of words)
      assert.match(readme, new RegExp(`\\(Debian: .*${word.split('=').at(-1)?.replaceAll('+', '\\+')}`));
    for (const [, target] of block('Install', 'console').matchAll(/^\$ make (\S+)/gm))
      assert.ok(makefile.includes(`\n${target}:`), `make ${target}`);
  }));

test('each measured number stands in docs/performance.md, and each link leads somewhere', async () => {
  const measured = readFileSync(join(checkout, 'docs/performance.md'), 'utf8');
  const table = readme.split('\n').filter((line) => /\| [\d.]+ (ms|KiB|MiB) \|$/.test(line));
  assert.equal(table.length, 3);
  for (const cell of table.flatMap((line) => line.split('|').slice(2, -1))) {
    const number = cell.trim().replace(/ ms$/, '').replaceAll('.', '\\.');
    assert.ok(
      new RegExp(`(^|[| ])${number}[ |(]`, 'm').test(measured),
      `${cell} is not in docs/performance.md`,
    );
  }
  for (const [, target = ''] of readme.matchAll(/\]\((?!https?:)([^)#]+)/g))
    assert.ok(existsSync(join(checkout, target)), target);
});

test.run();
