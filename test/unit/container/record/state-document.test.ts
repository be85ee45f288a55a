import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { startAnswer, stateDocument } from '../../../../src/container/record/state-document.ts';
import { recordOf } from '../support.ts';

const test = suite('state-document');

test('stateDocument() is what the specification has hooks read, and no more', () => {
  assert.deepEqual(JSON.parse(stateDocument(recordOf('c', { annotations: { k: 'v' } }), 'creating', 7)), {
    ociVersion: '1.3.0',
    id: 'c',
    status: 'creating',
    pid: 7,
    bundle: '/bundle',
    annotations: { k: 'v' },
  });
});

test('stateDocument() of a stopped container has no pid, and none has annotations without any', () => {
  const state = JSON.parse(stateDocument(recordOf('c'), 'stopped', 0));
  assert.deepEqual(Object.keys(state), ['ociVersion', 'id', 'status', 'bundle']);
});

test('startAnswer() has something for an agent where there is one: its metadata, the pid and the state', () => {
  assert.deepEqual(Object.keys(startAnswer(recordOf('c'), 7)), ['state']);
  const seccompMetadata = JSON.stringify({ ociVersion: '1.3.0', fds: ['seccompFd'], metadata: 'm' });
  const { state, listener = '' } = startAnswer(recordOf('c', { seccompMetadata }), 7);
  assert.equal(JSON.parse(state).status, 'created');
  assert.deepEqual(JSON.parse(listener), {
    ociVersion: '1.3.0',
    fds: ['seccompFd'],
    metadata: 'm',
    pid: 7,
    state: JSON.parse(state),
  });
});

test.run();
