/** The stub's process: who it becomes, what it hands over, and how it ends when its parent does. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeGo, startStamp } from '../../src/launch/messages.ts';
import { NO_SLOT, type Operation } from '../../src/plan/operations.ts';
import {
  type Bench,
  native,
  type Outcome,
  openBench,
  ownRoot,
  type Run,
  shell,
  step,
} from './support/stub.ts';

const test = suite('the stub: the process');
let bench: Bench;

test.before(() => {
  bench = openBench();
});
test.after(() => bench.remove());

function succeed(outcome: Outcome): string {
  assert.is(outcome.failure, undefined, JSON.stringify(outcome.failure));
  assert.is(outcome.code, 0, outcome.output);
  return outcome.output;
}

function failWith(outcome: Outcome, errno: number, text: RegExp): void {
  assert.is(outcome.failure?.errno, errno, JSON.stringify(outcome.failure));
  assert.match(outcome.failure?.text ?? '', text);
}

function run(operations: readonly Operation[], more: Partial<Run> = {}): Outcome {
  return bench.run({ operations, ...more });
}

const CLONE_NEWNS = 0x0002_0000n;
const CLONE_NEWPID = 0x2000_0000n;
const CLONE_NEWUTS = 0x0400_0000n;
const CLONE_NEWNET = 0x4000_0000n;
const clone = (flags: bigint) => step('namespaces', 'clone', { flags, cgroup: NO_SLOT });

// ---- execution --------------------------------------------------------------------------------------------------------

const find = (name: string, path = '') => step('ready', 'find-executable', { name, path });
const execute = (args: readonly string[], environment: readonly string[] = []) =>
  step('exec', 'execute', { args, environment, preserve: 0 });

test('executes with the arguments, the environment and the name given', () => {
  const output = succeed(
    run([find('sh', '/nowhere:/bin'), execute(['my sh', '-c', 'echo "$0|$1|$V"', 'a', 'b c'], ['V=v w'])]),
  );
  assert.is(output, 'a|b c|v w\n');
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
  failWith(attempt('plain', directory), 13, /^permission denied$/);
  failWith(attempt(`${directory}/plain`), 13, /^permission denied$/);
  failWith(attempt(`${directory}/dir`), 13, /^is a directory$/);
  failWith(attempt(`${directory}/script`), 2, /script/);
  failWith(attempt(`${directory}/nonsense`), 8, /nonsense/);
});

test('says EXECUTING before, and nothing after, a success', () => {
  const outcome = run([step('ready', 'ready', {}), ...shell('true')]);
  assert.equal(
    outcome.messages.map((message) => message.type),
    ['ready', 'executing'],
  );
});

test('leaves the program three descriptors, default signals, and no mask', () => {
  const output = succeed(
    run([...shell('ls -l /proc/$$/fd | wc -l; grep -E "SigBlk|SigIgn|SigCgt" /proc/self/status')], {
      preserved: [],
    }),
  );
  // "total 0" and three lines; the shell opens none of its own for `-c`.
  assert.is(output.split('\n')[0], '4');
  assert.match(output, /SigBlk:\t0+\nSigIgn:\t0+\n/);
});

test('leaves preserved descriptors, and only these', () => {
  const file = join(bench.directory, 'preserved');
  writeFileSync(file, 'kept');
  const descriptor = native.open(file, 0, 0);
  const [one] = native.socketPair();
  const outcome = bench.run({
    operations: [
      find('/bin/sh'),
      step('exec', 'execute', {
        args: ['sh', '-c', 'cat <&3; ls /proc/$$/fd | tr "\\n" " "'],
        environment: ['PATH=/bin:/usr/bin'],
        preserve: 1,
      }),
    ],
    preserved: [descriptor],
    inherited: [one],
    slots: 1,
  });
  assert.is(succeed(outcome), 'kept0 1 2 3 ');
  native.close(descriptor);
});

test('finds HOME, and keeps one that is given', () => {
  const home = (uid: number, environment: string[] = []) =>
    succeed(
      run([
        step('identity', 'home-directory', { uid }),
        ...shell('echo $HOME', ['PATH=/bin', ...environment]),
      ]),
    ).trim();
  assert.is(home(0), '/root');
  assert.is(home(4_000_000_000), '/');
  assert.is(home(0, ['HOME=/own']), '/own');
  assert.is(succeed(run(shell('echo $HOME', ['PATH=/bin']))).trim(), '/');
});

test('reads an odd /etc/passwd without harm', () => {
  const root = join(bench.directory, 'passwd-root');
  mkdirSync(join(root, 'etc'), { recursive: true });
  mkdirSync(join(root, 'proc'), { recursive: true });
  execFileSync('cp', ['/bin/busybox', join(root, 'sh')]);
  const home = (content: string | undefined) => {
    rmSync(join(root, 'etc/passwd'), { force: true, recursive: true });
    if (content !== undefined) writeFileSync(join(root, 'etc/passwd'), content);
    const outcome = run([
      step('pivot', 'chroot', { path: root }),
      step('identity', 'home-directory', { uid: 1000 }),
      find('/sh'),
      execute(['sh', '-c', 'echo $HOME']),
    ]);
    return succeed(outcome).trim();
  };
  assert.is(home('a:x:0:0::/root:/bin/sh\nu:x:1000:1000::/home/u:/bin/sh\n'), '/home/u');
  assert.is(home('u:x:1000:1000::/home/u:/bin/sh'), '/home/u', 'no newline at the end');
  assert.is(home('u:x:1000:1000::/home/u'), '/home/u', 'no shell');
  assert.is(home(`${'#'.repeat(9000)}\nu:x:1000:1000::/home/u:\n`), '/home/u', 'a long line before');
  assert.is(home(`#${'x:'.repeat(4090)}\n\n:::\nu:x:1000:1000::/home/u:\n`), '/home/u');
  assert.is(
    home(`${'x'.repeat(4095)}u:x:1000:1000::/evil:\nu:x:1000:1000::/home/u:\n`),
    '/home/u',
    'no line starts inside another',
  );
  assert.is(home('u:x:01000000000000:1000::/home/u:\nu:x:+1000:0::/b:\nu:x:-1:0::/c:\n'), '/');
  assert.is(home('u:x:1000:1000:::\n'), '/', 'empty');
  assert.is(home(undefined), '/');
  mkdirSync(join(root, 'etc/passwd'));
  assert.is(
    succeed(
      run([
        step('pivot', 'chroot', { path: root }),
        step('identity', 'home-directory', { uid: 0 }),
        find('/sh'),
        execute(['sh', '-c', 'echo $HOME']),
      ]),
    ).trim(),
    '/',
  );
  rmSync(join(root, 'etc/passwd'), { recursive: true });
  execFileSync('mkfifo', [join(root, 'etc/passwd')]);
  assert.is(
    succeed(
      run([
        step('pivot', 'chroot', { path: root }),
        step('identity', 'home-directory', { uid: 0 }),
        find('/sh'),
        execute(['sh', '-c', 'echo $HOME']),
      ]),
    ).trim(),
    '/',
  );
});

// ---- identity ---------------------------------------------------------------------------------------------------------

const CAP_KILL = 1n << 5n;
const CAP_CHOWN = 1n;

test('becomes the user with these groups, capabilities and mask', () => {
  const output = succeed(
    run([
      step('identity', 'bounding-set', { keep: CAP_KILL | CAP_CHOWN }),
      step('identity', 'umask', { mask: 0o27 }),
      step('identity', 'user', { uid: 1234, gid: 55, groups: [7, 8], setGroups: 1 }),
      step('identity', 'capabilities', {
        effective: CAP_KILL,
        permitted: CAP_KILL | CAP_CHOWN,
        inheritable: CAP_KILL,
        ambient: CAP_KILL,
      }),
      step('identity', 'no-new-privileges', {}),
      ...shell('umask; grep -E "Uid|Gid|Groups|Cap|NoNew" /proc/self/status'),
    ]),
  );
  assert.match(output, /^0027\nUid:(\t1234){4}\nGid:(\t55){4}\nGroups:\t7 8 \n/);
  assert.match(
    output,
    /CapInh:\t0+20\nCapPrm:\t0+20\nCapEff:\t0+20\nCapBnd:\t0+21\nCapAmb:\t0+20\nNoNewPrivs:\t1/,
  );
});

test('refuses an ambient capability that is not inheritable', () => {
  const capabilities = { effective: CAP_KILL, permitted: CAP_KILL, inheritable: 0n, ambient: CAP_KILL };
  failWith(
    run([step('identity', 'capabilities', capabilities), ...shell('true')]),
    1,
    /ambient capability 5/,
  );
});

test('an attempt at the working directory leaves a refusal to the next one', () => {
  const directory = join(bench.directory, 'private');
  mkdirSync(directory, { recursive: true });
  chmodSync(bench.directory, 0o755);
  chmodSync(directory, 0o700);
  const enter = (attempt: number, path = directory) =>
    step('identity', 'working-directory', { path, attempt });
  assert.is(succeed(run([enter(1), enter(0, '/no/such'), ...shell('pwd')])), `${directory}\n`);
  failWith(run([enter(0, '/no/such'), ...shell('pwd')]), 2, /no\/such/);
  failWith(run([enter(1, '/no/such'), ...shell('pwd')]), 2, /no\/such/);
  const nobody = step('identity', 'become', { uid: 65534, gid: 65534, groups: 1 });
  failWith(run([nobody, enter(1), enter(0), ...shell('pwd')]), 13, /private/);
  assert.is(succeed(run([nobody, enter(1), enter(0, '/'), ...shell('pwd')])), '/\n');
});

test('a working directory outside the root is refused (CVE-2024-21626)', () => {
  const root = join(bench.directory, 'jail');
  mkdirSync(join(root, 'proc'), { recursive: true });
  execFileSync('cp', ['/bin/busybox', join(root, 'sh')]);
  const leaked = native.open('/', 0, 0);
  const outcome = bench.run({
    operations: [
      step('namespaces', 'clone', { flags: CLONE_NEWNS, cgroup: NO_SLOT }),
      step('rootfs', 'propagation', { type: 1 << 18, recursive: 1 }),
      step('rootfs', 'open-tree', { slot: 1, path: root, recursive: 0 }),
      step('rootfs', 'mount-root', { tree: 1, path: root, privateParent: 1 }),
      step('rootfs', 'mount', {
        root: 1,
        target: '/proc',
        type: 'proc',
        source: 'proc',
        options: [],
        attributes: 0,
        propagation: 0,
        propagationRecursive: 0,
        copyUp: 0,
      }),
      step('pivot', 'pivot', { root: 1, mode: 0 }),
      step('identity', 'working-directory', { path: '/proc/self/fd/5', attempt: 0 }),
      find('/sh'),
      execute(['sh', '-c', 'pwd']),
    ],
    inherited: [leaked],
    slots: 2,
  });
  native.close(leaked);
  failWith(outcome, 1, /outside the container's root/);
});

// ---- hooks ------------------------------------------------------------------------------------------------------------

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

// ---- namespaces ---------------------------------------------------------------------------------------------------------

test('clone makes a sibling in new namespaces, and says its pid', () => {
  const outcome = run([
    clone(CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWNET),
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
        step('prepare', 'open-proc', { slot: 0 }),
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
  succeed(run([join('/proc/self/ns/uts', Number(CLONE_NEWUTS)), ...shell('true')]));
  failWith(run([join('/proc/self/ns/uts', Number(CLONE_NEWNET)), ...shell('true')]), 22, /ns\/uts/);
  failWith(run([join('/etc/passwd', Number(CLONE_NEWNET)), ...shell('true')]), 22, /passwd/);
  failWith(run([join('/no/ns', Number(CLONE_NEWNET)), ...shell('true')]), 2, /no\/ns/);
});

// ---- limits -----------------------------------------------------------------------------------------------------------

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
  assert.is(output, '4\n4\n/root\n');
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
  limitOpenFiles('100');
  try {
    assert.is(succeed(run([...opens, ...shell('ulimit -Sn')], { slots: opens.length })), '100\n');
  } finally {
    limitOpenFiles(before);
  }
});

// ---- the talk with the parent -----------------------------------------------------------------------------------------

test('stamps every operation in order, when asked', () => {
  const outcome = run(
    [step('identity', 'umask', { mask: 0 }), step('ready', 'ready', {}), ...shell('true')],
    { trace: true },
  );
  succeed(outcome);
  const stamps = outcome.messages.flatMap((message) => (message.type === 'stamps' ? message.stamps : []));
  assert.equal(
    stamps.map(({ operation }) => operation),
    [startStamp, 0, 1, 2],
  );
  assert.ok(
    stamps.every(
      (stamp, index) => index === 0 || stamp.nanoseconds >= (stamps[index - 1]?.nanoseconds ?? 0n),
    ),
  );
  assert.not(run([...shell('true')]).messages.some((message) => message.type === 'stamps'));
});

test('refuses an answer to another question', () => {
  const outcome = runTalk((socket) => {
    native.receive(socket, 5000);
    native.send(socket, encodeGo({ question: 'id-maps' }), []);
  });
  assert.match(outcome, /"text":"the parent answered what was not asked"/);
});

test('refuses a torn answer', () => {
  const outcome = runTalk((socket) => {
    native.receive(socket, 5000);
    native.send(socket, encodeGo({ question: 'create-runtime', state: 'abc' }).subarray(0, 17), []);
  });
  assert.match(outcome, /"text":"the parent's answer is malformed"/);
});

/** Speaks by hand with a stub that asks `create-runtime`; its last words as JSON. */
function runTalk(talk: (socket: number) => void): string {
  let words = '';
  bench.run({
    operations: [ask, ...shell('true')],
    talk: (socket, decode) => {
      talk(socket);
      words = JSON.stringify(decode(native.receive(socket, 5000).data));
    },
  });
  return words;
}

test('ends when its parent does, wherever it waits', () => {
  for (const operation of [ask, step('ready', 'ready', {})]) {
    const outcome = bench.run({
      operations: [clone(CLONE_NEWPID), operation, ...shell('echo reached')],
      talk: (socket, decode) => {
        while (!['ask', 'ready'].includes(decode(native.receive(socket, 5000).data).type));
      },
    });
    assert.is(outcome.output, '');
    assert.is(outcome.code, 1);
  }
});

test('waits for start on its socket, and executes when told to', () => {
  const path = join(bench.directory, 'start');
  for (const go of [true, false]) {
    rmSync(path, { force: true });
    const listener = native.listen(path);
    let connection = -1;
    const outcome = bench.run({
      operations: [
        step('ready', 'ready', {}),
        step('ready', 'await-start', { socket: 0 }),
        ...shell('echo started'),
      ],
      inherited: [listener],
      talk: (socket, decode) => {
        assert.is(decode(native.receive(socket, 5000).data).type, 'ready');
        native.send(socket, encodeGo({ question: 'commit' }), []);
        assert.is(native.receive(socket, 5000).data.length, 0, 'it lets go of who made it');
        connection = native.connect(path, 'seqpacket');
        if (!go) return;
        native.send(connection, encodeGo({ question: 'start' }), []);
        assert.is(decode(native.receive(connection, 5000).data).type, 'executing');
        assert.is(native.receive(connection, 5000).data.length, 0, 'closed by execve');
      },
      afterTalk: () => native.close(connection),
    });
    native.close(listener);
    assert.is(outcome.output, go ? 'started\n' : '');
    assert.is(outcome.code, go ? 0 : 1);
  }
});

test('reports to start that the program cannot be executed', () => {
  const path = join(bench.directory, 'start');
  rmSync(path, { force: true });
  const listener = native.listen(path);
  const script = join(bench.directory, 'bad-script');
  writeFileSync(script, '#!/no/interpreter\n');
  chmodSync(script, 0o755);
  const types: string[] = [];
  bench.run({
    operations: [step('ready', 'await-start', { socket: 0 }), find(script), execute(['x'])],
    inherited: [listener],
    talk: (_socket, decode) => {
      const connection = native.connect(path, 'seqpacket');
      native.send(connection, encodeGo({ question: 'start' }), []);
      for (
        let packet = native.receive(connection, 5000);
        packet.data.length > 0;
        packet = native.receive(connection, 5000)
      ) {
        types.push(decode(packet.data).type);
      }
      native.close(connection);
    },
  });
  native.close(listener);
  assert.equal(types, ['executing', 'failed']);
});

test('refuses a plan with missing descriptors', () => {
  failWith(
    run([step('prepare', 'join-slot', { slot: 0, flags: 0 }), ...shell('true')], { slots: 1 }),
    9,
    /slot 0 is empty/,
  );
});

// ---- terminals --------------------------------------------------------------------------------------------------------

test('a console is the standard streams and the controlling terminal, and its master arrives', () => {
  const root = join(bench.directory, 'tty-root');
  mkdirSync(join(root, 'dev/pts'), { recursive: true });
  rmSync(join(root, 'dev/console'), { force: true });
  symlinkSync(join(bench.directory, 'victim'), join(root, 'dev/console'));
  const outcome = bench.run({
    operations: [
      ...ownRoot(root, 0),
      step('rootfs', 'mount', {
        root: 0,
        target: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['newinstance', 'ptmxmode=0666'],
        attributes: 0,
        propagation: 0,
        propagationRecursive: 0,
        copyUp: 0,
      }),
      step('rootfs', 'console', { root: 0, socket: NO_SLOT, rows: 33, columns: 77, uid: 0, gid: 0, bind: 1 }),
      ...shell(
        `test -t 0 -a -t 1 -a -t 2 && stty size && stty -a | grep -o -- -onlcr; stat -c %F ${root}/dev/console; exec 3<>/dev/tty && echo has tty`,
      ),
    ],
    slots: 1,
  });
  assert.is(outcome.failure, undefined, JSON.stringify(outcome.failure));
  const master = outcome.descriptors[0] as number;
  const text = new TextDecoder().decode(native.read(master, 4096));
  native.close(master);
  assert.is(text, '33 77\n-onlcr\ncharacter special file\nhas tty\n');
  assert.equal(
    outcome.messages.find((message) => message.type === 'console'),
    { stage: 1, operation: 5, type: 'console', name: '/dev/pts/0' },
  );
  assert.not(existsSync(join(bench.directory, 'victim')), 'the link was not followed');
});

test('a multiplexer that is none is refused (CVE-2025-52565)', () => {
  const root = join(bench.directory, 'fake-root');
  mkdirSync(join(root, 'dev/pts'), { recursive: true });
  const console = step('rootfs', 'console', {
    root: 0,
    socket: NO_SLOT,
    rows: 0,
    columns: 0,
    uid: 0,
    gid: 0,
    bind: 0,
  });
  const attempt = () => bench.run({ operations: [...ownRoot(root, 0), console, ...shell('true')], slots: 1 });
  failWith(attempt(), 2, /dev\/pts\/ptmx/);
  writeFileSync(join(root, 'dev/pts/ptmx'), '');
  failWith(attempt(), 19, /not a terminal multiplexer/);
  rmSync(join(root, 'dev/pts/ptmx'));
  execFileSync('mknod', [join(root, 'dev/pts/ptmx'), 'c', '1', '3']);
  failWith(attempt(), 19, /not a terminal multiplexer/);
});

test.run();
