import { nowhere } from '../waits.ts';

/** The conversation, with a program in Python in CRIU's place. */

import { strict as assert } from 'node:assert';
import { openSync, readdirSync, readlinkSync } from 'node:fs';
import { suite } from 'uvu';
import { Criu, type Notification } from '../../../src/criu/criu.ts';
import { type CriuResponse, requestTypes } from '../../../src/criu/messages.ts';
import { watchingWait } from '../../../src/host/wait.ts';
import { native } from '../container/support.ts';

const test = suite('criu');

/** A response of a few bytes; enough for types, success and a notification. */
const helpers = `
import os, socket, sys, array
s = socket.socket(fileno=3)
def varint(n): return bytes([n])
def response(kind, success): return b'\\x08' + varint(kind) + b'\\x10' + varint(success)
def notify(script, pid, fds=[]):
    body = b'\\x0a' + varint(len(script)) + script + b'\\x10' + varint(pid)
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else []
    s.sendmsg([response(6, 1) + b'\\x2a' + varint(len(body)) + body], rights)
    answer = s.recv(100)
    return answer == b'\\x08\\x06\\x18\\x01'
`;

async function talk(
  program: string,
  notified?: (notification: Notification) => Promise<void>,
): Promise<CriuResponse> {
  const file = openSync('/usr/bin/python3', 'r');
  const criu = Criu.start(
    { native, wait: watchingWait(native), ...nowhere },
    { file, argv: ['python3', '-c', helpers + program], ownStreams: false, inherited: [] },
  );
  native.close(file);
  try {
    return await criu.ask({ type: requestTypes.dump }, notified);
  } finally {
    await criu.end();
  }
}

async function messageOf(act: Promise<unknown>): Promise<string> {
  const error = await act.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Error);
  return (error as Error).message;
}

/** Those of the kinds that a talk with CRIU takes: Node opens and closes others of its own meanwhile. */
const descriptors = () =>
  readdirSync('/proc/self/fd').filter((name) => {
    try {
      return /^(?:socket:|\/memfd:|anon_inode:\[pidfd\]|\/dev\/null|\/usr)/.test(
        readlinkSync(`/proc/self/fd/${name}`),
      );
    } catch {
      // The one of the listing itself.
      return false;
    }
  }).length;

test('ask() answers notifications in their order and gives the response', async () => {
  // Node opens some of its own at the first turn.
  await talk('s.recv(100)\ns.send(response(1, 1))\ns.recv(100)');
  const before = descriptors();
  const heard: unknown[] = [];
  const response = await talk(
    `
s.recv(100)
ok = notify(b'post-restore', 9) and notify(b'orphan-pts-master', 9, [os.open('/dev/null', os.O_RDONLY)])
s.send(response(1, 1 if ok else 0))
s.recv(100)`,
    async ({ script, pid, descriptor }) => {
      heard.push([script, pid, descriptor !== undefined]);
      if (descriptor !== undefined) native.close(descriptor);
    },
  );
  assert.deepEqual(response, { type: requestTypes.dump, success: true });
  assert.deepEqual(heard, [
    ['post-restore', 9, false],
    ['orphan-pts-master', 9, true],
  ]);
  // Node may have closed one of its own meanwhile.
  assert.ok(descriptors() <= before, `${before} before, ${descriptors()} after`);
});

test('ask() says no for a notification that fails, and throws its error when CRIU has ended its work', async () => {
  const message = messageOf(
    talk(
      `
s.recv(100)
s.send(response(1, 1 if notify(b'post-restore', 9) else 0))
s.recv(100)`,
      () => Promise.reject(new Error('not like this')),
    ),
  );
  assert.equal(await message, 'not like this');
});

test('ask() tells what a CRIU wrote that ends without an answer', async () => {
  const message = await messageOf(talk(`sys.exit('no such option')`));
  assert.equal(message, 'CRIU ended without an answer: no such option');
});

test.run();
