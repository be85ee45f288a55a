import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { ProcessIdentity } from '../../../../src/container/process/process-identity.ts';
import { identify, isAlive, openProcess } from '../../../../src/container/process/process-identity.ts';
import { requireStatus, statusOf, type Verb } from '../../../../src/container/record/lifecycle.ts';
import { Store } from '../../../../src/container/record/store.ts';
import type { Status } from '../../../../src/container/types.ts';
import type { Host } from '../../../../src/host/host.ts';
import { blockingWait } from '../../../../src/host/wait.ts';
import { assertRefused, failureOf } from '../../refusal.ts';
import { nowhere } from '../../waits.ts';
import { native, recordOf, withDirectory } from '../support.ts';

const test = suite('lifecycle');

const statuses: readonly Status[] = ['creating', 'created', 'running', 'paused', 'stopped'];

/** What each command says in each status; an empty text is yes. The words are those that engines match. */
const table: Readonly<Record<Verb, Readonly<Record<Status, string>>>> = {
  start: {
    creating: 'already creating',
    created: '',
    running: 'already running',
    paused: 'already paused',
    stopped: 'cannot start a container that has stopped',
  },
  exec: {
    creating: 'container not running',
    created: '',
    running: '',
    paused: 'paused container',
    stopped: 'container not running',
  },
  mounts: {
    creating: 'container not running',
    created: '',
    running: '',
    paused: '',
    stopped: 'container not running',
  },
  kill: {
    creating: 'container not running',
    created: '',
    running: '',
    paused: '',
    stopped: 'container not running',
  },
  pause: {
    creating: 'container not running',
    created: '',
    running: '',
    paused: 'already paused',
    stopped: 'container not running',
  },
  checkpoint: {
    creating: 'container not running',
    created: 'it was not started',
    running: '',
    paused: '',
    stopped: 'container not running',
  },
  resume: {
    creating: 'container not paused',
    created: 'container not paused',
    running: 'container not paused',
    paused: '',
    stopped: 'container not paused',
  },
  delete: {
    creating: 'not stopped but creating',
    created: 'not stopped but created',
    running: 'not stopped but running',
    paused: 'not stopped but paused',
    stopped: '',
  },
  update: {
    creating: 'container not running',
    created: '',
    running: '',
    paused: '',
    stopped: 'container not running',
  },
  events: {
    creating: 'container not running',
    created: '',
    running: '',
    paused: '',
    stopped: 'container not running',
  },
};

for (const [verb, row] of Object.entries(table) as [Verb, Record<Status, string>][]) {
  for (const status of statuses) {
    const words = row[status];
    test(`requireStatus() ${verb} of what is ${status}: ${words === '' ? 'yes' : 'no'}`, () => {
      const act = () => requireStatus(verb, 'c', status);
      if (words === '') act();
      else assertRefused(act, 'status', undefined, new RegExp(words));
    });
  }
}

test('requireStatus() says what helps', () => {
  assert.match(failureOf(() => requireStatus('delete', 'c', 'running')).hint ?? '', /--force/);
  assert.match(failureOf(() => requireStatus('exec', 'c', 'paused')).hint ?? '', /--ignore-paused/);
});

const host: Host = { native, wait: blockingWait(native), ...nowhere };
const self = identify(native, process.pid) as ProcessIdentity;
const never = {
  frozen: (): boolean => {
    throw new Error('asked without need');
  },
};

test('statusOf() is creating while create holds the lock, and stopped when it was killed', () =>
  withDirectory(async (root) => {
    const store = new Store(native, root);
    const lock = await store.reserve(host.wait, 'c');
    assert.equal(statusOf(host, new Store(native, root), recordOf('c'), never), 'creating');
    lock.release();
    assert.equal(statusOf(host, store, recordOf('c'), never), 'stopped');
  }));

test('statusOf() is told by the process, the freezer and the start socket', () =>
  withDirectory(async (root) => {
    const store = new Store(native, root);
    (await store.reserve(host.wait, 'c')).release();
    const record = recordOf('c', { init: self });
    assert.equal(statusOf(host, store, record, { frozen: () => false }), 'running');
    assert.equal(statusOf(host, store, record, { frozen: () => true }), 'paused');
    native.close(native.listen(store.startSocketPath('c')));
    assert.equal(statusOf(host, store, record, { frozen: () => false }), 'created');
  }));

test('statusOf() does not take another process with the same pid for the container', () =>
  withDirectory(async (root) => {
    const store = new Store(native, root);
    (await store.reserve(host.wait, 'c')).release();
    const init = { ...self, startTime: '1' };
    assert.equal(statusOf(host, store, recordOf('c', { init }), never), 'stopped');
  }));

test('isAlive() and openProcess(): this one, and not one that only has its pid', () => {
  assert.ok(isAlive(native, self));
  const pidfd = openProcess(native, self);
  assert.equal(typeof pidfd, 'number');
  if (pidfd !== undefined) native.close(pidfd);
  for (const other of [
    { ...self, startTime: '1' },
    { pid: 2 ** 22 + 1, startTime: self.startTime },
  ]) {
    assert.ok(!isAlive(native, other));
    assert.equal(openProcess(native, other), undefined);
  }
  assert.equal(identify(native, 2 ** 22 + 1), undefined);
});

test('isAlive() takes a process that ended for none, and one that began later for another', () => {
  const stat = (text: string) => ({ ...native, processStat: () => text });
  const process = { pid: 5, startTime: '4711' };
  assert.ok(isAlive(stat('S 4711'), process));
  for (const text of ['Z 4711', 'X 4711', 'S 4712', 'S 47110']) assert.ok(!isAlive(stat(text), process));
});

test.run();
