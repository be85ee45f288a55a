/** Hooks and namespaces. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Operation } from '../../src/plan/operations.ts';
import {
  type Bench,
  clone,
  failWith,
  namespaceFlag,
  type Outcome,
  openBench,
  type Run,
  shell,
  step,
  succeed,
} from './support/stub.ts';

const test = suite('the stub: hooks and namespaces');
let bench: Bench;

test.before(() => {
  bench = openBench();
});
test.after(() => bench.remove());

function run(operations: readonly Operation[], more: Partial<Run> = {}): Outcome {
  return bench.run({ operations, ...more });
}

const hook = (script: string, timeout = 0) =>
  step('rootfs', 'hook', {
    path: '/bin/sh',
    args: ['hook', '-c', script],
    environment: ['PATH=/bin:/usr/bin', 'X=y'],
    timeout,
  });
const ask = step('rootfs', 'await', { question: 1 });

test('a hook gets the state on standard input, its environment, and nothing else', () => {
  const state = JSON.stringify({ id: 'c', filler: 'x'.repeat(150_000) });
  const script = 'wc -c; echo $X $HOME; ls /proc/$$/fd | tr "\\n" " "; umask';
  const output = succeed(run([ask, hook(script), ...shell('true')], { go: { state } }));
  assert.equal(output.trim().split('\n'), [String(state.length), 'y', '0 1 2 0022']);
});

test('a failing hook says how', () => {
  const attempt = (operation: Operation) =>
    run([ask, operation, ...shell('echo not reached')], { go: { state: '{}' } });
  failWith(attempt(hook('exit 3')), 0, /^exit status 3$/);
  failWith(attempt(hook('kill -9 $$')), 0, /^killed by signal 9$/);
  const missing = step('rootfs', 'hook', { path: '/no/hook', args: ['x'], environment: [], timeout: 0 });
  const outcome = attempt(missing);
  failWith(outcome, 2, /executing "\/no\/hook"/);
  assert.is(outcome.output, '');
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
  spawnSync('sleep', ['0.1']);
  const alive =
    existsSync(`/proc/${child}`) && !/State:\tZ/.test(readFileSync(`/proc/${child}/status`, 'utf8'));
  assert.not(alive, child);
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
  assert.is(outcome.messages[0]?.type, 'cloned');
  assert.is(outcome.messages[0]?.stage, 0);
  assert.is(outcome.messages.at(-1)?.stage, 1);
});

test('time namespaces get their offsets', () => {
  if (!existsSync('/proc/self/ns/time')) return;
  const output = succeed(
    run(
      [
        step('prepare', 'open-proc', { slot: 0, processes: 1 }),
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
