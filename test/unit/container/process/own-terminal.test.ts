import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { ownTerminalSize, requireOwnTerminal } from '../../../../src/container/process/own-terminal.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { failureOf } from '../../refusal.ts';

const test = suite('own-terminal');

/** A caller of whose standard streams these are terminals, all of one size. */
function caller(terminals: readonly number[], size = { rows: 24, columns: 80 }) {
  const asked: number[] = [];
  const { native } = fakeHost({
    isTerminal: (descriptor) => terminals.includes(descriptor),
    windowSize: (descriptor) => {
      asked.push(descriptor);
      return size;
    },
  });
  return { asked, native };
}

test('ownTerminalSize() is that of the first standard stream that is a terminal', () => {
  const { asked, native } = caller([1, 2]);
  assert.deepEqual(ownTerminalSize(native), { rows: 24, columns: 80 });
  assert.deepEqual(asked, [1]);
});

test('ownTerminalSize() is unknown without a terminal, and for one that has no size', () => {
  assert.equal(ownTerminalSize(caller([]).native), undefined);
  assert.equal(ownTerminalSize(caller([0], { rows: 0, columns: 80 }).native), undefined);
  assert.equal(ownTerminalSize(caller([0], { rows: 24, columns: 0 }).native), undefined);
});

test('requireOwnTerminal() is content with a standard stream, or with a controlling terminal', () => {
  requireOwnTerminal(caller([2]).native);
  const closed: number[] = [];
  const { native } = fakeHost({
    isTerminal: () => false,
    open: (path) => {
      assert.equal(path, '/dev/tty');
      return 9;
    },
    close: (descriptor) => void closed.push(descriptor),
  });
  requireOwnTerminal(native);
  assert.deepEqual(closed, [9]);
});

test('requireOwnTerminal() refuses a caller without any, in the words of the kernel and not of a call', () => {
  const { native } = fakeHost({
    isTerminal: () => false,
    open: () => {
      throw new Error("ENXIO: no such device or address, open '/dev/tty'");
    },
    close: () => undefined,
  });
  const { code, pointer, message, hint } = failureOf(() => requireOwnTerminal(native));
  assert.equal(code, 'invalid');
  assert.equal(pointer, '/process/terminal');
  assert.match(message, /none in front of us \(open \/dev\/tty: no such device or address\)$/);
  assert.match(hint ?? '', /--console-socket/);
});

test.run();
