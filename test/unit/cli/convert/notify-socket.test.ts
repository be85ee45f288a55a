import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { notifySocket } from '../../../../src/cli/convert/notify-socket.ts';

const test = suite('notifySocket()');

test('is what the variable says; one without a value is not set', () => {
  assert.equal(notifySocket({ NOTIFY_SOCKET: '@x' }), { notifySocket: '@x' });
  assert.equal(notifySocket({ NOTIFY_SOCKET: '' }), {});
  assert.equal(notifySocket({}), {});
});

test.run();
