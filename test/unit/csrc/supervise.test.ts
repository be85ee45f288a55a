import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import { compile, openWorkshop, stubSources } from './compile.ts';

const test = suite('tsoci-init supervise');
const workshop = openWorkshop();
let stub = '';
let small = '';

test.before(() => {
  stub = compile(workshop, 'tsoci-init', stubSources());
  small = compile(workshop, 'tsoci-init-small', stubSources(), ['-O2', '-static']);
});
test.after(() => workshop.remove());

interface Result {
  readonly status: number;
  readonly deleted: boolean;
  readonly text: string;
  readonly [more: string]: unknown;
}

function play(scenario: string, program = stub): Result {
  const result = spawnSync('python3', [join(import.meta.dirname, 'supervise.py'), program, scenario], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(result.status, 0, result.stderr);
  return JSON.parse(result.stdout);
}

test('ends with the exit status, after the program that clears up', () => {
  const { status, deleted } = play('status');
  assert.equal(status, 7);
  assert.ok(deleted);
});

test('removes what is left by itself, and asks nobody then', () => {
  const { status, left, deleted } = play('tidied') as Result & { left: string[] };
  assert.equal(status, 7);
  assert.deepEqual(left, []);
  assert.equal(String(deleted), '');
});

test('leaves the rest, and the lock, to the program that deletes when something is not as expected', () => {
  const { left, deleted } = play('untidy') as Result & { left: string[] };
  assert.deepEqual(left, ['state']);
  assert.equal(String(deleted), 'free\n');
});

test('ends with 128 and the signal', () => {
  const { status, deleted } = play('killed');
  assert.equal(status, 128 + 15);
  assert.ok(deleted);
});

test('leaves the streams alone when there is no terminal', () => {
  const { status, text, deleted } = play('plain');
  assert.equal(status, 3);
  assert.equal(text, 'out\r\n');
  assert.ok(deleted);
});

test('relays keys and output, in raw mode, and puts the terminal back', () => {
  const { text, ...result } = play('relays');
  assert.match(text, /got keys/);
  assert.equal(result['raw'], true);
  assert.equal(result['restored'], true);
});

test('hands the interrupt key to the program', () => {
  const { status, text } = play('interrupt_key');
  assert.match(text, /caught/);
  assert.equal(status, 5);
});

test('loses nothing of much output', () => {
  const { text } = play('much');
  assert.equal(text.match(/0123456789012345678901234567890123456789/g)?.length, 20_000);
  assert.match(text, /end/);
});

test('loses nothing that was written last', () => {
  assert.equal(play('last_words')['lost'], 0);
});

test('does not wait for others that hold the terminal open', () => {
  const { status, text, seconds } = play('held_open');
  assert.equal(status, 4);
  assert.match(text, /started/);
  assert.ok((seconds as number) < 2, `${seconds} s`);
});

test('does not wait for others that write to the terminal forever', () => {
  const { status, text, seconds } = play('flooded');
  assert.equal(status, 4);
  assert.match(text, /noise.*last/s);
  assert.ok((seconds as number) < 3, `${seconds} s`);
});

test('waits for whoever reads the output, until a signal says that this is enough', () => {
  const { status, waits } = play('unread');
  assert.equal(waits, true);
  assert.equal(status, 128 + 9);
});

test('hears signals while the terminal takes no output, and does not spin', () => {
  const { status, ticks } = play('stalled');
  assert.equal(status, 128 + 15);
  assert.ok((ticks as number) < 30, `${ticks} hundredths of a second of processor time in one`);
});

test('follows the size of the terminal', () => {
  const { text } = play('resize');
  assert.match(text, /44 99/);
});

test('forwards signals', () => {
  const { status, text } = play('forwards');
  assert.match(text, /usr1/);
  assert.equal(status, 9);
});

test('forwards even what a crash would raise', () => {
  const { status, deleted, restored } = play('crash');
  assert.equal(status, 128 + 11);
  assert.ok(deleted, 'it was the program that ended of it');
  assert.equal(restored, true);
});

test('stops in the background, and takes the terminal when it comes forward', () => {
  const { text, stopped } = play('background');
  assert.equal(stopped, true);
  assert.match(text, /got keys/);
});

test('puts the terminal back while it is stopped, and takes it again', () => {
  const { status, cooked } = play('stop');
  assert.equal(cooked, true);
  assert.equal(status, 6);
});

test('relays where standard input is no terminal', () => {
  assert.match(play('piped').text, /got keys/);
});

test('goes on when standard input ends', () => {
  const { status, text } = play('input_ends');
  assert.match(text, /still/);
  assert.equal(status, 2);
});

test('goes on when nobody reads the output', () => {
  assert.equal(play('output_closed').status, 8);
});

test('says when it cannot clear up, and ends with the status all the same', () => {
  const { status, text, deleted } = play('no_program');
  assert.equal(status, 1);
  assert.match(text, /\/does\/not\/exist: error 2/);
  assert.ok(!deleted);
});

test('tells once what a line of the container is to be answered with, and nothing of what it wrote', () => {
  const { status, told, left } = play('notices') as Result & { told: string[]; left: number };
  assert.equal(status, 6);
  assert.deepEqual(told, ['ready: yes']);
  assert.equal(left, 0);
});

test('tells what was said just before the end', () => {
  assert.deepEqual(play('last_notice')['told'], ['ready: yes']);
});

test('waits for a manager that takes nothing, and goes on with its program meanwhile', () => {
  const { status, told } = play('busy_manager') as Result & { told: string[] };
  assert.equal(status, 6);
  assert.deepEqual(told.slice(-1), ['ready: yes']);
});

test('stays small', () => {
  const kib = play('small', small)['kib'] as number;
  assert.ok(kib > 0 && kib <= 160, `${kib} KiB of its own`);
});

test('refuses arguments that are none', () => {
  for (const words of [
    [],
    ['1'],
    ['x', '-1'],
    ['0', '-1'],
    ['1', 'y'],
    ['1', '-1', 'z'],
    ['1', '-1', '--'],
    ['1', '-1', '--notify', '3', '4', 'READY=1'],
    ['1', '-1', '--notify', 'x', '4', 'READY=1', 'yes'],
  ]) {
    const result = spawnSync(stub, ['supervise', ...words], { encoding: 'utf8' });
    assert.equal(result.status, 1, words.join(' '));
    assert.match(result.stderr, /usage/);
  }
});

test('tsoci-init alone says what it is', () => {
  const result = spawnSync(stub, [], { encoding: 'utf8' });
  assert.equal(result.status, 1);
  assert.match(result.stderr, /^tsoci-init: .*\n$/);
});

test.run();
