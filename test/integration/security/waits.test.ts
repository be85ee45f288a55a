/** Others who never end, never read and never answer: nothing of ours waits for them forever. */
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Config } from '../../../src/spec/config.ts';
import type { ConfigChange } from '../support/bundle.ts';
import { runtimeKind } from '../support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from '../support/sandbox.ts';
import { onTerminal } from '../support/terminal.ts';
import { until } from '../support/wait.ts';

const test = suite(`security: waits (${runtimeKind})`);

/** Writes to a terminal under its other name, forever: a hang-up closes what was open, so it is opened again. */
const flood = (terminal: string) =>
  `while :; do while echo noise; do usleep 10000; done > ${terminal}; done 2> /dev/null`;

async function timed<Result>(work: Promise<Result>): Promise<{ result: Result; seconds: number }> {
  const began = performance.now();
  const result = await work;
  return { result, seconds: (performance.now() - began) / 1000 };
}

test('exec with a terminal ends with its process, though another writes to that terminal forever', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running(undefined, ['sh', '-c', flood('/dev/pts/0')]);
    const { result, seconds } = await timed(
      onTerminal(sandbox, ['exec', '-t', id, 'sh', '-c', 'sleep 0.5; echo last words; exit 7']),
    );
    assert.equal(result.code, 7);
    assert.ok(seconds < 10, `${seconds} s`);
    // Positive control: the other one got through, and goes on.
    assert.match(result.output, /noise/);
    assert.match(result.output, /last words/);
    assert.equal((await sandbox.state(id)).status, 'running');
    assert.ok(result.restored);
  }));

test('run with a terminal ends with its process, though a process that stays writes to that terminal', () =>
  withSandbox(async (sandbox) => {
    const own: ConfigChange = (config) => {
      if (config.process) config.process.terminal = true;
      // Without a pid namespace the end of the first process is not the end of the others.
      const { namespaces = [] } = config.linux ?? {};
      if (config.linux) config.linux.namespaces = namespaces.filter(({ type }) => type !== 'pid');
    };
    const { directory } = sandbox.script(
      `setsid sh -c '${flood('/dev/pts/0')}' & sleep 0.5; echo last words; exit 7`,
      own,
    );
    const { result, seconds } = await timed(
      onTerminal(sandbox, ['run', '--bundle', directory, sandbox.id()]),
    );
    assert.equal(result.code, 7);
    assert.ok(seconds < 10, `${seconds} s`);
    assert.match(result.output, /noise/);
    assert.match(result.output, /last words/);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

/** A seccomp agent that takes the connection and then nothing; it can tell what its kernel holds for it. */
const deafAgent = `
import socket, sys, time
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
server.bind(sys.argv[1])
server.listen(1)
print("listening", flush=True)
connection, _ = server.accept()
print("accepted", flush=True)
time.sleep(1000)
`;

async function startListener(sandbox: Sandbox, program: string): Promise<string> {
  const path = join(sandbox.directory(), 'agent');
  const child: ChildProcess = spawn('/usr/bin/python3', ['-c', program, path]);
  sandbox.endsWith(child);
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await until('somebody listens', () => output.startsWith('listening\n'));
  return path;
}

/** A filter whose listener goes to an agent. */
const withAgent =
  (path: string): ConfigChange =>
  (config) => {
    if (config.linux)
      config.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        listenerPath: path,
        syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_NOTIFY' }],
      } as NonNullable<Config['linux']>['seccomp'] as never;
  };

/** CPU time that a process has used, in seconds (proc_pid_stat(5), utime and stime). */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

test('a seccomp agent that reads nothing: start gives up, says so, and nobody spins meanwhile', () =>
  withSandbox(async (sandbox) => {
    const path = await startListener(sandbox, deafAgent);
    const change: ConfigChange = (config) => {
      withAgent(path)(config);
      // More than any socket holds.
      config.annotations = { large: 'x'.repeat(4 << 20) };
    };
    const id = await sandbox.created(['sleep', '1000'], change);
    const { pid } = await sandbox.state(id);
    const before = processorSeconds(pid);
    let worst = 0;
    const started = timed(sandbox.tsoci(['start', id], { timeout: 40_000 }));
    for (let over = false; !over; ) {
      await Promise.race([started, new Promise((wake) => setTimeout(wake, 500))]);
      try {
        worst = Math.max(worst, processorSeconds(pid) - before);
      } catch {
        over = true;
      }
      if (await Promise.race([started.then(() => true), Promise.resolve(false)])) over = true;
    }
    const { result, seconds } = await started;
    expectRefusal(result, /agent.*does not take/s);
    assert.ok(seconds > 5 && seconds < 30, `${seconds} s`);
    assert.ok(worst < 2, `${worst} s of processor time while it waited`);
    await sandbox.stopped(id);
    expectSuccess(await sandbox.tsoci(['delete', id]));
  }));

/** Listens, and has so many waiting that nobody else gets in line; accepts none of them. */
const crowded = `
import socket, sys, time
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
server.listen(0)
waiting = []
try:
    while True:
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        one.setblocking(False)
        one.connect(sys.argv[1])
        waiting.append(one)
except BlockingIOError:
    print("listening", flush=True)
time.sleep(1000)
`;

test('a console socket, a pidfd socket and an agent that accept nobody: create gives up and says so', () =>
  withSandbox(async (sandbox) => {
    const path = await startListener(sandbox, crowded);
    const terminal: ConfigChange = (config) => {
      if (config.process) config.process.terminal = true;
    };
    const attempts = [
      {
        change: terminal,
        options: ['--console-socket', path],
        words: /cannot connect to the console socket/,
      },
      { change: undefined, options: ['--pidfd-socket', path], words: /cannot connect to the pidfd socket/ },
      { change: withAgent(path), options: [], words: /agent/ },
    ];
    await Promise.all(
      attempts.map(async ({ change, options, words }) => {
        const { directory } = sandbox.bundle(['true'], change);
        const id = sandbox.id();
        const args = ['run', '--detach', '--bundle', directory, ...options, id];
        const { result, seconds } = await timed(sandbox.tsoci(args, { timeout: 40_000 }));
        expectRefusal(result, words);
        assert.ok(seconds > 5, `${seconds} s: there was room for one more`);
      }),
    );
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test.run();
