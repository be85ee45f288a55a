/** What a programmer chooses, and what is chosen for them: defaults, streams, terminals, errors and warnings. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { suite } from 'uvu';
import * as tsoci from '../../src/index.ts';
import { type Sandbox, withSandbox } from './support/sandbox.ts';
import { until } from './support/wait.ts';

const test = suite('library: use');

const open = (sandbox: Sandbox) => tsoci.openRuntime({ root: sandbox.root });

async function textOf(stream: Readable | undefined): Promise<string> {
  assert.ok(stream);
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

/** A running container that sleeps. */
async function running(sandbox: Sandbox, runtime: tsoci.Runtime): Promise<string> {
  const id = sandbox.id();
  await tsoci.create(runtime, { id, bundle: sandbox.script('exec sleep 1000').directory });
  await tsoci.start(runtime, id);
  return id;
}

const failure = async (promise: Promise<unknown>): Promise<tsoci.Failure> => {
  const [result] = await Promise.allSettled([promise]);
  assert.ok(result?.status === 'rejected' && result.reason instanceof tsoci.Failure, 'it succeeded');
  return result.reason;
};

test('pipes of a created container are Node streams', () =>
  withSandbox(async (sandbox) => {
    const runtime = open(sandbox);
    const id = sandbox.id();
    const { directory } = sandbox.script('read line; echo "got $line"; echo bad >&2; exit 3');
    const container = await tsoci.create(runtime, { id, bundle: directory, streams: 'pipe' });
    await tsoci.start(runtime, id);
    container.stdin?.end('words\n');
    const [out, err, exit] = await Promise.all([
      textOf(container.stdout),
      textOf(container.stderr),
      tsoci.wait(runtime, id),
    ]);
    assert.deepEqual([out, err, exit.code], ['got words\n', 'bad\n', 3]);
    await tsoci.remove(runtime, id);
  }));

test('files, descriptors and nothing at all are streams, too', () =>
  withSandbox(async (sandbox) => {
    const runtime = open(sandbox);
    const id = await running(sandbox, runtime);
    const directory = sandbox.directory();
    const [input, output] = [join(directory, 'input'), join(directory, 'output')];
    writeFileSync(input, 'of a file');
    const descriptor = openSync(join(directory, 'errors'), 'w');
    const args = ['sh', '-c', 'cat; echo told >&2'];
    for (let turn = 0; turn < 2; turn++) {
      const each = await tsoci.exec(runtime, id, {
        args,
        streams: { stdin: { file: input }, stdout: { file: output }, stderr: descriptor },
      });
      assert.equal((await each.exited).code, 0);
      assert.equal(each.stdout, undefined);
    }
    closeSync(descriptor);
    assert.equal(readFileSync(output, 'utf8'), 'of a fileof a file', 'appended');
    assert.equal(statSync(output).mode & 0o777, 0o600);
    assert.equal(readFileSync(join(directory, 'errors'), 'utf8'), 'told\ntold\n');
    const links = await tsoci.exec(runtime, id, {
      args: ['sh', '-c', 'readlink /proc/self/fd/0'],
      streams: { stdin: 'ignore', stdout: 'pipe' },
    });
    assert.equal(await textOf(links.stdout), '/dev/null\n');
    await tsoci.remove(runtime, id, { force: true });
  }));

test('a stream that cannot be opened starts nothing and leaves no descriptor', () =>
  withSandbox(async (sandbox) => {
    const runtime = open(sandbox);
    const id = await running(sandbox, runtime);
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    const missing = { stdin: 'pipe', stdout: { file: '/nonexistent/output' } } as const;
    const refused = await failure(tsoci.exec(runtime, id, { args: ['true'], streams: missing }));
    assert.match(refused.message, /\/nonexistent\/output/);
    const unknown = await failure(tsoci.exec(runtime, id, { args: ['/no-such-program'], streams: 'pipe' }));
    assert.equal(unknown.code, 'exec');
    // The streams of a program that ended close when Node comes to it.
    await until('its descriptors are closed', () => descriptors() === before);
    await tsoci.remove(runtime, id, { force: true });
  }));

test('terminals of exec, create and run come to the program, which tells them their size', () =>
  withSandbox(async (sandbox) => {
    const runtime = open(sandbox);
    const id = await running(sandbox, runtime);
    const script = 'test -t 0 && test -t 1 && echo terminal; read line; stty size';
    const withTerminal = sandbox.script(script, (config) => {
      Object.assign(config.process ?? {}, { terminal: true });
    });
    const created = sandbox.id();
    const ran = sandbox.id();
    const container = await tsoci.create(runtime, { id: created, bundle: withTerminal.directory });
    await tsoci.start(runtime, created);
    const all = [
      container,
      await tsoci.exec(runtime, id, { args: ['sh', '-c', script], tty: true }),
      await tsoci.run(runtime, { id: ran, bundle: withTerminal.directory }),
    ];
    for (const each of all) {
      each.resize({ rows: 33, columns: 101 });
      each.terminal?.write('go\n');
      const text = await textOf(each.terminal);
      assert.match(text, /terminal\r?\n/);
      assert.match(text, /33 101\r?\n/);
      assert.equal((await each.exited).code, 0);
      assert.throws(() => each.resize({ rows: 1, columns: 1 }), /any more/);
    }
    assert.equal(existsSync(join(sandbox.root, ran)), false);
    await tsoci.remove(runtime, created);
    await tsoci.remove(runtime, id, { force: true });
  }));

test('all that was written to a terminal is read before its end, which is told once and closes it', () =>
  withSandbox(async (sandbox) => {
    const runtime = open(sandbox);
    const id = await running(sandbox, runtime);
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const round = async () => {
      const each = await tsoci.exec(runtime, id, { args: ['seq', '20000'], tty: true });
      let ends = 0;
      each.terminal?.on('end', () => ends++);
      const lines = (await textOf(each.terminal)).trimEnd().split(/\r?\n/);
      await each.exited;
      assert.deepEqual([lines.length, lines.at(-1), ends], [20_000, '20000', 1]);
    };
    await round();
    const before = descriptors();
    for (let turn = 0; turn < 5; turn++) await round();
    const dropped = await tsoci.exec(runtime, id, { args: ['sleep', '1000'], tty: true });
    dropped.terminal?.destroy();
    assert.equal((await dropped.exited).signal, 1, 'the hang-up ends who does not read');
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(descriptors(), before);
    await tsoci.remove(runtime, id, { force: true });
  }));

test('run removes what it ran, unless it is to be kept, and this program goes on', () =>
  withSandbox(async (sandbox) => {
    const runtime = open(sandbox);
    const { directory } = sandbox.script('exit 6');
    const [gone, kept] = [sandbox.id(), sandbox.id()];
    const first = await tsoci.run(runtime, { id: gone, bundle: directory });
    const second = await tsoci.run(runtime, { id: kept, bundle: directory, keep: true });
    assert.deepEqual([(await first.exited).code, (await second.exited).code], [6, 6]);
    assert.equal(existsSync(join(sandbox.root, gone)), false);
    assert.equal((await tsoci.state(runtime, kept)).status, 'stopped');
    await tsoci.remove(runtime, kept);
  }));

test('the end of a run does not remove another container of that name', () =>
  withSandbox(async (sandbox) => {
    const runtime = open(sandbox);
    const id = sandbox.id();
    const first = await tsoci.run(runtime, { id, bundle: sandbox.script('exec sleep 1000').directory });
    await tsoci.remove(runtime, id, { force: true });
    const { directory } = sandbox.script('exec sleep 1001');
    const second = await tsoci.run(runtime, { id, bundle: directory });
    assert.equal((await first.exited).signal, 9);
    assert.equal((await tsoci.state(runtime, id)).pid, second.pid);
    await tsoci.remove(runtime, id, { force: true });
  }));

test('defaultConfig() is changed without casts, has no terminal, and runs', () =>
  withSandbox(async (sandbox) => {
    const runtime = open(sandbox);
    const { directory } = sandbox.script('true');
    const made = sandbox.directory();
    mkdirSync(join(made, 'root'));
    const config = tsoci.defaultConfig();
    config.process.args = ['sh', '-c', 'echo $WORD'];
    config.process.env.push('WORD=changed');
    config.root.path = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')).root.path;
    if (!config.root.path.startsWith('/')) config.root.path = join(directory, config.root.path);
    config.mounts.push({ destination: '/extra', type: 'tmpfs', source: 'tmpfs' });
    config.mounts = config.mounts.filter(({ destination }) => destination !== '/extra');
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
    writeFileSync(join(made, 'config.json'), tsoci.stringifyJson(config));
    assert.equal(config.process.terminal, false);
    assert.equal(tsoci.defaultConfig().process.args.length, 1, 'the next one is as it was');
    const id = sandbox.id();
    const ran = await tsoci.run(runtime, { id, bundle: made, streams: { stdin: 'ignore', stdout: 'pipe' } });
    assert.equal(await textOf(ran.stdout), 'changed\n');
    assert.equal((await ran.exited).code, 0);
  }));

test('a root that is not absolute is refused', () => {
  for (const root of ['state', './state', ''])
    assert.throws(
      () => tsoci.openRuntime({ root }),
      (error) =>
        error instanceof tsoci.Failure && error.code === 'invalid' && /path.resolve/.test(error.hint ?? ''),
    );
});

test('hints are for programmers', () =>
  withSandbox(async (sandbox) => {
    const runtime = open(sandbox);
    const id = await running(sandbox, runtime);
    const refused = [
      await failure(tsoci.remove(runtime, id)),
      await failure(tsoci.exec(runtime, id, [])),
      await failure(tsoci.exec(runtime, id, { args: ['true'], consoleSocket: '/nonexistent' })),
      await failure(tsoci.create(runtime, { id: sandbox.id(), bundle: '/nonexistent' })),
    ];
    for (const { message, hint } of refused) assert.doesNotMatch(`${message} ${hint}`, /--[a-z]|`tsoci /);
    assert.match(refused[0]?.hint ?? '', /`kill\(\)`.*`force: true`/);
    await tsoci.remove(runtime, id, { force: true });
  }));

test("warnings are Node's, unless somebody takes them", () => {
  const script = (options: string) => `
    import { openRuntime } from '${join(import.meta.dirname, '../../src/index.ts')}';
    openRuntime({ root: '/nonexistent'${options} }).warn('something --root is odd');`;
  const say = (options: string) =>
    spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script(options)], {
      encoding: 'utf8',
      cwd: join(import.meta.dirname, '../..'),
    });
  assert.match(say('').stderr, /TsociWarning: something `root` is odd/);
  const taken = say(', warn: (text) => console.log(text)');
  assert.equal(taken.stdout, 'something --root is odd\n');
  assert.equal(taken.stderr, '');
});

test.run();
