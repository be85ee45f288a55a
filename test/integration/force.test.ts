/**
 * `delete --force` gets through, whoever has the container's lock; and who comes late touches nothing of another's.
 */
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { ConfigChange } from './support/bundle.ts';
import { leftoversOf } from './support/leftovers.ts';
import { hasEnded } from './support/processes.ts';
import { type CommandResult, runtimeKind } from './support/runtime.ts';
import { expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { until } from './support/wait.ts';

const test = suite(`delete --force (${runtimeKind})`);

/** Milliseconds. What hangs, hangs for much longer; this leaves room for a busy machine. */
const promptly = process.env['TSOCI_TEST_VM'] === '1' ? 60_000 : 8000;

/** A hook that says that it is there and hangs until the sandbox closes. */
function hangingHook(sandbox: Sandbox, name: 'poststart' | 'createRuntime') {
  const directory = sandbox.directory();
  const there = join(directory, 'there');
  const over = join(directory, 'over');
  // Ends by itself when its directory goes.
  const script = `: > ${there}; while [ -d ${directory} ] && ! [ -e ${over} ]; do sleep 0.05; done`;
  const change: ConfigChange = (config) => {
    config.hooks = { [name]: [{ path: '/bin/sh', args: ['sh', '-c', script] }] };
  };
  return { there, change };
}

interface Started {
  readonly child: ChildProcess;
  readonly result: Promise<CommandResult>;
}

/** A command that does not end by itself. */
function begin(sandbox: Sandbox, args: readonly string[]): Started {
  let child: ChildProcess | undefined;
  const result = sandbox.tsoci(args, {
    onSpawn: (spawned) => {
      child = spawned;
    },
  });
  if (child === undefined) throw new Error('not spawned');
  const started = child;
  sandbox.onClose(async () => {
    started.kill('SIGKILL');
    await result;
  });
  return { child: started, result };
}

async function deletedPromptly(sandbox: Sandbox, id: string): Promise<void> {
  expectSuccess(await sandbox.tsoci(['delete', '--force', id], { timeout: promptly }));
  assert.deepEqual(leftoversOf(id, sandbox.root), []);
}

test('a start whose poststart hook hangs', () =>
  withSandbox(async (sandbox) => {
    const { there, change } = hangingHook(sandbox, 'poststart');
    const id = await sandbox.created(['sleep', '1000'], change);
    begin(sandbox, ['start', id]);
    await until('the hook runs', () => existsSync(there));
    const { pid } = await sandbox.state(id);
    await deletedPromptly(sandbox, id);
    await until('its process ends', () => hasEnded(pid));
  }));

for (const command of [['create'], ['run', '--detach']])
  test(`a ${command[0]} whose createRuntime hook hangs`, () =>
    withSandbox(async (sandbox) => {
      const { there, change } = hangingHook(sandbox, 'createRuntime');
      const { directory } = sandbox.bundle(['sleep', '1000'], change);
      const id = sandbox.id();
      begin(sandbox, [...command, '--bundle', directory, id]);
      await until('the hook runs', () => existsSync(there));
      await deletedPromptly(sandbox, id);
    }));

test('a create that was stopped, and goes on later: it touches nothing of the container that has its id by then', () =>
  withSandbox(async (sandbox) => {
    const { there, change } = hangingHook(sandbox, 'createRuntime');
    const { directory } = sandbox.bundle(['sleep', '1000'], change);
    const id = sandbox.id();
    const pidFile = join(sandbox.directory(), 'pid');
    const { child, result } = begin(sandbox, ['create', '--pid-file', pidFile, '--bundle', directory, id]);
    await until('the hook runs', () => existsSync(there));
    child.kill('SIGSTOP');
    await deletedPromptly(sandbox, id);
    const other = sandbox.bundle(['sleep', '1000']);
    expectSuccess(await sandbox.tsoci(['create', '--pid-file', pidFile, '--bundle', other.directory, id]));
    const before = statSync(join(sandbox.root, id)).ino;
    const said = readFileSync(pidFile, 'utf8');
    child.kill('SIGCONT');
    spawn('touch', [join(there, '../over')]);
    const { code, stderr } = await result;
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`container "${id}" was deleted by force while it was created`));
    assert.equal(statSync(join(sandbox.root, id)).ino, before);
    assert.equal((await sandbox.state(id)).status, 'created');
    assert.equal(readFileSync(pidFile, 'utf8'), said);
    expectSuccess(await sandbox.tsoci(['start', id]));
    expectSuccess(await sandbox.tsoci(['exec', id, 'true']));
  }));

test('a directory that a create has reserved and locked, and nothing more: the create finds out and fails', () =>
  withSandbox(async (sandbox) => {
    // What a create is between mkdir and its first record.
    const id = sandbox.id();
    const directory = join(sandbox.root, id);
    mkdirSync(directory, { mode: 0o700 });
    const holder = spawn('flock', ['--no-fork', directory, 'sh', '-c', 'echo held; exec sleep 1000'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    sandbox.endsWith(holder);
    await new Promise((resolve) => holder.stdout?.once('data', resolve));
    await deletedPromptly(sandbox, id);
    assert.ok(!readdirSync(sandbox.root).includes(id));
  }));

test('many creates and forced deletes of one id at once end in nothing, or in a whole container', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['sleep', '1000']);
    const id = sandbox.id();
    for (let round = 0; round < 4; round++) {
      const creates = Array.from({ length: 4 }, () => sandbox.tsoci(['create', '--bundle', directory, id]));
      const deletes = Array.from({ length: 4 }, () => sandbox.tsoci(['delete', '--force', id]));
      const results = await Promise.all([...creates, ...deletes]);
      for (const { stderr } of results) assert.doesNotMatch(stderr, /internal error|is damaged/);
      for (const result of results.slice(4)) expectSuccess(result);
      const listed = JSON.parse(expectSuccess(await sandbox.tsoci(['list', '--format', 'json'])).stdout);
      for (const { status } of listed) assert.equal(status, 'created');
      await deletedPromptly(sandbox, id);
    }
  }));

test.run();
