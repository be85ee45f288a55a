import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { blockingWait, watchingWait } from '../../../src/host/wait.ts';
import { OpenStreams } from '../../../src/library/streams.ts';
import { native, nativeWith, withDirectory } from '../container/support.ts';
import { systemError } from '../launch/fake-stub.ts';
import { newDescriptors, openDescriptors } from '../open-descriptors.ts';
import { laterFailureOf } from '../refusal.ts';

const test = suite('streams of a process');

const host = { native, wait: watchingWait(native) };
const target = (descriptor: number) => native.readLink(`/proc/self/fd/${descriptor}`);
/** The flags of an open file, as proc(5) tells them. */
const flags = (descriptor: number) =>
  Number.parseInt(
    /flags:\s*(\d+)/.exec(native.readText(`/proc/self/fdinfo/${descriptor}`, 4096))?.[1] ?? '',
    8,
  );
const [O_WRONLY, O_APPEND, O_CLOEXEC] = [1, 0o2000, 0o2000000];

test("without a word they are this program's own, and nothing is opened", async () => {
  const before = openDescriptors(native);
  for (const streams of [undefined, 'inherit', {}] as const) {
    const opened = await OpenStreams.open(host, streams);
    assert.deepEqual(opened.descriptors, [0, 1, 2]);
    assert.deepEqual(opened.handOver(undefined), {});
  }
  assert.deepEqual(newDescriptors(native, before), []);
});

test('a number is handed on as it is, and stays open here', async () => {
  const [reading, writing] = native.pipe();
  const opened = await OpenStreams.open(host, { stdin: reading, stdout: writing, stderr: 1 });
  assert.deepEqual(opened.descriptors, [reading, writing, 1]);
  opened.handOver(undefined);
  for (const each of [reading, writing]) {
    assert.match(target(each), /^pipe:/);
    native.close(each);
  }
});

test('to ignore is /dev/null, of which nothing is made', async () => {
  const opened = await OpenStreams.open(host, 'ignore');
  assert.deepEqual(opened.descriptors.map(target), ['/dev/null', '/dev/null', '/dev/null']);
  assert.deepEqual(
    opened.descriptors.map((each) => flags(each) & 3),
    [0, O_WRONLY, O_WRONLY],
  );
  opened.abandon();
});

test('a file is read for standard input, and made and appended to for the others, for its owner alone', () =>
  withDirectory(async (directory) => {
    writeFileSync(`${directory}/in`, 'x');
    writeFileSync(`${directory}/out`, 'before\n', { mode: 0o644 });
    const before = openDescriptors(native);
    const opened = await OpenStreams.open(host, {
      stdin: { file: `${directory}/in` },
      stdout: { file: `${directory}/out` },
      stderr: { file: `${directory}/err` },
    });
    const [stdin, stdout] = opened.descriptors;
    assert.deepEqual([flags(stdin) & 3, flags(stdout) & (3 | O_APPEND)], [0, O_WRONLY | O_APPEND]);
    assert.ok(opened.descriptors.every((each) => (flags(each) & O_CLOEXEC) !== 0));
    native.write(stdout, 'after\n');
    assert.equal(readFileSync(`${directory}/out`, 'utf8'), 'before\nafter\n');
    assert.equal(statSync(`${directory}/err`).mode & 0o777, 0o600);
    assert.equal(native.read(stdin, 9).length, 1);
    opened.handOver(undefined);
    assert.deepEqual(newDescriptors(native, before), []);
  }));

test('a terminal that is opened so does not become that of this program, nor is anything made to be ignored', async () => {
  const asked: number[] = [];
  const wait = {
    ...host.wait,
    open: async (_: string, wanted: number) => {
      asked.push(wanted);
      return native.open('/dev/null', O_CLOEXEC, 0);
    },
  };
  const stdout = { file: '/dev/tty9' };
  (await OpenStreams.open({ native, wait }, { stdin: stdout, stdout, stderr: 'ignore' })).abandon();
  const [O_CREAT, O_NOCTTY] = [0o100, 0o400];
  assert.deepEqual(
    asked.map((each) => each & (O_CREAT | O_NOCTTY)),
    [O_NOCTTY, O_CREAT | O_NOCTTY, O_NOCTTY],
  );
});

test('one that cannot be opened is told with its path, and nothing is left open, nor made', () =>
  withDirectory(async (directory) => {
    const before = openDescriptors(native);
    const stdin = { file: `${directory}/no/in` };
    const failure = await laterFailureOf(() => OpenStreams.open(host, { stdin, stdout: 'pipe' }));
    assert.equal(failure.code, 'system');
    assert.ok(
      failure.message.startsWith(`cannot open for a process "${stdin.file}": ENOENT`),
      failure.message,
    );
    const stderr = { file: directory };
    await laterFailureOf(() => OpenStreams.open(host, { stdin: 'pipe', stdout: 'ignore', stderr }));
    assert.ok(!existsSync(stdin.file));
    let pipes = 0;
    const machine = nativeWith({
      pipe: () => {
        if (pipes++ > 0) throw systemError('EMFILE', 24);
        return native.pipe();
      },
    });
    await assert.rejects(
      OpenStreams.open({ native: machine, wait: blockingWait(machine) }, 'pipe'),
      /EMFILE/,
    );
    assert.deepEqual(newDescriptors(native, before), []);
  }));

test('a pipe is a stream here and a descriptor there, each closed by whoever has it', async () => {
  const before = openDescriptors(native);
  const opened = await OpenStreams.open(host, 'pipe');
  const text = 'read x; echo "out $x"; echo "err $x" >&2; exec cat';
  const pid = native.spawn({
    file: '/bin/sh',
    argv: ['sh', '-c', text],
    environment: [],
    descriptors: opened.descriptors,
  });
  const { stdin, stdout, stderr, terminal } = opened.handOver(undefined);
  assert.equal(terminal, undefined);
  assert.ok(stdin && stdout && stderr);
  stdin.end('1\nrest');
  const read = async (stream: NodeJS.ReadableStream) => {
    let whole = '';
    for await (const chunk of stream) whole += String(chunk);
    return whole;
  };
  // Its output ends, so none of the process's descriptors is left open here.
  assert.deepEqual(await Promise.all([read(stdout), read(stderr)]), ['out 1\nrest', 'err 1\n']);
  assert.deepEqual(native.wait(pid, false), { code: 0, signal: undefined });
  if (!stdin.closed) await once(stdin, 'close');
  assert.deepEqual(newDescriptors(native, before), []);
});

test('only what was chosen as a pipe is a stream', async () => {
  const opened = await OpenStreams.open(host, { stdout: 'pipe', stderr: 'ignore' });
  const streams = opened.handOver(undefined);
  assert.deepEqual(Object.keys(streams), ['stdout']);
  streams.stdout?.destroy();
});

test('abandon() closes both ends of all that was opened', async () => {
  const before = openDescriptors(native);
  (await OpenStreams.open(host, { stdin: 'pipe', stdout: 'ignore', stderr: 'pipe' })).abandon();
  assert.deepEqual(newDescriptors(native, before), []);
});

const on = existsSync('/dev/ptmx') ? test : test.skip;
on('a process with a terminal has that instead: what was opened is closed', async () => {
  const before = openDescriptors(native);
  const opened = await OpenStreams.open(host, 'pipe');
  const { terminal, ...others } = opened.handOver(native.open('/dev/ptmx', 0o2000402, 0));
  assert.deepEqual(others, {});
  assert.ok(terminal);
  terminal.destroy();
  await once(terminal, 'close');
  assert.deepEqual(newDescriptors(native, before), []);
});

test.run();
