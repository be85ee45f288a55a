import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { supervise } from '../../../src/container/supervise.ts';
import type { Context } from '../../../src/container/types.ts';
import type { SpawnOptions } from '../../../src/host/native.ts';
import { fakeHost } from '../cli/fake-host.ts';
import { systemError } from '../launch/fake-stub.ts';

const test = suite('supervise()');

const contextOf = (host: Context['host']): Context => ({
  host,
  root: '/run',
  cgroupManager: 'cgroupfs',
  environment: () => [],
  rootless: false,
  warn: () => undefined,
});

/** What this process would have become. */
function became(
  ...[foreground, options]: [Parameters<typeof supervise>[1], Parameters<typeof supervise>[2]]
) {
  let seen: SpawnOptions | undefined;
  const host = fakeHost({
    sealedCopy: () => 9,
    processId: () => process.pid,
    execute: (wanted) => {
      seen = wanted;
      throw new Error('executed');
    },
  });
  const context = contextOf(host);
  assert.throws(() => supervise(context, foreground, options), /executed/);
  return seen;
}

test('becomes the stub, with the process to watch and the standard streams alone', () => {
  assert.deepEqual(became({ pid: 77 }, { environment: ['A=1'] }), {
    file: 9,
    argv: ['tsoci-init', 'supervise', '77', '-1'],
    environment: ['A=1'],
    descriptors: [0, 1, 2],
  });
});

test('becomes a new copy of the stub when somebody in the container holds the one that is known there', () => {
  const tried: unknown[] = [];
  const host = fakeHost({
    sealedCopy: () => 9,
    execute: ({ file }) => {
      tried.push(file);
      throw systemError(file === 8 ? 'ETXTBSY' : 'ENOMEM', file === 8 ? 26 : 12);
    },
  });
  const context = contextOf(host);
  assert.throws(() => supervise(context, { pid: 77, stub: 8 }, { environment: [] }), /ENOMEM/);
  assert.deepEqual(tried, [8, 9]);
  assert.throws(() => supervise(context, { pid: 77, stub: 7 }, { environment: [] }), /ENOMEM/);
  assert.deepEqual(tried, [8, 9, 7], 'what the system refuses otherwise is not tried again');
});

test('takes the terminal along as descriptor 3', () => {
  const seen = became({ pid: 77, terminal: 21 }, { environment: [] });
  assert.deepEqual(seen?.argv.slice(2), ['77', '3']);
  assert.deepEqual(seen?.descriptors, [0, 1, 2, 21]);
});

test('has what to do afterwards after two dashes, so that no argument is taken for another', () => {
  const seen = became({ pid: 77 }, { environment: [], afterwards: ['/bin/tsoci', 'delete', '--', '-x'] });
  assert.deepEqual(seen?.argv.slice(2), ['77', '-1', '--', '/bin/tsoci', 'delete', '--', '-x']);
});

test('names the container that is to be deleted', () => {
  const seen = became({ pid: 77 }, { environment: [], of: '/run/x', afterwards: ['/bin/tsoci'] });
  assert.deepEqual(seen?.argv.slice(4), ['--of', '/run/x', '--', '/bin/tsoci']);
  assert.deepEqual(became({ pid: 77 }, { environment: [], of: '/run/x' })?.argv.slice(4), []);
});

test('names what is left only along with what to do when more is left', () => {
  const tidy = ['/run/x', '/sys/fs/cgroup/pids/x'];
  const seen = became({ pid: 77 }, { environment: [], tidy, afterwards: ['/bin/tsoci'] });
  assert.deepEqual(seen?.argv.slice(4), ['--tidy', ...tidy, '--', '/bin/tsoci']);
  assert.deepEqual(became({ pid: 77 }, { environment: [], tidy })?.argv.slice(4), []);
});

test('hands on the word of a container: which line counts, and what is said in our name', () => {
  const notifications = { socket: 31, manager: 32 };
  const of = (terminal?: number) =>
    became(
      { pid: 77, ...(terminal && { terminal }) },
      { environment: [], notifications, of: '/run/x', afterwards: ['/b'] },
    );
  const message = `READY=1\nMAINPID=${process.pid}\n`;
  const rest = ['READY=1', message, '--of', '/run/x', '--', '/b'];
  assert.deepEqual(of()?.argv.slice(3), ['-1', '--notify', '3', '4', ...rest]);
  assert.deepEqual(of()?.descriptors, [0, 1, 2, 31, 32]);
  assert.deepEqual(of(21)?.argv.slice(3), ['3', '--notify', '4', '5', ...rest]);
  assert.deepEqual(of(21)?.descriptors, [0, 1, 2, 21, 31, 32]);
});

test('says nothing of a container that has no socket', () => {
  const notifications = { socket: undefined, manager: 32 };
  assert.deepEqual(became({ pid: 77 }, { environment: [], notifications })?.descriptors, [0, 1, 2]);
});

test.run();
