import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { Notifications, saysReady } from '../../../../src/container/notify/notifications.ts';
import { identify } from '../../../../src/container/process/process-identity.ts';
import type { Context } from '../../../../src/container/types.ts';
import type { Host } from '../../../../src/host/host.ts';
import { watchingWait } from '../../../../src/host/wait.ts';
import { native, withDirectory } from '../support.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const host = { native, wait: watchingWait(native) } as Host;

const says = suite('saysReady()');

says('wants the line, whole, among others or alone', () => {
  for (const text of ['READY=1', 'READY=1\n', 'STATUS=x\nREADY=1\nMAINPID=7', `READY=1\n${'x'.repeat(4088)}`])
    assert.equal(saysReady(bytes(text)), true, text.slice(0, 40));
  for (const text of [
    '',
    '\n',
    'READY=10',
    'xREADY=1',
    'READY=1 ',
    'READY=1\0',
    'ready=1',
    'READY=0',
    'READY=1\r\n',
  ])
    assert.equal(saysReady(bytes(text)), false, text);
});

says('does not count what is longer than systemd takes', () => {
  assert.equal(saysReady(bytes(`READY=1\n${'x'.repeat(4089)}`)), false);
  assert.equal(saysReady(Uint8Array.of(0xff, 0xfe, 10, ...bytes('READY=1'))), true);
});

says.run();

const test = suite('Notifications');

/** Somebody who says these words to a container's socket, and whom a manager hears; gives what that heard. */
async function served(
  words: readonly string[],
  lives: boolean,
): Promise<{ heard: string[]; warnings: string[]; pid: number }> {
  const heard: string[] = [];
  const warnings: string[] = [];
  let pid = 0;
  await withDirectory(async (directory) => {
    const managed = native.bindDatagram(join(directory, 'manager'), 0o600);
    const notifications = new Notifications(host, join(directory, 'manager'));
    const path = join(directory, 'container');
    notifications.listen(path);
    assert.equal(statSync(path).mode & 0o777, 0o777);
    const child = spawn('sleep', ['100']);
    pid = child.pid ?? 0;
    const init = identify(native, pid);
    if (init === undefined) throw new Error('no process');
    const said = native.tryConnect(path, 'datagram') ?? -1;
    for (const word of words) native.send(said, bytes(word), []);
    native.close(said);
    if (!lives) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const context = { warn: (text: string) => warnings.push(text) } as unknown as Context;
    const serving = notifications.serve(context, init);
    let over = false;
    serving.finally(() => (over = true));
    // The manager takes what comes; where a barrier comes along, reading drops its descriptor.
    for (;;) {
      // What came before it was over is there by then.
      const last = over;
      if ((await host.wait.readable([managed], last ? 0 : 20)).length === 0) {
        if (last) break;
        continue;
      }
      heard.push(new TextDecoder().decode(native.read(managed, 4096)));
    }
    await serving;
    notifications.close();
    native.close(managed);
    child.kill('SIGKILL');
  });
  return { heard, warnings, pid };
}

// The barrier is in test/integration/notify.test.ts: this manager's socket takes no descriptors on Linux 6.16 and
// later.
test('passes on that a container is ready, in our own words', async () => {
  const { heard, warnings, pid } = await served(['STATUS=1', 'MAINPID=1\nREADY=1\nX=1', 'READY=1'], true);
  assert.deepEqual(heard.slice(0, 2), ['READY=1\n', `MAINPID=${pid}\n`]);
  assert.ok(heard.length === 2 || heard[2] === 'BARRIER=1', heard.join());
  assert.deepEqual(warnings, []);
});

test('ends with the process; what that said before counts', async () => {
  assert.deepEqual((await served(['STATUS=1', 'STATUS=2'], false)).heard, []);
  assert.equal((await served(['STATUS=1', 'READY=1'], false)).heard[0], 'READY=1\n');
});

test('warns of a manager that has gone meanwhile', async () => {
  await withDirectory(async (directory) => {
    const managed = native.bindDatagram(join(directory, 'manager'), 0o600);
    const notifications = new Notifications(host, join(directory, 'manager'));
    notifications.listen(join(directory, 'container'));
    native.close(managed);
    const said = native.tryConnect(join(directory, 'container'), 'datagram') ?? -1;
    native.send(said, bytes('READY=1'), []);
    native.close(said);
    const warnings: string[] = [];
    const init = identify(native, process.pid);
    if (init === undefined) throw new Error('no process');
    await notifications.serve({ warn: (text: string) => warnings.push(text) } as unknown as Context, init);
    notifications.close();
    assert.match(
      warnings.join('\n'),
      /^the service manager was not told that the container is ready: ECONNREFUSED/,
    );
  });
});

test.run();
