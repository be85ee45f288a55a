import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { takeTerminal } from '../../../../src/container/checkpoint/take-terminal.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { laterFailureOf } from '../../refusal.ts';

const test = suite('take-terminal');

/** A machine whose master 9 is that of /dev/pts/3, with somebody at /s. */
function machine(sendFails = false) {
  const closed: number[] = [];
  const sent: unknown[] = [];
  const host = fakeHost({
    readText: (path) => {
      assert.equal(path, '/proc/self/fdinfo/9');
      return 'pos:\t0\ntty-index:\t3\n';
    },
    connect: (path) => {
      if (path !== '/s') throw systemError('ENOENT', path);
      return 40;
    },
    send: (socket, data, descriptors) => {
      if (sendFails) throw systemError('EPIPE', '');
      sent.push([socket, new TextDecoder().decode(data), ...descriptors]);
    },
    close: (descriptor) => void closed.push(descriptor),
  });
  return { host, closed, sent };
}

test('in the foreground the master is kept', async () => {
  const { host, closed } = machine();
  assert.equal(await takeTerminal(host, { detach: false }, 9), 9);
  assert.deepEqual(closed, []);
});

test('a console socket gets it with the name of the terminal, and ours is closed', async () => {
  for (const detach of [true, false]) {
    const { host, closed, sent } = machine();
    assert.equal(await takeTerminal(host, { detach, consoleSocket: '/s' }, 9), undefined);
    assert.deepEqual(sent, [[40, '/dev/pts/3', 9]]);
    assert.deepEqual(closed, [40, 9]);
  }
});

test('nobody who takes it, nobody who listens, nobody who reads: refused, and nothing stays open', async () => {
  const none = machine();
  const refusal = await laterFailureOf(() => takeTerminal(none.host, { detach: true }, 9));
  assert.match(refusal.message, /saved with a terminal, but nobody takes it/);
  assert.deepEqual(none.closed, [9]);
  const deaf = machine();
  await laterFailureOf(() => takeTerminal(deaf.host, { detach: true, consoleSocket: '/gone' }, 9));
  assert.deepEqual(deaf.closed, [9]);
  const { host, closed } = machine(true);
  const thrown = await takeTerminal(host, { detach: true, consoleSocket: '/s' }, 9).catch((error) => error);
  assert.match(String(thrown), /EPIPE/);
  assert.deepEqual(closed, [40, 9]);
});

test.run();
