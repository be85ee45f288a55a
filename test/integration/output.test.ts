/** Where a program's output goes that nobody stays to read: a file. */
import { strict as assert } from 'node:assert';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, withSandbox } from './support/sandbox.ts';
import { until } from './support/wait.ts';

const test = suite(`output (${runtimeKind})`);

test('run --detach and create append both streams to a file of the caller alone', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['sh', '-c', 'echo out; echo err >&2']);
    const file = join(sandbox.directory(), 'log');
    const { stdout, stderr } = expectSuccess(
      await sandbox.tsoci(['run', '--detach', '--output', file, '--bundle', directory, sandbox.id()]),
    );
    assert.equal(stdout + stderr, '');
    await until('it has written', () => readFileSync(file, 'utf8') === 'out\nerr\n');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--output', file, '--bundle', directory, id]));
    expectSuccess(await sandbox.tsoci(['start', id]));
    await until('it has written', () => readFileSync(file, 'utf8') === 'out\nerr\nout\nerr\n');
  }));

test('a foreground run too, with its exit status', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['sh', '-c', 'echo out; exit 7']);
    const file = join(sandbox.directory(), 'log');
    const { code, stdout } = await sandbox.tsoci([
      'run',
      '--output',
      file,
      '--bundle',
      directory,
      sandbox.id(),
    ]);
    assert.deepEqual([code, stdout, readFileSync(file, 'utf8')], [7, '', 'out\n']);
  }));

test('a file that cannot be written, or a terminal beside it, is refused before anything is made', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true']);
    const call = (file: string, bundle: string) =>
      sandbox.tsoci(['run', '--detach', '--output', file, '--bundle', bundle, sandbox.id()]);
    expectRefusal(await call('/nowhere/log', directory), /write the output to "\/nowhere\/log"/);
    const file = join(sandbox.directory(), 'log');
    const terminal = sandbox.bundle(['true'], (config) => {
      if (config.process) config.process.terminal = true;
    });
    const args = [
      'create',
      '--output',
      file,
      '--console-socket',
      '/nowhere',
      '--bundle',
      terminal.directory,
      sandbox.id(),
    ];
    expectRefusal(await sandbox.tsoci(args), /--output is for a process without a terminal/);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('spec --no-terminal writes a config that runs without one', () =>
  withSandbox(async (sandbox) => {
    const { directory, rootfs } = sandbox.bundle(['true']);
    const box = sandbox.directory();
    expectSuccess(await sandbox.tsoci(['spec', '--no-terminal', '--bundle', box]));
    const config = JSON.parse(readFileSync(join(box, 'config.json'), 'utf8'));
    assert.equal(config.process.terminal, false);
    const plain = sandbox.directory();
    expectSuccess(await sandbox.tsoci(['spec', '--bundle', plain]));
    const whole = JSON.parse(readFileSync(join(plain, 'config.json'), 'utf8'));
    assert.deepEqual({ ...whole, process: { ...whole.process, terminal: false } }, config);
    config.root.path = rootfs;
    config.process.args = ['echo', 'ran'];
    writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
    assert.equal(
      expectSuccess(await sandbox.tsoci(['run', '--bundle', directory, sandbox.id()])).stdout,
      'ran\n',
    );
  }));

test.run();
