/** Tests also: src/shim/task/logger.ts src/shim/task/stream-ends.ts */

import { strict as assert } from 'node:assert';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { findLibexec } from '../../../../src/entry/libexec.ts';
import { loadNative } from '../../../../src/entry/load-native.ts';
import { hasErrno } from '../../../../src/host/native.ts';
import { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from '../../../../src/host/open-flags.ts';
import { SIGKILL } from '../../../../src/host/signals.ts';
import { watchingWait } from '../../../../src/host/wait.ts';
import { openStreams, type ProcessStreams, type StreamChoice } from '../../../../src/shim/task/streams.ts';

const native = loadNative(findLibexec());
const wait = watchingWait(native);
const host = { native, wait };
const test = suite('shim: streams');
const owner = { uid: native.userId(), gid: native.groupId() };
const environment = ['PATH=/usr/bin:/bin'];

let directory = '';
let before: readonly string[] = [];
let warnings: string[] = [];
const openFiles = (): string[] =>
  readdirSync('/proc/self/fd').map((name) => {
    try {
      return `${name} ${native.readLink(`/proc/self/fd/${name}`)}`;
    } catch {
      return '';
    }
  });

/** Without the reading of the directory itself, and the watcher's own, which come and go. */
const kept = () => openFiles().filter((line) => /pipe:|tsoci-streams|ptmx|null/.test(line));

test.before.each(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsoci-streams-'));
  warnings = [];
  before = kept();
});
test.after.each(async () => {
  const left = () => kept().filter((line) => !before.includes(line));
  for (let waited = 0; waited < 2000 && left().length > 0; waited += 10) await wait.pause(10);
  rmSync(directory, { recursive: true });
  // Told here as well: uvu loses what a hook throws.
  if (left().length > 0) console.error('descriptors are left:', left());
  assert.deepEqual(left(), []);
});

function spawn(file: string, args: readonly string[], descriptors: readonly number[]): number {
  return native.spawn({ file, argv: [file, ...args], environment, descriptors });
}

async function run(file: string, ...args: string[]): Promise<void> {
  const nothing = native.open('/dev/null', O_RDWR, 0);
  const pid = spawn(file, args, [nothing, nothing, 2]);
  native.close(nothing);
  assert.equal((await wait.child(pid)).code, 0, file);
}

async function fifo(name: string): Promise<string> {
  const path = join(directory, name);
  await run('/usr/bin/mkfifo', '-m', '0700', path);
  return path;
}

const choice = (names: Partial<StreamChoice['names']>, more: Partial<StreamChoice> = {}): StreamChoice => ({
  names: { stdin: '', stdout: '', stderr: '', terminal: false, ...names },
  owner,
  id: 'box',
  namespace: 'space',
  warn: (message) => void warnings.push(message),
  ...more,
});

/** A process with these streams, as the shim makes one. */
async function start(streams: ProcessStreams, script: string): Promise<number> {
  const pid = spawn('/bin/sh', ['-c', script], streams.descriptors ?? []);
  await streams.begin();
  return pid;
}

/** Its status as a shell tells it. */
async function end(streams: ProcessStreams, pid: number): Promise<number> {
  const { code, signal } = await wait.child(pid);
  streams.ended();
  return code ?? 128 + (signal ?? 0);
}

/** All that comes until the end, which has to come. */
async function readAll(descriptor: number, most = 1 << 30): Promise<string> {
  const parts: Uint8Array[] = [];
  const decoder = new TextDecoder();
  for (let length = 0; length < most; ) {
    const ready = await wait.readable([descriptor], 5000);
    assert.equal(ready.length, 1, 'neither output nor its end within 5 s');
    const part = native.read(descriptor, 65_536);
    if (part.length === 0) break;
    parts.push(part);
    length += part.length;
  }
  return parts.map((part) => decoder.decode(part, { stream: true })).join('');
}

const reader = (path: string): number => native.open(path, O_RDONLY | O_NONBLOCK, 0);

test('output and errors go to their fifos, input comes from its, and each ends', async () => {
  const [stdin, stdout, stderr] = [await fifo('in'), await fifo('out'), await fifo('err')];
  const [out, err] = [reader(stdout), reader(stderr)];
  const streams = await openStreams(host, choice({ stdin, stdout, stderr }));
  const pid = await start(streams, 'cat; echo problem >&2; exit 3');
  const writer = native.open(stdin, O_WRONLY, 0);
  native.write(writer, 'hello');
  native.close(writer);
  // The client is gone, which is not the end: it may come back.
  await wait.pause(30);
  assert.equal(native.wait(pid, true), undefined);
  const again = native.open(stdin, O_WRONLY, 0);
  native.write(again, ' again');
  streams.closeStdin();
  streams.closeStdin();
  await wait.pause(30);
  assert.equal(native.wait(pid, true), undefined, 'the client has not closed its end');
  native.close(again);
  assert.equal(await end(streams, pid), 3);
  assert.equal(await readAll(out), 'hello again');
  assert.equal(await readAll(err), 'problem\n');
  await streams.finish(5000);
  native.close(out);
  native.close(err);
  assert.deepEqual(warnings, []);
});

test('many megabytes come through unchanged, to a client that is slow', async () => {
  const stdout = await fifo('out');
  const out = reader(stdout);
  const streams = await openStreams(host, choice({ stdout, stderr: stdout }));
  const pid = await start(streams, 'seq 1 1500000; echo last >&2');
  let length = 0;
  let last = '';
  for (;;) {
    const text = await readAll(out, 1 << 20);
    if (text === '') break;
    length += text.length;
    last = text.slice(-5);
    await wait.pause(2);
  }
  assert.equal(await end(streams, pid), 0);
  // 9 of one digit, 90 of two, … with a newline each.
  assert.equal(length, 9 * 2 + 90 * 3 + 900 * 4 + 9000 * 5 + 90_000 * 6 + 900_000 * 7 + 500_001 * 8 + 5);
  assert.equal(last, 'last\n');
  await streams.finish(5000);
  native.close(out);
});

test('a client that goes away and comes back misses nothing that fits the buffers, and nobody gets SIGPIPE', async () => {
  const stdout = await fifo('out');
  const first = reader(stdout);
  const streams = await openStreams(host, choice({ stdout }));
  const gone = join(directory, 'gone');
  const pid = await start(
    streams,
    `echo one; until [ -e "${gone}" ]; do sleep 0.02; done; head -c 1500000 /dev/zero | tr "\\0" x; echo two`,
  );
  assert.equal(await readAll(first, 1), 'one\n');
  native.close(first);
  writeFileSync(gone, '');
  assert.equal(await end(streams, pid), 0, 'a megabyte and a half was written while nobody read');
  await wait.pause(50);
  const second = reader(stdout);
  const text = await readAll(second);
  assert.equal(text.length, 1_500_004);
  assert.equal(text.slice(-4), 'two\n');
  await streams.finish(5000);
  native.close(second);
  assert.deepEqual(warnings, []);
});

test('a fifo nobody reads: finish() does not wait for a client that is not there, and says what was lost', async () => {
  const stdout = await fifo('out');
  const streams = await openStreams(host, choice({ stdout }));
  const pid = await start(streams, 'echo lost');
  assert.equal(await end(streams, pid), 0);
  const began = Date.now();
  await streams.finish(10_000);
  assert.ok(Date.now() - began < 2000, 'it waited');
  assert.match(warnings.join('\n'), /^5 bytes of stdout were dropped: EPIPE/);
});

test('a fifo that a client holds open and does not read: finish() waits as long as it may, not longer', async () => {
  const stdout = await fifo('out');
  const out = reader(stdout);
  const streams = await openStreams(host, choice({ stdout }));
  const pid = await start(streams, 'echo late');
  assert.equal(await end(streams, pid), 0);
  const began = Date.now();
  await Promise.all([streams.finish(200), streams.finish(200)]);
  const took = Date.now() - began;
  assert.ok(took >= 195 && took < 2000, `${took} ms`);
  // What is in it is still there for whoever has it open.
  assert.equal(await readAll(out), 'late\n');
  native.close(out);
});

test('a process that closes its input does not make its client wait, nor is anybody killed', async () => {
  const stdin = await fifo('in');
  const streams = await openStreams(host, choice({ stdin }));
  const pid = await start(streams, 'exec <&-; sleep 0.3');
  const writer = native.open(stdin, O_WRONLY, 0);
  // What was written before it closed its end is taken; afterwards nobody is there.
  let refused = false;
  for (let tries = 0; tries < 100 && !refused; tries++) {
    await wait.pause(10);
    try {
      native.write(writer, 'x');
    } catch (error) {
      refused = hasErrno(error, 'EPIPE');
    }
  }
  assert.ok(refused);
  native.close(writer);
  assert.equal(await end(streams, pid), 0);
  await streams.finish(1000);
});

test('children that keep the output open do not hold finish() up for longer than it may', async () => {
  const stdout = await fifo('out');
  const out = reader(stdout);
  const streams = await openStreams(host, choice({ stdout }));
  const pid = await start(streams, 'sleep 10 & echo $!');
  assert.equal(await end(streams, pid), 0);
  const began = Date.now();
  await streams.finish(150);
  assert.ok(Date.now() - began < 8000);
  const said = await readAll(out);
  assert.match(said, /^\d+\n$/);
  native.kill(Number(said), SIGKILL);
  native.close(out);
});

test('no names: everything is /dev/null, and nothing is copied', async () => {
  const streams = await openStreams(host, choice({}));
  const pid = await start(streams, 'cat; echo x; echo y >&2');
  assert.equal(await end(streams, pid), 0);
  await streams.finish(1000);
});

test('names that cannot be are refused, and what was made is closed', async () => {
  for (const [stdout, problem] of [
    ['http://there', /unknown STDIO scheme http/],
    ['file://relative/path', /must be absolute/],
    ['binary:///no/such/program', /cannot start the logger "\/no\/such\/program": ENOENT/],
    ['binary://%zz', /no URL/],
  ] as const)
    await assert.rejects(openStreams(host, choice({ stdout })), problem);
  const streams = await openStreams(host, choice({ stdout: join(directory, 'missing') }));
  await assert.rejects(streams.begin(), /cannot open the client's standard output ".*missing": ENOENT/);
  streams.abandon();
  await streams.finish(1000);
});

test('the pipes belong to the user of the container', async () => {
  if (native.userId() !== 0) return;
  const [stdin, stdout] = [await fifo('in'), await fifo('out')];
  const streams = await openStreams(host, choice({ stdin, stdout }, { owner: { uid: 1234, gid: 5678 } }));
  for (const descriptor of streams.descriptors ?? []) {
    const { uid, gid } = statSync(`/proc/self/fd/${descriptor}`);
    const name = native.readLink(`/proc/self/fd/${descriptor}`);
    assert.deepEqual([uid, gid], name.startsWith('pipe:') ? [1234, 5678] : [0, 0], name);
  }
  streams.abandon();
  await streams.finish(1000);
});

test('a fifo’s name may have its scheme, and a plain file is appended to', async () => {
  const stdin = await fifo('in put');
  const file = join(directory, 'out');
  writeFileSync(file, 'before\n');
  const streams = await openStreams(
    host,
    choice({ stdin: `fifo://${stdin.replace(' ', '%20')}`, stdout: file, stderr: file }),
  );
  const pid = await start(streams, 'cat; echo error >&2; echo out');
  const writer = native.open(stdin, O_WRONLY, 0);
  native.write(writer, 'input\n');
  native.close(writer);
  streams.closeStdin();
  assert.equal(await end(streams, pid), 0);
  await streams.finish(5000);
  assert.equal(readFileSync(file, 'utf8'), 'before\ninput\nerror\nout\n');
});

test('file:// is made with the directories above it, and takes both streams in their order', async () => {
  const file = join(directory, 'a b', 'deep', 'log');
  const stdout = `file://${file.replace(' ', '%20')}?x=y`;
  const streams = await openStreams(host, choice({ stdout }));
  const pid = await start(streams, 'for i in 1 2 3; do echo out $i; echo error $i >&2; done');
  assert.equal(await end(streams, pid), 0);
  await streams.finish(5000);
  assert.equal(readFileSync(file, 'utf8'), [1, 2, 3].map((i) => `out ${i}\nerror ${i}\n`).join(''));
  assert.equal(statSync(file).mode & 0o777, 0o644);
});

test('a disk that takes nothing: the process goes on, and is told nothing of it', async () => {
  // /dev/full says ENOSPC to whatever is written to it.
  const streams = await openStreams(host, choice({ stdout: '/dev/full', stderr: '/dev/full' }));
  const pid = await start(streams, 'seq 1 1000000 && echo more');
  assert.equal(await end(streams, pid), 0);
  await streams.finish(5000);
  assert.match(warnings.join('\n'), /^6888901 bytes of stdout were dropped: ENOSPC/);
});

/** A program of the test's own, in the shell's language. */
function logger(name: string, script: string): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

test('binary:// gets both streams, its arguments in their order, and nothing of our environment', async () => {
  const log = join(directory, 'log');
  const path = logger(
    'log ger',
    `echo "$@" > "${log}"; env | grep CONTAINER | sort >> "${log}"; echo r >&5; exec 5>&-; cat <&3 >> "${log}"; cat <&4 >> "${log}"; echo end >> "${log}"`,
  );
  const stdout = `binary://${path.replace(' ', '%20')}?zeta=1&alpha=two%20words&empty=&zeta=3#x`;
  const streams = await openStreams(host, choice({ stdout, stderr: 'ignored' }));
  const pid = await start(streams, 'echo out; echo error >&2');
  assert.equal(await end(streams, pid), 0);
  await streams.finish(5000);
  assert.equal(
    readFileSync(log, 'utf8'),
    'zeta 1 alpha two words empty \nCONTAINER_ID=box\nCONTAINER_NAMESPACE=space\nout\nerror\nend\n',
  );
  assert.deepEqual(warnings, []);
});

test('a logger that has read all and ends before finish() is no loss, and nothing is said', async () => {
  const path = logger('logger', 'exec 5>&-; cat <&3 >/dev/null; exec true');
  const streams = await openStreams(host, choice({ stdout: `binary://${path}` }));
  const pid = await start(streams, 'echo out');
  assert.equal(await end(streams, pid), 0);
  // Time for the logger to end, and for us to hear of it.
  await wait.pause(200);
  await streams.finish(5000);
  assert.deepEqual(warnings, []);
});

test('a logger that never gets ready is ended, and the create fails', async () => {
  const path = logger('logger', 'sleep 60');
  const began = Date.now();
  await assert.rejects(
    openStreams(host, choice({ stdout: `binary://${path}` }, { readyPatience: 150 })),
    /is not ready after 0.15 s/,
  );
  assert.ok(Date.now() - began < 2000);
});

test('binary-v2:// has to say that it is ready; closing is enough for binary://', async () => {
  const path = logger('logger', 'exec 5>&-; cat <&3');
  await assert.rejects(openStreams(host, choice({ stdout: `binary-v2://${path}` })), /without saying/);
  const streams = await openStreams(host, choice({ stdout: `binary://${path}` }));
  streams.abandon();
  await streams.finish(1000);
});

test('a logger that dies kills nobody: what the process writes afterwards is dropped', async () => {
  const path = logger('logger', 'exec 5>&-; head -n 1 <&3 >/dev/null; exit 9');
  const streams = await openStreams(host, choice({ stdout: `binary://${path}` }));
  const pid = await start(
    streams,
    'echo one; sleep 0.3; head -c 3000000 /dev/zero; echo two; echo three >&2',
  );
  assert.equal(await end(streams, pid), 0, 'three megabytes were written after the logger was gone');
  await streams.finish(5000);
  assert.match(warnings.join('\n'), /the logger .* has ended \(status 9\)/);
});

test('a logger that does not end by itself gets SIGTERM once it has read everything', async () => {
  const log = join(directory, 'log');
  const path = logger(
    'logger',
    `trap 'echo asked >> "${log}"; exit' TERM; exec 5>&-; sleep 0.3; cat <&3 >> "${log}"; while :; do sleep 0.05; done`,
  );
  const streams = await openStreams(host, choice({ stdout: `binary://${path}` }));
  const pid = await start(streams, 'echo late');
  assert.equal(await end(streams, pid), 0);
  await streams.finish(5000);
  for (let waited = 0; waited < 2000 && !readFileSync(log, 'utf8').includes('asked'); waited += 20)
    await wait.pause(20);
  assert.equal(readFileSync(log, 'utf8'), 'late\nasked\n');
});

/** A terminal: its master, and the path of its other side. */
async function openTerminal(): Promise<[master: number, path: string]> {
  const master = native.open('/dev/ptmx', O_RDWR, 0);
  const file = join(directory, 'terminal');
  const script =
    'import fcntl,struct,sys; fcntl.ioctl(0, 0x40045431, struct.pack("i", 0)); n = fcntl.ioctl(0, 0x80045430, bytes(4)); open(sys.argv[1], "w").write(str(struct.unpack("I", n)[0]))';
  const pid = spawn('/usr/bin/python3', ['-c', script, file], [master, 2, 2]);
  assert.equal((await wait.child(pid)).code, 0);
  return [master, `/dev/pts/${readFileSync(file, 'utf8')}`];
}

test('a terminal: input and output go through it, it has a size, and its end comes with the process’s', async () => {
  const [stdin, stdout] = [await fifo('in'), await fifo('out')];
  const out = reader(stdout);
  const [master, path] = await openTerminal();
  const streams = await openStreams(host, choice({ stdin, stdout, terminal: true }));
  assert.equal(streams.descriptors, undefined);
  const side = native.open(path, O_RDWR | 0o400, 0);
  const pid = spawn(
    '/bin/sh',
    [
      '-c',
      'stty -echo; read line; echo "got $line"; stty size; exec <&- >&- 2>&-; sleep 0.2; echo back > "$1"',
      'sh',
      path,
    ],
    [side, side, side],
  );
  await streams.begin(master);
  native.close(side);
  streams.resize(91, 37);
  const writer = native.open(stdin, O_WRONLY, 0);
  await wait.pause(100);
  native.write(writer, 'typed\n');
  native.close(writer);
  assert.equal(await end(streams, pid), 0);
  // For a while nobody had it open: that was not its end.
  assert.match((await readAll(out)).replaceAll('\r', ''), /got typed\n37 91\nback\n$/);
  await streams.finish(5000);
  streams.resize(1, 1);
  native.close(out);
});

test('a terminal that nobody reads is no hindrance, and neither is one to a logger', async () => {
  for (const name of ['', `binary://${logger('logger', `exec 5>&-; cat <&3 > ${join(directory, 'log')}`)}`]) {
    const [master, path] = await openTerminal();
    const streams = await openStreams(host, choice({ stdout: name, terminal: true }));
    const side = native.open(path, O_RDWR | 0o400, 0);
    const pid = spawn('/bin/sh', ['-c', 'seq 1 100000'], [side, side, side]);
    await streams.begin(master);
    native.close(side);
    assert.equal(await end(streams, pid), 0);
    await streams.finish(5000);
  }
  assert.equal(readFileSync(join(directory, 'log'), 'utf8').replaceAll('\r', '').length, 588_895);
});

test('hundreds of processes at once, each with its own output', async () => {
  const all = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const stdout = await fifo(`out-${index}`);
      const out = reader(stdout);
      const streams = await openStreams(host, choice({ stdout }));
      const pid = await start(streams, `echo ${index}; exec head -c 100000 /dev/zero`);
      const text = await readAll(out);
      assert.equal(await end(streams, pid), 0);
      await streams.finish(5000);
      native.close(out);
      return text.split('\n')[0];
    }),
  );
  assert.deepEqual(
    all,
    Array.from({ length: 60 }, (_, index) => String(index)),
  );
});

test.run();
