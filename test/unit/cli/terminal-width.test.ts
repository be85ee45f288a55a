import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { terminalWidth } from '../../../src/cli/terminal-width.ts';
import { fakeHost } from './fake-host.ts';

const test = suite('width of the terminal');

const onTerminal = (columns: number) =>
  fakeHost({
    isTerminal: (descriptor) => descriptor === 1,
    windowSize: (descriptor) => ({ rows: 25, columns: descriptor === 1 ? columns : 0 }),
  }).native;

test('terminalWidth() is what the terminal says', () => {
  assert.equal(terminalWidth(onTerminal(132)), 132);
});

test('terminalWidth() takes a terminal that does not say, as a serial line, for a usual one', () => {
  assert.equal(terminalWidth(onTerminal(0)), 80);
});

test('terminalWidth() is unknown where a program reads: nothing is cut for it', () => {
  assert.equal(terminalWidth(fakeHost({ isTerminal: () => false }).native), undefined);
});

test.run();
