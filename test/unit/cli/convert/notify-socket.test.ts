import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { notifySocket } from '../../../../src/cli/convert/notify-socket.ts';

const test = suite('notifySocket()');

test('is what the variable says; one without a value is not set', () => {
  assert.deepEqual(notifySocket({ NOTIFY_SOCKET: '@x' }), { notifySocket: '@x' });
  assert.deepEqual(notifySocket({ NOTIFY_SOCKET: '' }), {});
  assert.deepEqual(notifySocket({}), {});
});

test.run();
