import { strict as assert } from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';
import { hasErrno } from '../../../src/host/native.ts';
import { watchingWait } from '../../../src/host/wait.ts';
import { until } from '../../integration/support/wait.ts';

const native = loadNative(findLibexec());
const test = suite('native: processes');
const shell = native.open('/bin/sh', 0, 0);
let directory = '';

test.before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsoci-processes-'));
});
test.after(() => {
  native.close(shell);
  rmSync(directory, { recursive: true, force: true });
});

/** Runs a shell script by `spawn` and gives its standard output. */
function output(
  script: string,
  extra: readonly number[] = [],
  { newSession = false, holdsSignals = false } = {},
): string {
  const path = join(directory, 'output');
  const file = openSync(path, 'w+');
  try {
    const pid = native.spawn({
      file: shell,
      argv: ['sh', '-c', script],
      environment: ['PATH=/usr/bin:/bin', 'WORD=grüße'],
      descriptors: [0, file, 2, ...extra],
      newSession,
      holdsSignals,
    });
    assert.deepEqual(native.wait(pid, false), { code: 0, signal: undefined });
    return readFileSync(path, 'utf8');
  } finally {
    closeSync(file);
  }
}

test('spawn() hands over argv and environment and nothing else', () => {
  process.env['TSOCI_SECRET'] = 'x';
  const lines = output('cat /proc/$$/environ | tr "\\0" "\\n"').trim().split('\n');
  delete process.env['TSOCI_SECRET'];
  assert.deepEqual(lines, ['PATH=/usr/bin:/bin', 'WORD=grüße']);
});

test('spawn() starts in the directory that it is told, and leaves ours alone', () => {
  const before = process.cwd();
  const path = join(directory, 'output');
  const file = openSync(path, 'w+');
  const options = {
    file: shell,
    argv: ['sh', '-c', 'pwd'],
    environment: ['PATH=/usr/bin:/bin'],
    descriptors: [0, file, 2],
  };
  try {
    const pid = native.spawn({ ...options, directory });
    assert.deepEqual(native.wait(pid, false), { code: 0, signal: undefined });
    assert.equal(readFileSync(path, 'utf8'), `${directory}\n`);
    const gone = join(directory, 'gone');
    assert.throws(() => native.spawn({ ...options, directory: gone }), /chdir.*gone|gone.*chdir/s);
    assert.throws(() => native.execute({ ...options, directory }), /EINVAL|chdir/);
    assert.equal(process.cwd(), before);
  } finally {
    closeSync(file);
  }
});

test('spawn() gives exactly the named descriptors', () => {
  const names = output('for f in /proc/$$/fd/*; do echo ${f##*/}; done').trim().split('\n').map(Number);
  // The shell keeps nothing else open but, perhaps, the directory that it globs.
  assert.deepEqual(
    names
      .filter((name) => name < 10)
      .sort()
      .slice(0, 3),
    [0, 1, 2],
  );
  assert.equal(names.length <= 4, true, `descriptors ${names}`);
  const [a, b] = native.socketPair();
  assert.equal(output('readlink /proc/$$/fd/3 | grep -c socket', [a]).trim(), '1');
  native.close(a);
  native.close(b);
});

test('spawn() maps overlapping descriptor numbers without mixing them up', () => {
  const files = [0, 1, 2, 3].map((index) => {
    const file = openSync(join(directory, `map${index}`), 'w+');
    writeSync(file, `<${index}>`);
    return file;
  });
  const [p, q, r, s] = files as [number, number, number, number];
  const out = openSync(join(directory, 'mapped'), 'w+');
  const many = Array.from(
    { length: Math.max(...files, out) + 2 },
    (_, index) => files[(index * 7 + 3) % 4] as number,
  );
  // Every source lies inside the range, so each would be overwritten by a naive loop.
  const wanted = [0, out, 2, s, r, q, p, ...many];
  try {
    const pid = native.spawn({
      file: shell,
      argv: ['sh', '-c', 'for i in 3 4 5 6; do cat /proc/self/fd/$i; done; readlink /proc/$$/fd/$LAST'],
      environment: ['PATH=/usr/bin:/bin', `LAST=${wanted.length - 1}`],
      descriptors: wanted,
    });
    assert.equal(native.wait(pid, false)?.code, 0);
    const buffer = Buffer.alloc(200);
    const length = readSync(out, buffer, 0, 200, 0);
    const last = files.indexOf(wanted[wanted.length - 1] as number);
    assert.equal(buffer.toString('utf8', 0, length).trim(), `<3><2><1><0>${join(directory, `map${last}`)}`);
  } finally {
    for (const file of [...files, out]) closeSync(file);
  }
});

test('spawn() resets dispositions and mask, also SIGPIPE that the engine ignores', () => {
  const ignored = /SigIgn:\s+(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  assert.notEqual(BigInt(`0x${ignored}`) & (1n << 12n), 0n, 'positive control: the engine ignores SIGPIPE');
  const status = output('exec cat /proc/self/status');
  // "exec", because a shell that waits for its child has a mask of its own.
  assert.equal(/SigIgn:\s+(\w+)/.exec(status)?.[1], '0'.repeat(16));
  assert.equal(/SigBlk:\s+(\w+)/.exec(status)?.[1], '0'.repeat(16));
});

test('spawn() leaves our own signal mask as it was', () => {
  const mask = () => /SigBlk:\s+(\w+)/.exec(readFileSync('/proc/thread-self/status', 'utf8'))?.[1];
  const before = mask();
  output('true');
  assert.equal(mask(), before);
});

test('spawn() starts a session when asked', () => {
  const session = (newSession: boolean) =>
    output('cut -d" " -f1,6 /proc/$$/stat', [], { newSession }).trim().split(' ');
  const [pid, sid] = session(true);
  assert.equal(pid, sid);
  const [other, otherSession] = session(false);
  assert.notEqual(other, otherSession);
});

test('spawn() holds SIGINT and SIGTERM back when asked, and nothing else', () => {
  const blocked = (holdsSignals: boolean) =>
    output('exec sed -n "s/^SigBlk:.//p" /proc/self/status', [], { holdsSignals }).trim();
  assert.equal(BigInt(`0x${blocked(true)}`), (1n << 1n) | (1n << 14n));
  assert.equal(BigInt(`0x${blocked(false)}`), 0n);
});

test('spawn() throws when exec fails, and leaves no zombie', () => {
  const text = native.open('/etc/hostname', 0, 0);
  assert.throws(
    () => native.spawn({ file: text, argv: ['x'], environment: [], descriptors: [] }),
    (error: unknown) =>
      hasErrno(error, 'EACCES', 'ENOEXEC') && (error as { syscall?: string }).syscall === 'execveat',
  );
  native.close(text);
  assert.throws(
    () => native.spawn({ file: shell, argv: ['x'], environment: [], descriptors: [0, 9999] }),
    (error: unknown) => hasErrno(error, 'EBADF'),
  );
  assert.equal(readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim(), '');
});

test('wait() tells codes from signals, and that a child still runs', () => {
  const [a, b] = native.socketPair();
  const pid = native.spawn({
    file: shell,
    argv: ['sh', '-c', 'read x; exit 7'],
    environment: [],
    descriptors: [a, 1, 2],
  });
  native.close(a);
  assert.equal(native.wait(pid, true), undefined);
  native.send(b, new TextEncoder().encode('\n'), []);
  assert.deepEqual(native.wait(pid, false), { code: 7, signal: undefined });
  native.close(b);
  const killed = native.spawn({
    file: shell,
    argv: ['sh', '-c', 'kill -9 $$'],
    environment: [],
    descriptors: [],
  });
  assert.deepEqual(native.wait(killed, false), { code: undefined, signal: 9 });
  assert.throws(
    () => native.wait(killed, false),
    (error: unknown) => hasErrno(error, 'ECHILD'),
  );
  assert.throws(
    () => native.wait(-1, true),
    (error: unknown) => hasErrno(error, 'ECHILD'),
  );
});

test('many children are waited for at once, by one thread, without the event loop standing still', async () => {
  const [hold, release] = native.socketPair();
  const children = Array.from({ length: 20 }, (_, index) =>
    native.spawn({
      file: shell,
      argv: ['sh', '-c', `cat >/dev/null; exit ${index}`],
      environment: ['PATH=/usr/bin:/bin'],
      descriptors: [hold],
    }),
  );
  native.close(hold);
  const wait = watchingWait(native);
  const threads = () => readdirSync('/proc/self/task').length;
  const before = threads();
  let most = 0;
  let ticks = 0;
  const ticker = setInterval(() => {
    ticks += 1;
    most = Math.max(most, threads());
    if (ticks === 3) native.close(release);
  }, 5);
  const ends = await Promise.all(children.map((pid) => wait.child(pid)));
  clearInterval(ticker);
  assert.deepEqual(
    ends.map((end) => end.code),
    children.map((_, index) => index),
  );
  assert.equal(ticks >= 3, true);
  assert.ok(most <= before + 1, `${most} threads instead of ${before}`);
  await assert.rejects(wait.child(children[0] as number), (error: unknown) => hasErrno(error, 'ECHILD'));
});

test('processStat() reads behind a command name that imitates the fields', async () => {
  const script = "printf 'a) Z 1 (b' > /proc/$$/comm; echo ready; read line";
  const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    const pid = child.pid as number;
    // It has spoken, and may not be waiting yet.
    const text = await until('it waits', () => {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return / S \d/.test(stat) ? stat : undefined;
    });
    assert.match(text, /^\d+ \(a\) Z 1 \(b\) S /);
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    assert.equal(native.processStat(pid), `S ${fields[19]}`);
  } finally {
    child.kill('SIGKILL');
  }
  assert.throws(() => native.processStat(2 ** 22 + 1), /^Error: ENOENT/);
});

test('kill(), pidfdOpen(), pidfdSend() and poll() reach one process', () => {
  const pid = native.spawn({
    file: shell,
    argv: ['sh', '-c', 'sleep 60'],
    environment: ['PATH=/usr/bin:/bin'],
    descriptors: [],
  });
  const pidfd = native.pidfdOpen(pid);
  try {
    native.kill(pid, 0);
    assert.deepEqual(native.pollMany([pidfd], 0), []);
    native.pidfdSend(pidfd, 15);
    assert.deepEqual(native.pollMany([pidfd], 5000), [pidfd]);
  } finally {
    native.close(pidfd);
    native.wait(pid, false);
  }
  assert.throws(
    () => native.kill(pid, 0),
    (error: unknown) => hasErrno(error, 'ESRCH'),
  );
});

test('pollMany() keeps to its time', () => {
  const [a, b] = native.socketPair();
  const start = native.monotonic();
  assert.deepEqual(native.pollMany([a], 30), []);
  assert.equal(native.monotonic() - start >= 29_000_000n, true);
  native.close(a);
  native.close(b);
});

/** Runs JavaScript with the addon as `native` in a process of its own, on whatever runs this test. */
function host(script: string) {
  const load = `const m={exports:{}};process.dlopen(m,${JSON.stringify(`${findLibexec()}/tsoci.node`)});const native=m.exports;`;
  return spawnSync(process.execPath, ['-e', load + script], { encoding: 'utf8', timeout: 20_000 });
}

test('execute() replaces the process: same pid, mapped descriptors, clean signals, engine gone', () => {
  const result = host(`
    require('node:fs').writeSync(1, process.pid + '\\n');
    const file = native.open('/bin/sh', 0, 0);
    native.execute({ file, argv: ['sh', '-c', 'echo $$; set -- /proc/$$/fd/*; echo $#; echo err >&4; exec cat /proc/self/status'],
      environment: ['PATH=/usr/bin:/bin'], descriptors: [0, 1, 2, 1, 2] });`);
  const [before, after, count] = result.stdout.split('\n');
  assert.equal(before, after);
  assert.equal(Number(count) <= 6, true, `${count} descriptors`);
  assert.equal(/SigBlk:\s+(\w+)/.exec(result.stdout)?.[1], '0'.repeat(16));
  assert.equal(/SigIgn:\s+(\w+)/.exec(result.stdout)?.[1], '0'.repeat(16));
  assert.equal(/Threads:\s+(\w+)/.exec(result.stdout)?.[1], '1');
  assert.equal(result.stderr.trim(), 'err');
  assert.equal(result.status, 0);
});

test('execute() that fails throws and puts descriptors, dispositions and mask back', () => {
  const result = host(`
    const fs = require('node:fs');
    const state = () => [0, 1, 2].map((n) => fs.readlinkSync('/proc/thread-self/fd/' + n)).join() +
      fs.readFileSync('/proc/thread-self/status', 'utf8').match(/Sig(Blk|Ign).*/g).join() + fs.readdirSync('/proc/thread-self/fd').length;
    const file = native.open('/etc/hostname', 0, 0);
    const before = state();
    let code = '';
    try { native.execute({ file, argv: ['x'], environment: [], descriptors: [2, 0, 1, file] }); } catch (error) { code = error.code; }
    const after = state();
    fs.writeSync(1, code + ' ' + (before === after ? 'same' : before + ' / ' + after));`);
  assert.match(result.stdout, /^(EACCES|ENOEXEC) same$/);
  assert.equal(result.status, 0);
});

test("raiseOpenFiles() is for ourselves: what is spawned, or comes in our place, has the caller's limit", () => {
  const result = host(`
    const fs = require('node:fs');
    // the engine has raised it already
    require('node:child_process').execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=123:']);
    const own = () => /Max open files +(\\d+) +(\\d+)/.exec(fs.readFileSync('/proc/self/limits', 'utf8')).slice(1);
    const before = own();
    native.raiseOpenFiles();
    const after = own();
    fs.writeSync(1, [before[0], after[0] === after[1] && after[0] !== '123'].join(' ') + '\\n');
    const file = native.open('/bin/sh', 0, 0);
    const argv = ['sh', '-c', 'ulimit -Sn'];
    native.wait(native.spawn({ file, argv, environment: [], descriptors: [0, 1, 2] }), false);
    const none = native.open('/etc/hostname', 0, 0);
    try { native.execute({ file: none, argv, environment: [], descriptors: [0, 1, 2] }); } catch {}
    fs.writeSync(1, (own()[0] === after[0]) + '\\n');
    native.execute({ file, argv, environment: [], descriptors: [0, 1, 2] });`);
  assert.equal(result.stdout, '123 true\n123\ntrue\n123\n');
});

test('processId(), userId(), kernel() and umask() agree with the engine', () => {
  assert.equal(native.processId(), process.pid);
  assert.equal(native.userId(), process.geteuid?.());
  assert.equal(native.groupId(), process.getegid?.());
  assert.equal(native.kernel().release, readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim());
  const old = native.umask(0o027);
  assert.equal(native.umask(old), 0o027);
});

test.run();
