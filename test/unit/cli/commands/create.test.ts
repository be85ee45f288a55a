import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { createOptions } from '../../../../src/cli/commands/create.ts';
import type { Surroundings } from '../../../../src/host/surroundings.ts';
import { contextOn } from '../../container/context.ts';
import { failureOf } from '../../refusal.ts';
import { fakeHost } from '../fake-host.ts';
import { parsedCall } from './call.ts';

const test = suite('createOptions');

const pid = 4711;

/** What a line means to process 4711 with this environment; `run` takes the same. */
function read(line: string, surroundings: Surroundings = {}, command = 'create') {
  const { arguments: words, values } = parsedCall([command, ...line.split(' ')]);
  const context = contextOn('/r', [], fakeHost({ processId: () => pid }).native);
  const host = { ...context.host, surroundings };
  return createOptions(
    { ...context, host },
    String(words['id']),
    values as unknown as Parameters<typeof createOptions>[2],
  );
}

const bare = { id: 'c', bundle: '.', noPivot: false, noNewKeyring: false, preserveFds: 0, listenFds: 0 };

test('a bare command takes the bundle from the working directory, and sets nothing else', () => {
  for (const command of ['create', 'run']) assert.deepEqual(read('c', {}, command), bare);
});

test('every option is handed on, in create and run alike', () => {
  const line =
    '--bundle /b --config /c.json --console-socket /s --pidfd-socket /ps --pid-file /p --output /o ' +
    '--no-pivot --no-new-keyring --preserve-fds 3 --trace /t c';
  for (const command of ['create', 'run'])
    assert.deepEqual(read(line, {}, command), {
      id: 'c',
      bundle: '/b',
      config: '/c.json',
      consoleSocket: '/s',
      pidfdSocket: '/ps',
      pidFile: '/p',
      output: '/o',
      noPivot: true,
      noNewKeyring: true,
      preserveFds: 3,
      listenFds: 0,
    });
});

test('each flag means what it says, and not its neighbour', () => {
  assert.deepEqual(read('--no-pivot c'), { ...bare, noPivot: true });
  assert.deepEqual(read('--no-new-keyring c'), { ...bare, noNewKeyring: true });
});

test('what a service manager hands over counts for the process that it names alone', () => {
  assert.equal(read('c', { LISTEN_FDS: '2', LISTEN_PID: String(pid) }).listenFds, 2);
  assert.equal(read('c', { LISTEN_FDS: '2', LISTEN_PID: '1' }).listenFds, 0);
  assert.equal(read('c', { NOTIFY_SOCKET: '/run/notify' }).notifySocket, '/run/notify');
  assert.deepEqual(read('c', { NOTIFY_SOCKET: '' }), bare);
  const refusal = failureOf(() => read('c', { LISTEN_FDS: 'x', LISTEN_PID: String(pid) }));
  assert.equal(refusal.code, 'invalid');
});

test.run();
