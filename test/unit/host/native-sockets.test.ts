import { strict as assert } from 'node:assert';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';
import { hasErrno } from '../../../src/host/native.ts';
import { watchingWait } from '../../../src/host/wait.ts';
import { newDescriptors, openDescriptors } from '../open-descriptors.ts';

const native = loadNative(findLibexec());
const test = suite('native: sockets');
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);
let directory = '';

test.before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsoci-sockets-'));
});
test.after(() => rmSync(directory, { recursive: true, force: true }));

const closeOnExec = (descriptor: number) =>
  /flags:\s+0?2[0-7]{6}/.test(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'));

test('socketPair() keeps datagrams apart and reports a closed peer as length 0', () => {
  const [a, b] = native.socketPair();
  assert.equal(closeOnExec(a) && closeOnExec(b), true);
  native.send(a, bytes('one'), []);
  native.send(a, bytes('two'), []);
  assert.equal(text(native.receive(b, -1).data), 'one');
  assert.equal(text(native.receive(b, 1000).data), 'two');
  assert.throws(
    () => native.receive(b, 0),
    (error: unknown) => hasErrno(error, 'ETIMEDOUT'),
  );
  assert.throws(
    () => native.send(a, new Uint8Array(0), []),
    (error: unknown) => hasErrno(error, 'EINVAL'),
  );
  native.send(b, bytes('never read'), []);
  native.close(a);
  // A peer that left something unread resets the connection: closed all the same.
  assert.equal(native.receive(b, 1000).data.length, 0);
  assert.equal(native.receive(b, 1000).data.length, 0);
  assert.throws(
    () => native.send(b, bytes('x'), []),
    (error: unknown) => hasErrno(error, 'EPIPE'),
  );
  native.close(b);
});

test('receive() takes datagrams up to 64 KiB and refuses to cut longer ones', () => {
  const [a, b] = native.socketPair();
  const data = new Uint8Array(65536).map((_, index) => index * 31);
  native.send(a, data, []);
  assert.deepEqual(Buffer.from(native.receive(b, 1000).data), Buffer.from(data));
  native.send(a, new Uint8Array(65537), []);
  assert.throws(
    () => native.receive(b, 1000),
    (error: unknown) => hasErrno(error, 'EMSGSIZE'),
  );
  native.close(a);
  native.close(b);
});

test('send() and receive() pass descriptors, close-on-exec', () => {
  const [a, b] = native.socketPair();
  const path = join(directory, 'passed');
  writeFileSync(path, 'content');
  const file = openSync(path, 'r');
  native.send(a, bytes('x'), [file, file]);
  native.send(
    a,
    bytes('y'),
    Array.from({ length: 253 }, () => file),
  );
  closeSync(file);
  const first = native.receive(b, 1000);
  assert.equal(first.descriptors.length, 2);
  for (const descriptor of first.descriptors) {
    assert.equal(closeOnExec(descriptor), true);
    assert.equal(native.readLink(`/proc/self/fd/${descriptor}`), path);
  }
  const second = native.receive(b, 1000);
  assert.equal(second.descriptors.length, 253);
  for (const descriptor of [...first.descriptors, ...second.descriptors, a, b]) native.close(descriptor);
});

test('a datagram that is refused leaves no descriptor behind', () => {
  const [a, b] = native.socketPair();
  const before = openDescriptors(native);
  native.send(a, new Uint8Array(70_000), [a]);
  assert.throws(
    () => native.receive(b, 1000),
    (error: unknown) => hasErrno(error, 'EMSGSIZE'),
  );
  assert.deepEqual(newDescriptors(native, before), []);
  native.close(a);
  native.close(b);
});

test('a packet is waited for off the event loop, with an end, and a closed peer is seen', async () => {
  const wait = watchingWait(native);
  const [a, b] = native.socketPair();
  const packet = wait.packet(b, 5000);
  setTimeout(() => native.send(a, bytes('late'), [a]), 10);
  const { data, descriptors } = await packet;
  assert.equal(text(data), 'late');
  assert.equal(descriptors.length, 1);
  for (const descriptor of descriptors) native.close(descriptor);
  await assert.rejects(wait.packet(b, 5), (error: unknown) => hasErrno(error, 'ETIMEDOUT'));
  setTimeout(() => native.close(a), 10);
  assert.equal((await wait.packet(b, 5000)).data.length, 0);
  native.close(b);
});

/** A listening socket answers a connection through it. */
function roundTrip(path: string): void {
  const server = native.listen(path);
  try {
    assert.equal(closeOnExec(server), true);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const client = native.connect(path, 'seqpacket');
    assert.deepEqual(native.pollMany([server], 1000), [server]);
    native.send(client, bytes('hi'), []);
    native.close(client);
    assert.throws(
      () => native.listen(path),
      (error: unknown) => hasErrno(error, 'EADDRINUSE'),
    );
    assert.equal(statSync(path).isSocket(), true, 'a failed listen() leaves the other socket alone');
    assert.throws(
      () => native.connect(path, 'stream'),
      (error: unknown) => hasErrno(error, 'EPROTOTYPE'),
    );
  } finally {
    native.close(server);
    rmSync(path, { force: true });
  }
}

test('listen() and connect() take short paths and long ones, 0600 under any umask', () => {
  roundTrip(join(directory, 'short.sock'));
  const deep = join(directory, 'd'.repeat(200), 'e'.repeat(200));
  mkdirSync(deep, { recursive: true });
  const old = native.umask(0);
  try {
    roundTrip(join(deep, 'long.sock'));
    native.umask(0o777);
    roundTrip(join(deep, 'masked.sock'));
  } finally {
    native.umask(old);
  }
});

/** Not in the executable's engine, which never changes its working directory. */
const moving = 'chdir' in process ? test : test.skip;

moving('listen() and connect() take relative paths', () => {
  const before = process.cwd();
  process.chdir(directory);
  try {
    roundTrip('relative.sock');
  } finally {
    process.chdir(before);
  }
});

test('connect() says what is wrong', () => {
  assert.throws(
    () => native.connect(join(directory, 'none'), 'stream'),
    (error: unknown) => hasErrno(error, 'ENOENT'),
  );
  assert.throws(
    () => native.connect(join(directory, 'x'.repeat(150)), 'stream'),
    (error: unknown) => hasErrno(error, 'ENOENT'),
  );
  const plain = join(directory, 'plain');
  writeFileSync(plain, '');
  assert.throws(
    () => native.connect(plain, 'stream'),
    (error: unknown) => hasErrno(error, 'ECONNREFUSED'),
  );
});

test('sealedBytes() and sealedCopy() cannot be changed any more', () => {
  const plan = native.sealedBytes(bytes('plan'), 'plan');
  const copy = native.sealedCopy('/bin/true', 'stub');
  try {
    assert.equal(closeOnExec(plan) && closeOnExec(copy), true);
    assert.equal(text(native.read(plan, 100)), 'plan', 'starts at the beginning');
    assert.deepEqual(
      Buffer.from(native.readFile(`/proc/self/fd/${copy}`, 10_000_000)),
      readFileSync('/bin/true'),
    );
    for (const descriptor of [plan, copy]) {
      assert.throws(
        () => native.write(descriptor, 'x'),
        (error: unknown) => hasErrno(error, 'EPERM'),
      );
      assert.throws(
        () => native.open(`/proc/self/fd/${descriptor}`, 0o1001, 0),
        (error: unknown) => hasErrno(error, 'EPERM'),
      );
    }
    const pid = native.spawn({ file: copy, argv: ['true'], environment: [], descriptors: [] });
    assert.deepEqual(native.wait(pid, false), { code: 0, signal: undefined });
  } finally {
    native.close(plan);
    native.close(copy);
  }
});

test('scratchFile() is written by one descriptor and read by another', () => {
  const file = native.scratchFile('scratch');
  try {
    assert.equal(closeOnExec(file), true);
    native.write(file, 'written');
    assert.equal(native.readText(`/proc/self/fd/${file}`, 100), 'written');
  } finally {
    native.close(file);
  }
});

test('isTerminal() and windowSize() refuse what is no terminal', () => {
  const [a, b] = native.socketPair();
  assert.equal(native.isTerminal(a), false);
  assert.equal(native.isTerminal(9999), false);
  assert.throws(
    () => native.windowSize(a),
    (error: unknown) => hasErrno(error, 'ENOTTY', 'EINVAL', 'EOPNOTSUPP'),
  );
  native.close(a);
  native.close(b);
  const terminal = native.open('/dev/ptmx', 2, 0);
  assert.equal(native.isTerminal(terminal), true);
  assert.deepEqual(native.windowSize(terminal), { rows: 0, columns: 0 });
  native.close(terminal);
});

test('bindDatagram() makes a socket of its mode under any umask, reads without waiting, and takes no link for it', () => {
  const path = join(directory, 'datagrams');
  const umask = process.umask(0o077);
  let socket: number;
  try {
    socket = native.bindDatagram(path, 0o777);
    assert.equal(process.umask(), 0o077);
  } finally {
    process.umask(umask);
  }
  assert.equal(statSync(path).mode & 0o777, 0o777);
  assert.equal(closeOnExec(socket), true);
  assert.throws(
    () => native.read(socket, 100),
    (error: unknown) => hasErrno(error, 'EAGAIN'),
  );
  const other = native.tryConnect(path, 'datagram') ?? -1;
  native.send(other, bytes('one'), []);
  assert.equal(text(native.read(socket, 100)), 'one');
  const descriptors = openDescriptors(native);
  try {
    native.send(other, bytes('two'), [0, 1]);
    assert.equal(text(native.read(socket, 100)), 'two');
  } catch (error) {
    // Linux 6.16 refuses it for whoever sends.
    assert.ok(hasErrno(error, 'EPERM'), String(error));
  }
  assert.deepEqual(newDescriptors(native, descriptors), []);
  symlinkSync(join(directory, 'elsewhere'), join(directory, 'link'));
  for (const taken of ['datagrams', 'link'])
    assert.throws(
      () => native.bindDatagram(join(directory, taken), 0o777),
      (error: unknown) => hasErrno(error, 'EADDRINUSE'),
    );
  assert.equal(readdirSync(directory).includes('elsewhere'), false);
  const deep = join(directory, 'd'.repeat(100));
  mkdirSync(deep);
  native.close(native.bindDatagram(join(deep, 'e'.repeat(60)), 0o600));
  native.close(other);
  native.close(socket);
});

test('connectAbstract() says who is not there, and what is no name', () => {
  for (const [name, code] of [
    ['tsoci-test-nobody', 'ECONNREFUSED'],
    ['', 'ENAMETOOLONG'],
    ['x'.repeat(108), 'ENAMETOOLONG'],
  ] as const)
    assert.throws(
      () => native.connectAbstract(name),
      (error: unknown) => hasErrno(error, code),
    );
});

test.run();
