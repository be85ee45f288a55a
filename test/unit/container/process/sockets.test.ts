import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { connectTo, sendPidfd } from '../../../../src/container/process/sockets.ts';
import type { Native } from '../../../../src/host/native.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { laterFailureOf } from '../../refusal.ts';

const test = suite('sockets');

/** A machine on which somebody listens at /s, with these calls otherwise. */
function machine(calls: Partial<Native> = {}) {
  const open = new Set<number>();
  const sent: unknown[] = [];
  const host = fakeHost({
    connect: (path, kind) => {
      if (path !== '/s') throw systemError('ECONNREFUSED', path);
      assert.equal(kind, 'stream');
      open.add(40);
      return 40;
    },
    pidfdOpen: (pid) => {
      open.add(1000 + pid);
      return 1000 + pid;
    },
    send: (socket, data, descriptors) =>
      void sent.push([socket, new TextDecoder().decode(data), ...descriptors]),
    close: (descriptor) => void open.delete(descriptor),
    ...calls,
  });
  return { open, sent, host };
}

test('connectTo() says which socket of the caller’s nobody listens on, and what it has to be', async () => {
  const { code, message, hint } = await laterFailureOf(() =>
    connectTo(machine().host, '/gone', 'console socket'),
  );
  assert.equal(code, 'invalid');
  assert.equal(message, 'cannot connect to the console socket "/gone": ECONNREFUSED: /gone');
  assert.match(hint ?? '', /AF_UNIX stream socket/);
});

test('sendPidfd() sends the process with the word for it, and keeps nothing open', async () => {
  const { open, sent, host } = machine();
  await sendPidfd(host, '/s', 7, 'exec-pidfd');
  assert.deepEqual(sent, [[40, 'exec-pidfd', 1007]]);
  assert.equal(open.size, 0);
});

for (const failing of ['pidfdOpen', 'send'] as const)
  test(`sendPidfd() keeps nothing open when ${failing}() fails`, async () => {
    const { open, host } = machine({
      [failing]: () => {
        throw systemError('EMFILE', '');
      },
    });
    const thrown = await sendPidfd(host, '/s', 7, 'init-pidfd').catch((error: unknown) => error);
    assert.match(String(thrown), /EMFILE/);
    assert.deepEqual([...open], []);
  });

test.run();
