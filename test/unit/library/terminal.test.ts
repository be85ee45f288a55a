import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import type { Host } from '../../../src/host/host.ts';
import { O_CLOEXEC, O_NOCTTY, O_RDWR } from '../../../src/host/open-flags.ts';
import { watchingWait } from '../../../src/host/wait.ts';
import { Terminal } from '../../../src/library/terminal.ts';
import { native, nativeWith } from '../container/support.ts';
import { systemError } from '../launch/fake-stub.ts';
import { pauses } from '../waits.ts';

const test = suite('the master of a terminal');
const on = existsSync('/dev/ptmx') ? test : test.skip;

/** A new terminal, which nobody has the other side of; what is written is echoed. */
const newMaster = () => native.open('/dev/ptmx', O_RDWR | O_NOCTTY | O_CLOEXEC, 0);
const isOpen = (descriptor: number) => {
  try {
    return native.readLink(`/proc/self/fd/${descriptor}`) === '/dev/ptmx';
  } catch {
    return false;
  }
};

/** A host on which reading gives these one after another, each as soon as it is asked for. */
function saying(...said: readonly (string | Error)[]): Pick<Host, 'native' | 'wait'> {
  const left = [...said];
  const machine = nativeWith({
    read: () => {
      const next = left.shift() ?? systemError('EIO', 5);
      if (next instanceof Error) throw next;
      return new TextEncoder().encode(next);
    },
  });
  return { native: machine, wait: { ...pauses, readable: async (descriptors) => [...descriptors] } };
}

async function wholeOf(terminal: Terminal): Promise<string> {
  let text = '';
  for await (const chunk of terminal) text += String(chunk);
  return text;
}

on('what is written reaches it, and what it says is read', async () => {
  const descriptor = newMaster();
  const terminal = new Terminal({ native, wait: watchingWait(native) }, descriptor);
  const said = once(terminal, 'data');
  await new Promise((resolve) => terminal.write('hello\n', resolve));
  assert.equal(String((await said)[0]), 'hello\r\n');
  terminal.destroy();
  await once(terminal, 'close');
  assert.ok(!isOpen(descriptor));
});

on(
  'all that was said before the other side was gone is read, however short the pieces, and then it is closed',
  async () => {
    const descriptor = newMaster();
    const terminal = new Terminal(saying('a', 'b', systemError('EAGAIN', 11), 'c'), descriptor);
    const closed = once(terminal, 'close');
    assert.equal(await wholeOf(terminal), 'abc');
    await closed;
    assert.ok(!isOpen(descriptor));
  },
);

on('another failure of reading is told, and it is closed', async () => {
  const descriptor = newMaster();
  const terminal = new Terminal(saying('a', systemError('ENOMEM', 12)), descriptor);
  await assert.rejects(wholeOf(terminal), /ENOMEM/);
  assert.ok(!isOpen(descriptor));
});

on('its descriptor stays open as long as it is watched, and its number nobody else’s', async () => {
  const descriptor = newMaster();
  let letGo = (_: number[]): void => undefined;
  const watched = new Promise<number[]>((resolve) => {
    letGo = resolve;
  });
  const bounds: number[] = [];
  const wait: Host['wait'] = {
    ...pauses,
    readable: (_, milliseconds) => {
      bounds.push(milliseconds);
      return watched;
    },
  };
  let reads = 0;
  const machine = nativeWith({
    read: () => {
      reads++;
      throw systemError('EIO', 5);
    },
  });
  const terminal = new Terminal({ native: machine, wait }, descriptor);
  const closed = once(terminal, 'close');
  terminal.resume();
  await sleep(1);
  terminal.destroy();
  await sleep(1);
  assert.ok(isOpen(descriptor), 'it is still watched');
  letGo([descriptor]);
  await closed;
  assert.ok(!isOpen(descriptor));
  assert.equal(reads, 0, 'nobody wants it any more');
  assert.ok(bounds.length === 1 && (bounds[0] ?? -1) > 0, 'it is not watched without a bound');
});

test.run();
