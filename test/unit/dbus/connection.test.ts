/**
 * A bus of Debian's dbus-daemon, and buses that do what none should.
 * Tests also: src/host/concatenate.ts
 */
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { busSockets } from '../../../src/dbus/address.ts';
import { BusError, BusTimeout, Connection } from '../../../src/dbus/connection.ts';
import { encodeMessage, messageTypes } from '../../../src/dbus/message.ts';
import { openBus } from '../../../src/dbus/open-bus.ts';
import { ProtocolError } from '../../../src/dbus/protocol-error.ts';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';
import { Failure } from '../../../src/failure.ts';
import { blockingWait, watchingWait } from '../../../src/host/wait.ts';
import { newDescriptors, openDescriptors } from '../open-descriptors.ts';

const native = loadNative(findLibexec());
const directory = mkdtempSync(join(tmpdir(), 'tsoci-bus-'));
const path = join(directory, 'bus');
const test = suite('D-Bus connections');
const on = spawnSync('dbus-daemon', ['--version']).error === undefined ? test : test.skip;
const waits = { blocking: blockingWait(native), watching: watchingWait(native) };
const bus = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
};
let daemon: ChildProcess | undefined;

async function startDaemon(): Promise<void> {
  daemon ??= spawn(
    'dbus-daemon',
    ['--session', '--nofork', '--print-address', `--address=unix:path=${path}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const { stdout } = daemon;
  if (stdout?.readable && native.status(path, true) === undefined)
    await new Promise((resolve) => stdout.once('data', resolve));
}

test.after(() => {
  daemon?.kill();
  rmSync(directory, { recursive: true });
});

for (const [way, wait] of Object.entries(waits)) {
  on(`a call is answered, a refusal has its name, a signal comes through (${way})`, async () => {
    await startDaemon();
    const connection = await Connection.open({ native, wait }, path, 5000);
    try {
      const [names] = await connection.call({ ...bus, member: 'ListNames', signature: '', values: [] });
      assert.ok((names as string[]).includes('org.freedesktop.DBus'));
      const refused = connection.call({
        ...bus,
        member: 'GetNameOwner',
        signature: 's',
        values: ['no.such.name'],
      });
      await assert.rejects(
        refused,
        (error: unknown) =>
          error instanceof BusError && error.busName === 'org.freedesktop.DBus.Error.NameHasNoOwner',
      );
      await connection.match(`type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'`);
      const name = `org.example.N${process.pid}`;
      await connection.call({ ...bus, member: 'RequestName', signature: 'su', values: [name, 0] });
      const body = await connection.signal(
        ({ member }, [changed]) => member === 'NameOwnerChanged' && changed === name,
      );
      assert.equal(body[1], '');
      await assert.rejects(
        connection.signal(() => false, 50),
        BusTimeout,
      );
    } finally {
      connection.close();
    }
  });
}

/** A server that says these pieces one after another, whatever it hears. */
async function withBus(
  pieces: readonly (string | Uint8Array)[],
  body: (at: string) => Promise<void>,
  end = false,
) {
  const at = join(directory, 'fake');
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    for (const piece of pieces) socket.write(piece);
    if (end) socket.end();
  });
  await new Promise<void>((resolve) => server.listen(at, resolve));
  try {
    await body(at);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

const host = { native, wait: waits.watching };
const hello = encodeMessage({
  type: messageTypes.return,
  serial: 1,
  header: { replySerial: 1, signature: 's' },
  body: [':1.1'],
});

const hostile: Readonly<
  Record<string, readonly [pieces: readonly (string | Uint8Array)[], end: boolean, expected: object]>
> = {
  'that refuses us': [['REJECTED EXTERNAL\r\n'], false, ProtocolError],
  'that says nothing': [[], false, BusTimeout],
  'that hangs up': [[], true, ProtocolError],
  'that never ends its line': [['x'.repeat(100_000)], false, ProtocolError],
  'that answers in something else': [
    ['DATA\r\nOK 1\r\n', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    false,
    ProtocolError,
  ],
  'that stops within a message': [['DATA\r\nOK 1\r\n', hello.subarray(0, 20)], true, ProtocolError],
  'that answers somebody else': [
    ['DATA\r\nOK 1\r\n', encodeMessage({ type: 2, serial: 1, header: { replySerial: 77 }, body: [] })],
    false,
    BusTimeout,
  ],
};
for (const [name, [pieces, end, expected]] of Object.entries(hostile)) {
  test(`a bus ${name} is an error in time, and leaves nothing open`, () =>
    withBus(
      pieces,
      async (at) => {
        const began = performance.now();
        await assert.rejects(Connection.open(host, at, 300), expected);
        assert.ok(performance.now() - began < 5000);
        // Its end of the connection is closed by us, and the server's by the server.
        const before = openDescriptors(native);
        await assert.rejects(Connection.open(host, at, 300), expected);
        assert.ok(newDescriptors(native, before, 1).length <= 1);
      },
      end,
    ));
}

test('messages may come in any pieces', async () => {
  const words = new TextEncoder().encode('DATA\r\nOK 0123\r\n');
  await withBus(
    [...words.slice(0, 9)]
      .map((byte): Uint8Array => new Uint8Array([byte]))
      .concat([words.slice(9), hello.subarray(0, 3), hello.subarray(3)]),
    async (at) => {
      (await Connection.open(host, at, 5000)).close();
    },
  );
});

test('busSockets() reads addresses as the environment has them', () => {
  assert.deepEqual(busSockets('system', {}), ['/run/dbus/system_bus_socket']);
  assert.deepEqual(busSockets('user', {}), []);
  assert.deepEqual(busSockets('user', { XDG_RUNTIME_DIR: '/run/user/7' }), ['/run/user/7/bus']);
  const address = 'tcp:host=x;unix:guid=1,path=/a%20b,x=y;unix:abstract=/z;unix:path=%zz;unix:path=/c';
  assert.deepEqual(busSockets('user', { DBUS_SESSION_BUS_ADDRESS: address }), ['/a b', '/c']);
  assert.deepEqual(busSockets('system', { DBUS_SYSTEM_BUS_ADDRESS: address }), ['/a b', '/c']);
});

test('openBus() says which bus is not there, and what to do', async () => {
  const nowhere = { ...host, surroundings: { XDG_RUNTIME_DIR: join(directory, 'none') } };
  await assert.rejects(openBus(nowhere, 'user'), (error: unknown) => {
    assert.ok(error instanceof Failure && error.code === 'unsupported');
    assert.match(error.message, /cannot connect to the user bus: ENOENT/);
    assert.match(error.hint ?? '', /XDG_RUNTIME_DIR/);
    return true;
  });
  await assert.rejects(openBus({ ...nowhere, surroundings: {} }, 'user'), /nothing says where it is/);
});

test.run();
