import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { Failure } from '../../src/failure.ts';
import { wholeMessage } from '../../src/failure-words.ts';

const test = suite('wholeMessage()');

test('the place in config.json stands before the message, as people write it', () => {
  const failure = new Failure('system', 'cannot open it: ENOENT', { pointer: '/mounts/3/source' });
  assert.equal(wholeMessage(failure), 'mounts[3].source: cannot open it: ENOENT');
});

test('a place that the message names already, and the whole document, are not said', () => {
  const named = new Failure('invalid', 'config.json: mounts[3]: has no destination', {
    pointer: '/mounts/3',
  });
  assert.equal(wholeMessage(named), 'config.json: mounts[3]: has no destination');
  assert.equal(wholeMessage(new Failure('invalid', 'is no object', { pointer: '' })), 'is no object');
  assert.equal(wholeMessage(new Failure('invalid', 'no such id')), 'no such id');
});

test('the pointer with which the rooms below begin is written as people do, once', () => {
  const pointer = '/linux/resources/unified/memory.max';
  const failure = new Failure('system', `cannot apply ${pointer}: write: EINVAL`, { pointer });
  assert.equal(wholeMessage(failure), 'cannot apply linux.resources.unified["memory.max"]: write: EINVAL');
  const path = new Failure('system', 'cannot mount /linux/resources: EINVAL');
  assert.equal(wholeMessage(path), 'cannot mount /linux/resources: EINVAL');
});

test('causes follow, each once, as far as the message does not hold them', () => {
  const deepest = new Error('write: EIO');
  const cause = new Error('the disk is broken', { cause: deepest });
  const failure = new Failure('system', 'cannot save the record', { cause });
  assert.equal(wholeMessage(failure), 'cannot save the record: the disk is broken: write: EIO');
  const said = new Failure('system', 'cannot save the record: write: EIO', { cause });
  assert.equal(wholeMessage(said), 'cannot save the record: write: EIO: the disk is broken');
});

test('anything may be thrown, and be a cause', () => {
  assert.equal(wholeMessage('words'), 'words');
  assert.equal(wholeMessage(undefined), 'undefined');
  assert.equal(wholeMessage(new Error('outside', { cause: 'inside' })), 'outside: inside');
});

test('causes that go in a circle, or on for long, end', () => {
  const circle = new Error('round');
  circle.cause = new Error('and', { cause: circle });
  assert.equal(wholeMessage(circle), 'round: and');
  let long = new Error('10');
  for (let depth = 9; depth >= 0; depth--) long = new Error(`<${depth}>`, { cause: long });
  assert.equal(wholeMessage(long), '<0>: <1>: <2>: <3>: <4>: <5>: <6>: <7>: <8>');
});

test.run();
