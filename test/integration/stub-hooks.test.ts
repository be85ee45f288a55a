/** Hooks and namespaces. */

import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hookAdds } from '../../src/plan/hooks.ts';
import { NO_SLOT, type Operation } from '../../src/plan/operations.ts';
import { hasEnded } from './support/processes.ts';
import { clone, failWith, namespaceFlag, shell, step, succeed } from './support/stub.ts';
import { stubSuite } from './support/stub-suite.ts';

const { test, bench, run } = stubSuite('the stub: hooks and namespaces');

/** What it says is kept for its failure. */
const kept = { output: 0, errors: 0, apart: false } as const;

const hook = (script: string, timeout = 0, told: { output: number; errors: number; apart: boolean } = kept) =>
  step('rootfs', 'hook', {
    path: '/bin/sh',
    args: ['hook', '-c', script],
    environment: ['PATH=/bin:/usr/bin', 'X=y'],
    adds: hookAdds.nothing,
    root: NO_SLOT,
    timeout,
    ...told,
  });
const ask = step('rootfs', 'await', { question: 1 });

test('a hook gets the state on standard input, its environment, and nothing else', () => {
  const state = JSON.stringify({ id: 'c', filler: 'x'.repeat(150_000) });
  const script = 'wc -c; echo $X $HOME; ls /proc/$$/fd | tr "\\n" " "; umask; exit 1';
  const { failure } = run([ask, hook(script), ...shell('true')], { go: { state } });
  // The shell's own pipe to tr is the fourth.
  assert.match(failure?.text ?? '', new RegExp(`^exit status 1: ${state.length}\\ny\\n0 1 2 (3 )?0022\\n$`));
});

test('a failing hook says how', () => {
  const attempt = (operation: Operation) =>
    run([ask, operation, ...shell('echo not reached')], { go: { state: '{}' } });
  failWith(attempt(hook('exit 3')), 0, /^exit status 3$/);
  failWith(attempt(hook('kill -9 $$')), 0, /^killed by signal 9$/);
  const missing = step('rootfs', 'hook', {
    path: '/no/hook',
    args: ['x'],
    environment: [],
    adds: hookAdds.nothing,
    root: NO_SLOT,
    timeout: 0,
    ...kept,
  });
  const outcome = attempt(missing);
  failWith(outcome, 2, /executing "\/no\/hook"/);
  assert.equal(outcome.output, '');
});

test('a hook has pipes alone; what it says comes with its failure, the beginning of it', () => {
  const said = (script: string) => {
    const outcome = run([ask, hook(script), ...shell('echo not reached')], { go: { state: '{}' } });
    assert.equal(outcome.output, '');
    return outcome.failure?.text ?? '';
  };
  assert.equal(said('echo out; echo error >&2; exit 3'), 'exit status 3: out\nerror\n');
  assert.match(
    said('ls -l /proc/$$/fd >&2; exit 3'),
    /^exit status 3(?=.* 0 -> pipe:)(?=.* 1 -> pipe:)(?=.* 2 -> pipe:)/s,
  );
  const much = said('head -c 100000 /dev/zero | tr "\\0" x; exit 3');
  assert.equal(much.length, 'exit status 3: '.length + 4096);
  // What an earlier one said is not the later one's.
  const outcome = run([ask, hook('echo fine'), hook('exit 4'), ...shell('true')], { go: { state: '{}' } });
  failWith(outcome, 0, /^exit status 4$/);
});

test('what a hook says is told as far as the plan says, each stream for itself, and the rest is kept', () => {
  const said = (script: string, told: { output: number; errors: number; apart: boolean }) => {
    const { messages, failure } = run([ask, hook(script, 0, told), ...shell('true')], {
      go: { state: '{}' },
    });
    const text = { stdout: '', stderr: '' };
    for (const message of messages)
      if (message.type === 'said') text[message.stream] += new TextDecoder().decode(message.bytes);
    return { ...text, failure: failure?.text };
  };
  const both = 'echo out; echo error >&2; exit 3';
  const status = 'exit status 3';
  const rows = [
    [
      { output: 9, errors: 9, apart: true },
      { stdout: 'out\n', stderr: 'error\n', failure: status },
    ],
    [
      { output: 3, errors: 2, apart: true },
      { stdout: 'out', stderr: 'er', failure: status },
    ],
    [
      { output: 9, errors: 0, apart: true },
      { stdout: 'out\n', stderr: '', failure: `${status}: error\n` },
    ],
    [
      { output: 0, errors: 9, apart: true },
      { stdout: '', stderr: 'error\n', failure: `${status}: out\n` },
    ],
    [
      { output: 99, errors: 0, apart: false },
      { stdout: 'out\nerror\n', stderr: '', failure: status },
    ],
  ] as const;
  for (const [told, wanted] of rows) assert.deepEqual(said(both, told), wanted, JSON.stringify(told));
  // More than a pipe holds, and more than is told: the hook is not held up, and has pipes alone.
  const much = said('ls -l /proc/$$/fd >&2; head -c 3000000 /dev/zero; echo end >&2', {
    output: 100_000,
    errors: 4096,
    apart: true,
  });
  assert.equal(much.failure, undefined);
  assert.equal(much.stdout.length, 100_000);
  assert.match(much.stderr, /(?=.* 0 -> pipe:)(?=.* 1 -> pipe:)(?=.* 2 -> pipe:).*end\n$/s);
});

test('a child that a hook leaves behind, which holds its output, is not waited for', () => {
  const began = Date.now();
  succeed(run([ask, hook('sleep 5 & exit 0'), ...shell('true')], { go: { state: '{}' } }));
  assert.ok(Date.now() - began < 4000);
});

test('a hook that does not read a large state, and one that closes its input', () => {
  const state = 'x'.repeat(500_000);
  for (const script of ['exit 0', 'exec <&-; sleep 0.1'])
    succeed(run([ask, hook(script), ...shell('true')], { go: { state } }));
  // The program has the default action again.
  const ignored = 'grep SigIgn /proc/self/status';
  assert.match(succeed(run([ask, hook('true'), ...shell(ignored)], { go: { state } })), /SigIgn:\t0{16}/);
});

test('a hook gets the environment of the stub, or HOME, where the plan says so', () => {
  const more = (adds: number, environment: string[]): Operation => ({
    ...(hook('env | sort; exit 1') as Extract<Operation, { kind: 'hook' }>),
    adds,
    environment,
  });
  const text = (operation: Operation) =>
    run([ask, operation, ...shell('true')], { go: { state: '{}' } }).failure?.text ?? '';
  assert.match(text(more(hookAdds.caller, [])), /^exit status 1: (.*\n)*ASAN_OPTIONS=/);
  assert.doesNotMatch(text(more(hookAdds.nothing, ['PATH=/bin'])), /ASAN_OPTIONS|HOME/);
  assert.match(text(more(hookAdds.home, ['PATH=/bin'])), /HOME=\/\n/);
  assert.match(text(more(hookAdds.home, ['PATH=/bin', 'HOME=/own'])), /HOME=\/own\n/);
});

test('a hook starts in the directory behind a handle', () => {
  const there: Operation = {
    ...(hook('pwd; exit 1') as Extract<Operation, { kind: 'hook' }>),
    root: 0,
    ends: [0],
  };
  const open = step('prepare', 'open-path', { slot: 0, path: bench.directory });
  const outcome = run([open, ask, there, ...shell('true')], { slots: 1, go: { state: '{}' } });
  assert.equal(outcome.failure?.text, `exit status 1: ${bench.directory}\n`);
});

test('a hook that takes too long ends, with its children', () => {
  const file = join(bench.directory, 'hook-child');
  const began = Date.now();
  const outcome = run([ask, hook(`sleep 60 & echo $! > ${file}; wait`, 1), ...shell('true')], {
    go: { state: '{}' },
  });
  failWith(outcome, 0, /^timed out after 1 s$/);
  assert.ok(Date.now() - began < 5000);
  const child = readFileSync(file, 'utf8').trim();
  for (let looks = 0; looks < 100 && !hasEnded(child); looks++) spawnSync('sleep', ['0.1']);
  assert.ok(hasEnded(child), child);
});

test('a hook in time is not disturbed by its limit', () => {
  succeed(run([ask, hook('sleep 0.2', 5), ...shell('true')], { go: { state: '{}' } }));
});

test('clone makes a sibling in new namespaces, and says its pid', () => {
  const outcome = run([
    clone(namespaceFlag.pid | namespaceFlag.uts | namespaceFlag.network),
    step('ids', 'new-session', {}),
    step('confine', 'hostname', { name: 'inside' }),
    step('confine', 'domainname', { name: 'example' }),
    step('confine', 'loopback-up', {}),
    ...shell(
      'echo $$; hostname; cat /proc/sys/kernel/domainname; ip -o link show lo 2>/dev/null || cat /sys/class/net/lo/flags',
    ),
  ]);
  assert.match(succeed(outcome), /^1\ninside\nexample\n/);
  assert.equal(outcome.messages[0]?.type, 'cloned');
  assert.equal(outcome.messages[0]?.stage, 0);
  assert.equal(outcome.messages.at(-1)?.stage, 1);
});

test('time namespaces get their offsets', () => {
  if (!existsSync('/proc/self/ns/time')) return;
  const output = succeed(
    run(
      [
        step('prepare', 'open-proc', { slot: 0, processes: true }),
        step('ids', 'time-offsets', { proc: 0, offsets: 'monotonic 1000000 0\nboottime 1000000 0\n' }),
        ...shell('cat /proc/uptime'),
      ],
      { slots: 1 },
    ),
  );
  assert.ok(Number.parseFloat(output) > 1_000_000, output);
});

test('a namespace of another type, or no namespace, is refused', () => {
  const join = (path: string, type: number) => step('namespaces', 'join-namespace', { type, path });
  succeed(run([join('/proc/self/ns/uts', Number(namespaceFlag.uts)), ...shell('true')]));
  failWith(run([join('/proc/self/ns/uts', Number(namespaceFlag.network)), ...shell('true')]), 22, /ns\/uts/);
  failWith(run([join('/etc/passwd', Number(namespaceFlag.network)), ...shell('true')]), 22, /passwd/);
  failWith(run([join('/no/ns', Number(namespaceFlag.network)), ...shell('true')]), 2, /no\/ns/);
});

test.run();
