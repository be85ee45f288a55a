/** `run` and `exec` in the foreground: signals go in, statuses come out, and what stays resident is small. */
import { strict as assert } from 'node:assert';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { ConfigChange } from './support/bundle.ts';
import { asCaller } from './support/caller.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectSuccess, procStatus, type Sandbox, withSandbox } from './support/sandbox.ts';
import { until } from './support/wait.ts';

const test = suite(`foreground (${runtimeKind})`);

/** A foreground command, its process, and its end. */
function start(sandbox: Sandbox, args: readonly string[]) {
  let child: ChildProcess | undefined;
  const ended = sandbox.tsoci(args, {
    onSpawn: (process) => {
      child = process;
    },
  });
  const pid = child?.pid ?? 0;
  assert.ok(pid > 0);
  return { pid, ended, kill: (signal: NodeJS.Signals) => process.kill(pid, signal) };
}

/** The command has become the supervisor. */
const supervised = (pid: number) =>
  until('the supervisor is there', () => procStatus(pid)['Name'] === 'tsoci:[run]');

const writable = (config: { root?: { readonly?: boolean } }) => {
  if (config.root) config.root.readonly = false;
};

test('run() hands on exit statuses, and 128 and the signal', () =>
  withSandbox(async (sandbox) => {
    for (const code of [0, 1, 2, 126, 127, 128, 254, 255]) {
      const result = await sandbox.run(['sh', '-c', `exit ${code}`]);
      assert.equal(result.code, code, result.stderr);
    }
    for (const [signal, code] of [
      ['KILL', 137],
      ['TERM', 143],
      ['SEGV', 139],
    ] as const) {
      const id = sandbox.id();
      const { ended, pid } = start(sandbox, [
        'run',
        '--bundle',
        sandbox.bundle(['sleep', '1000']).directory,
        id,
      ]);
      await supervised(pid);
      // From inside its pid namespace an init is protected from signals that it does not handle; from here only KILL
      // kills it.
      const inner = (await sandbox.state(id)).pid;
      if (signal !== 'KILL') {
        process.kill(inner, 'SIGKILL');
        assert.equal((await ended).code, 137);
        const execId = await sandbox.running();
        const file = join(sandbox.directory(), 'pid');
        const executing = sandbox.tsoci(['exec', '--pid-file', file, execId, 'sleep', '1000']);
        const other = await until('the pid is known', () => {
          try {
            return Number(readFileSync(file, 'utf8'));
          } catch {
            return undefined;
          }
        });
        await until('it sleeps', () => procStatus(other)['Name'] === 'sleep');
        process.kill(other, `SIG${signal}`);
        assert.equal((await executing).code, code, signal);
        continue;
      }
      process.kill(inner, 'SIGKILL');
      assert.equal((await ended).code, code);
    }
    assert.deepEqual(
      sandbox.leftovers().filter((each) => !each.includes('-state-') && !each.startsWith('/sys')),
      [],
    );
  }));

test('signals to run() go to the program, every one that can be caught', () =>
  withSandbox(async (sandbox) => {
    const signals = [
      'SIGHUP',
      'SIGINT',
      'SIGQUIT',
      'SIGUSR1',
      'SIGUSR2',
      'SIGALRM',
      'SIGTERM',
      'SIGWINCH',
      'SIGURG',
      'SIGPWR',
      'SIGXCPU',
    ] as const;
    const traps = signals.map((name) => `trap 'echo ${name} >> /tmp/got' ${name.slice(3)}`).join('; ');
    const bundle = sandbox.script(
      `${traps}; trap 'exit 6' PROF; echo ready > /tmp/got; while :; do sleep 0.02; done`,
      writable,
    );
    const command = start(sandbox, ['run', '--bundle', bundle.directory, sandbox.id()]);
    const got = join(bundle.rootfs, 'tmp/got');
    writeFileSync(got, '');
    await until('the program is ready', () => readFileSync(got, 'utf8').startsWith('ready'));
    await supervised(command.pid);
    for (const signal of signals) {
      command.kill(signal);
      await until(`${signal} arrives`, () => readFileSync(got, 'utf8').includes(`${signal}\n`));
    }
    command.kill('SIGPROF');
    assert.equal((await command.ended).code, 6);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('signals to exec() go to its process, not to the container', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running(writable);
    const mark = `/tmp/ready`;
    const command = start(sandbox, [
      'exec',
      id,
      'sh',
      '-c',
      `trap 'exit 33' TERM; touch ${mark}; while :; do sleep 0.02; done`,
    ]);
    await until(
      'it is ready',
      async () => (await sandbox.tsoci(['exec', id, 'test', '-e', mark])).code === 0,
    );
    await supervised(command.pid);
    command.kill('SIGTERM');
    assert.equal((await command.ended).code, 33);
    assert.equal((await sandbox.state(id)).status, 'running');
  }));

test('a signal that comes while the container is being made ends it, and leaves nothing or a whole container', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.02; done']);
    for (let delay = 0; delay < 60; delay += 6) {
      const id = sandbox.id();
      const command = start(sandbox, ['run', '--bundle', directory, id]);
      await new Promise((resolve) => setTimeout(resolve, delay));
      try {
        command.kill('SIGTERM');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
      const timer = setTimeout(() => {
        // Once it is supervised TERM is the program's, which may have come before its trap.
        sandbox.tsoci(['kill', id, 'KILL']);
      }, 3000);
      await command.ended;
      clearTimeout(timer);
      expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    }
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('the supervisor of a foreground run is small, and holds no descriptor of ours', () =>
  withSandbox(async (sandbox) => {
    const id = sandbox.id();
    const command = start(sandbox, ['run', '--bundle', sandbox.bundle(['sleep', '1000']).directory, id]);
    await supervised(command.pid);
    const status = procStatus(command.pid);
    const kilobytes = Number(status['VmRSS']?.split(' ')[0]);
    assert.ok(kilobytes > 0 && kilobytes < 2048, `${kilobytes} kB`);
    assert.equal(status['Threads'], '1');
    // Neither on disk nor of the runtime: what runs is a sealed memory file.
    assert.match(readFileSync(`/proc/${command.pid}/maps`, 'utf8'), /memfd:tsoci-init/);
    assert.doesNotMatch(readFileSync(`/proc/${command.pid}/maps`, 'utf8'), /libexec|bun|node/);
    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    assert.equal((await command.ended).code, 137);
  }));

test('nothing of us stays beside a detached container', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const { pid } = await sandbox.state(id);
    const inside: number[] = JSON.parse(
      expectSuccess(await sandbox.tsoci(['ps', '--format', 'json', id])).stdout,
    );
    assert.deepEqual(inside, [pid]);
    assert.doesNotMatch(readFileSync(`/proc/${pid}/maps`, 'utf8'), /tsoci|memfd/);
  }));

test('a caller that blocks or ignores signals: SIGCHLD ignored, all blocked', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['sh', '-c', 'sleep 0.1; exit 8']);
    for (const caller of [
      'signal.signal(signal.SIGCHLD, signal.SIG_IGN)',
      'signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())',
    ]) {
      const result = await asCaller(sandbox, caller, ['run', '--bundle', directory, sandbox.id()]);
      assert.equal(result.code, 8, `${caller}: ${result.stderr}`);
    }
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('closed standard streams do no harm', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['sh', '-c', 'ls -l /proc/self/fd | wc -l; exit 3']);
    for (const closed of ['0', '0, 1', '0, 1, 2', '2']) {
      const result = await asCaller(sandbox, `for d in (${closed},): os.close(d)`, [
        'run',
        '--bundle',
        directory,
        sandbox.id(),
      ]);
      assert.equal(result.code, 3, `${closed}: ${result.stderr}`);
    }
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('a reader that goes away does not end the container without its knowledge', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle([
      'sh',
      '-c',
      'trap "" PIPE; i=0; while [ $i -lt 50 ]; do echo $i || exit 21; i=$((i+1)); sleep 0.01; done',
    ]);
    const result = await asCaller(
      sandbox,
      'r, w = os.pipe(); os.dup2(w, 1); os.close(r); os.close(w); signal.signal(signal.SIGPIPE, signal.SIG_DFL)',
      ['run', '--bundle', directory, sandbox.id()],
    );
    assert.equal(result.code, 21, result.stderr);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

for (const [what, change] of [
  ['', () => undefined],
  [
    ', one with poststop hooks',
    (config) => {
      config.hooks = { poststop: [{ path: '/bin/true' }] };
    },
  ],
] as const satisfies readonly (readonly [string, ConfigChange])[])
  test(`a container that got the name of one that was deleted is not deleted when the first one's run ends${what}`, () =>
    withSandbox(async (sandbox) => {
      const id = sandbox.id();
      const { directory } = sandbox.bundle(['sleep', '1000'], change);
      const first = start(sandbox, ['run', '--bundle', directory, id]);
      await supervised(first.pid);
      first.kill('SIGSTOP');
      try {
        expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
        expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
        const other = sandbox.bundle(['sleep', '1000']);
        expectSuccess(await sandbox.tsoci(['create', '--bundle', other.directory, id]));
      } finally {
        first.kill('SIGCONT');
      }
      assert.equal((await first.ended).code, 137);
      assert.equal((await sandbox.state(id)).status, 'created');
    }));

test.run();
