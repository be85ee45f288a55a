/** The stub under filters: what it still does behind one, and how a listener leaves. */

import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { encodeGo } from '../../src/launch/messages.ts';
import { NO_SLOT } from '../../src/plan/operations.ts';
import { type Bench, native, openBench, shell, step } from './support/stub.ts';

const test = suite('the stub: system call filters');
let bench: Bench;
let tiny = '';

/** Writes two letters and ends, with nothing else. */
const tinySource = `
static long call(long number, long a, long b, long c) {
    long result;
#if defined(__x86_64__)
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
#else
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    result = x0;
#endif
    return result;
}
void _start(void);
void _start(void) {
#if defined(__x86_64__)
    call(1, 1, (long)"ok", 2);
    call(231, 7, 0, 0);
#else
    call(64, 1, (long)"ok", 2);
    call(94, 7, 0, 0);
#endif
    for (;;) {}
}
`;

test.before(() => {
  bench = openBench();
  const source = join(bench.directory, 'tiny.c');
  tiny = join(bench.directory, 'tiny');
  writeFileSync(source, tinySource);
  execFileSync('gcc', [
    '-O1',
    '-static',
    '-nostdlib',
    '-fno-stack-protector',
    '-fno-pie',
    '-no-pie',
    source,
    '-o',
    tiny,
  ]);
});
test.after(() => bench.remove());

const numbers =
  process.arch === 'x64'
    ? { write: 1, execve: 59, exit_group: 231, mkdir: 83, mkdirat: 258 }
    : { write: 64, execve: 221, exit_group: 94, mkdir: -1, mkdirat: 34 };

const action = { allow: 0x7fff_0000, notify: 0x7fc0_0000, killProcess: 0x8000_0000, errno: 0x0005_0001 };

/** A filter by system call number: those listed get `matched`, the others `otherwise`. */
function filterOf(listed: readonly number[], matched: number, otherwise: number): Uint8Array {
  const wanted = listed.filter((number) => number >= 0);
  const code: [code: number, yes: number, no: number, k: number][] = [[0x20, 0, 0, 0]];
  wanted.forEach((number, index) => {
    code.push([0x15, wanted.length - index, 0, number]);
  });
  code.push([0x06, 0, 0, otherwise], [0x06, 0, 0, matched]);
  const bytes = new Uint8Array(8 * code.length);
  const view = new DataView(bytes.buffer);
  code.forEach(([operation, yes, no, k], index) => {
    view.setUint16(8 * index, operation, true);
    view.setUint8(8 * index + 2, yes);
    view.setUint8(8 * index + 3, no);
    view.setUint32(8 * index + 4, k, true);
  });
  return bytes;
}

const find = (name: string) => step('ready', 'find-executable', { name, path: '' });
const execute = step('exec', 'execute', { args: ['tiny'], environment: ['A=b'], preserve: 0 });
const seccomp = (filter: Uint8Array, listener = NO_SLOT, flags = 0) =>
  step('seal', 'seccomp', { flags, filter, listener });

test('needs only write, execve and exit_group behind a filter', () => {
  const { write, execve, exit_group } = numbers;
  const filter = filterOf([write, execve, exit_group], action.allow, action.killProcess);
  const outcome = bench.run({ operations: [find(tiny), seccomp(filter), execute] });
  assert.equal(outcome.failure, undefined, JSON.stringify(outcome.failure));
  assert.equal(outcome.output, 'ok');
  assert.equal(outcome.code, 7);
});

test('is really filtered', () => {
  const filter = filterOf([numbers.execve], action.killProcess, action.allow);
  const outcome = bench.run({ operations: [find(tiny), seccomp(filter), execute] });
  assert.equal(outcome.signal, 31);
  assert.equal(outcome.output, '');
});

test('reports an execve that the filter refuses', () => {
  const filter = filterOf([numbers.execve], action.errno, action.allow);
  const outcome = bench.run({ operations: [find(tiny), seccomp(filter), execute] });
  assert.equal(outcome.failure?.errno, 1);
});

test('refuses filters that are none', () => {
  for (const filter of [new Uint8Array(), new Uint8Array(7), new Uint8Array(8 * 4097)]) {
    const outcome = bench.run({ operations: [find(tiny), seccomp(filter), execute] });
    assert.equal(outcome.failure?.errno, 22);
  }
  const nonsense = bench.run({ operations: [find(tiny), seccomp(new Uint8Array(8).fill(0xff)), execute] });
  assert.match(nonsense.failure?.text ?? '', /loading the filter/);
});

test('sends the listener with the JSON to the agent, and leaves no process behind', () => {
  const place = join(bench.directory, 'made');
  const { mkdir, mkdirat } = numbers;
  const [agent, theirs] = native.socketPair();
  const received: string[] = [];
  const outcome = bench.run({
    operations: [
      step('namespaces', 'clone', { flags: 0x2000_0000n, cgroup: NO_SLOT }),
      step('ready', 'ready', {}),
      ...shell(`mkdir ${place} 2>&1; cat /proc/self/task/*/children; ls /proc/$$/fd | wc -l`).slice(0, 1),
      seccomp(filterOf([mkdir, mkdirat], action.notify, action.allow), 0),
      ...shell(`mkdir ${place} 2>&1; ls /proc/self/task/ | wc -l; cat /proc/$$/status | grep Threads`).slice(
        1,
      ),
    ],
    inherited: [theirs],
    talk: (socket, decode) => {
      assert.equal(decode(native.receive(socket, 5000).data).type, 'cloned');
      assert.equal(decode(native.receive(socket, 5000).data).type, 'ready');
      native.send(
        socket,
        encodeGo({ question: 'commit', state: '{}', listener: '{"fds":["seccompFd"]}' }),
        [],
      );
      const packet = native.receive(agent, 5000);
      received.push(new TextDecoder().decode(packet.data));
      assert.equal(packet.descriptors.length, 1);
      // Nobody answers any more: the calls fail.
      for (const descriptor of packet.descriptors) native.close(descriptor);
      assert.equal(decode(native.receive(socket, 5000).data).type, 'executing');
    },
  });
  native.close(agent);
  native.close(theirs);
  assert.deepEqual(received, ['{"fds":["seccompFd"]}']);
  assert.match(outcome.output, /Function not implemented/);
  assert.equal(outcome.failure, undefined, JSON.stringify(outcome.failure));
});

test('reports an agent that is gone', () => {
  mkdirSync(join(bench.directory, 'x'), { recursive: true });
  const [agent, theirs] = native.socketPair();
  native.close(agent);
  const outcome = bench.run({
    operations: [
      step('ready', 'ready', {}),
      find(tiny),
      seccomp(filterOf([numbers.mkdir], action.notify, action.allow), 0),
      execute,
    ],
    inherited: [theirs],
    go: { state: '{}', listener: '{}' },
  });
  native.close(theirs);
  assert.match(outcome.failure?.text ?? '', /sending the listener/);
  assert.equal(outcome.failure?.errno, 32);
});

test.run();
