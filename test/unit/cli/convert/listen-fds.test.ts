import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { listenFds } from '../../../../src/cli/convert/listen-fds.ts';

const test = suite('listenFds()');

test('counts the sockets that a service manager hands over', () => {
  assert.equal(listenFds({ LISTEN_FDS: '2', LISTEN_PID: '77' }, 77), 2);
});

test('leaves those of another process alone', () => {
  assert.equal(listenFds({ LISTEN_FDS: '2', LISTEN_PID: '78' }, 77), 0);
  assert.equal(listenFds({}, 77), 0);
  assert.equal(listenFds({ LISTEN_FDS: '1' }, 77), 0);
  assert.equal(listenFds({ LISTEN_FDS: '1', LISTEN_PID: '' }, 77), 0);
  assert.equal(listenFds({ LISTEN_FDS: 'x', LISTEN_PID: '1' }, 77), 0);
});

test('refuses a count that is none', () => {
  assert.throws(() => listenFds({ LISTEN_FDS: '-1', LISTEN_PID: '77' }, 77), /LISTEN_FDS="-1"/);
});

test.run();
