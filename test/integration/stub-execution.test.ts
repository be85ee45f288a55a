/** What the stub leaves to the program that it becomes. */

import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute, failWith, find, native, shell, step, succeed } from './support/stub.ts';
import { stubSuite } from './support/stub-suite.ts';

const { test, bench, run } = stubSuite('the stub: execution');

test('executes with the arguments, the environment and the name given', () => {
  const output = succeed(
    run([find('sh', '/nowhere:/bin'), execute(['my sh', '-c', 'echo "$0|$1|$V"', 'a', 'b c'], ['V=v w'])]),
  );
  assert.equal(output, 'a|b c|v w\n');
});

test('says what is wrong with a program', () => {
  const directory = join(bench.directory, 'programs');
  mkdirSync(join(directory, 'dir'), { recursive: true });
  writeFileSync(join(directory, 'plain'), 'x');
  writeFileSync(join(directory, 'script'), '#!/no/such/interpreter\n');
  chmodSync(join(directory, 'script'), 0o755);
  writeFileSync(join(directory, 'nonsense'), 'x');
  chmodSync(join(directory, 'nonsense'), 0o755);
  const attempt = (name: string, path = '') => run([find(name, path), execute(['x'])]);
  failWith(attempt('nothing-of-that-name', '/bin:/usr/bin'), 2, /^executable file not found in \$PATH$/);
  failWith(attempt('nothing-of-that-name'), 2, /^executable file not found in \$PATH$/);
  failWith(attempt('/no/such/file'), 2, /^no such file or directory$/);
  const passedBy = /^executable file not found in \$PATH \("[^"]*\/programs\/plain" may not be executed\)$/;
  failWith(attempt('plain', directory), 2, passedBy);
  failWith(attempt('', directory), 2, /^executable file not found in \$PATH$/);
  failWith(attempt(`${directory}/plain`), 13, /^permission denied$/);
  failWith(attempt(`${directory}/dir`), 13, /^is a directory$/);
  failWith(attempt(`${directory}/script`), 2, /script/);
  failWith(attempt(`${directory}/nonsense`), 8, /nonsense/);
});

test('says EXECUTING before, and nothing after, a success', () => {
  const outcome = run([step('ready', 'ready', {}), ...shell('true')]);
  assert.deepEqual(
    outcome.messages.map((message) => message.type),
    ['ready', 'executing'],
  );
});

/** Prints the shell's own descriptors. With `ls` in a pipe the shell might still hold an end of the pipe. */
const openDescriptors = 'for f in /proc/$$/fd/*; do if [ -e "$f" ]; then printf "%s " "${f##*/}"; fi; done';

test('leaves the program three descriptors, default signals, and no mask', () => {
  const output = succeed(
    run([...shell(`${openDescriptors}; echo; grep -E "SigBlk|SigIgn|SigCgt" /proc/self/status`)], {
      preserved: [],
    }),
  );
  assert.equal(output.split('\n')[0], '0 1 2 ');
  assert.match(output, /SigBlk:\t0+\nSigIgn:\t0+\n/);
});

test('leaves preserved descriptors, and only these', () => {
  const file = join(bench.directory, 'preserved');
  writeFileSync(file, 'kept');
  const descriptor = native.open(file, 0, 0);
  const [one] = native.socketPair();
  const outcome = bench.run({
    operations: [
      step('prepare', 'close-slot', { slot: 0 }),
      find('/bin/sh'),
      step('exec', 'execute', {
        args: ['sh', '-c', `cat <&3; ${openDescriptors}`],
        environment: ['PATH=/bin:/usr/bin'],
        preserve: 1,
      }),
    ],
    preserved: [descriptor],
    inherited: [one],
    slots: 1,
  });
  assert.equal(succeed(outcome), 'kept0 1 2 3 ');
  native.close(descriptor);
});

test('limits and scheduling reach the program', () => {
  const output = succeed(
    run([
      step('confine', 'rlimit', { resource: 7, soft: 100n, hard: 200n }),
      step('confine', 'affinity', { mask: Uint8Array.of(1) }),
      step('confine', 'scheduler', {
        policy: 0,
        flags: 0n,
        nice: 5,
        priority: 0,
        runtime: 0n,
        deadline: 0n,
        period: 0n,
      }),
      step('confine', 'io-priority', { value: (2 << 13) | 3 }),
      step('confine', 'personality', { persona: 0x0008 }),
      ...shell('grep "open files" /proc/self/limits; nproc; nice; ionice 2>/dev/null; uname -m'),
    ]),
  );
  assert.match(output, /open files +100 +200/);
  assert.match(output, /\n1\n5\n/);
});

test('a limit lower than what the stub itself needs hits only the program', () => {
  const limit = step('confine', 'rlimit', { resource: 7, soft: 4n, hard: 4n });
  const later = [step('identity', 'home-directory', { uid: 0 }), step('ready', 'ready', {})];
  const output = succeed(run([limit, ...later, ...shell('ulimit -Sn; ulimit -Hn; echo $HOME')]));
  assert.equal(output, '4\n4\n/root\n');
});

test('refuses a soft limit above the hard one', () => {
  const limit = step('confine', 'rlimit', { resource: 7, soft: 4n, hard: 3n });
  failWith(run([limit, ...shell('true')]), 22, /setrlimit 7/);
});

/** Our own soft limit of open files. */
function limitOpenFiles(soft: string): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${soft}:`]);
}

test('a plan may have more slots than the caller may open files, and the program gets the limit of the caller', () => {
  const before = execFileSync('sh', ['-c', 'ulimit -Sn'], { encoding: 'utf8' }).trim();
  const opens = Array.from({ length: 300 }, (_, slot) => step('prepare', 'open-path', { slot, path: '/' }));
  const closes = opens.map((_, slot) => step('prepare', 'close-slot', { slot }));
  limitOpenFiles('100');
  try {
    assert.equal(
      succeed(run([...opens, ...closes, ...shell('ulimit -Sn')], { slots: opens.length })),
      '100\n',
    );
  } finally {
    limitOpenFiles(before);
  }
});

test.run();
