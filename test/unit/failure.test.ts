import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { InvalidDocument } from '../../src/bundle/finding.ts';
import { Failure, withCleanup } from '../../src/failure.ts';

const test = suite('withCleanup()');

test('adds to what went wrong before, and leaves all else as it is', () => {
  const cause = new Error('why');
  const detail = { pointer: '/a', errno: 'EIO', hint: 'do it', cause, cleanup: [1] };
  const failure = withCleanup(new Failure('system', 'it failed', detail), [2, 3]) as Failure;
  assert.deepEqual(
    [failure.code, failure.message, failure.pointer, failure.errno, failure.hint, failure.cause],
    ['system', 'it failed', '/a', 'EIO', 'do it', cause],
  );
  assert.deepEqual(failure.cleanup, [1, 2, 3]);
});

test('a failure of a class of its own stays one', () => {
  const findings = [{ rule: 'x', pointer: '/a', message: 'is wrong' }];
  const error = withCleanup(new InvalidDocument('config.json', findings), [new Error('left')]);
  assert.ok(error instanceof InvalidDocument);
  assert.deepEqual(error.findings, findings);
  assert.equal(error.cleanup.length, 1);
});

test('what is no failure becomes the cause of one, so that nothing is lost', () => {
  const other = new TypeError('a slip');
  assert.equal(withCleanup(other, []), other);
  const failure = withCleanup(other, [1]) as Failure;
  assert.deepEqual(
    [failure.code, failure.message, failure.cause, failure.cleanup],
    ['internal', 'internal error: a slip', other, [1]],
  );
});

test('it is the very same object: who holds it sees the clean-up, too', () => {
  const failure = new Failure('system', 'it failed');
  const { stack } = failure;
  assert.equal(withCleanup(failure, [1]), failure);
  assert.equal(failure.stack, stack);
});

test.run();
