/** Tests also: src/host/caller-environment.ts */
import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { Reporter } from '../../../src/cli/report.ts';
import { Session } from '../../../src/cli/session.ts';
import type { Globals } from '../../../src/cli/table/global-options.ts';
import type { Sink } from '../../../src/host/outside.ts';
import { fakeHost } from './fake-host.ts';

const test = suite('session');
const silent: Sink = { write: () => {}, openLog: () => 7, now: () => new Date(0) };
const globals: Globals = {
  root: undefined,
  log: undefined,
  'log-format': 'text',
  'log-level': undefined,
  debug: false,
  'systemd-cgroup': false,
  'cgroup-manager': undefined,
  rootless: 'auto',
  criu: undefined,
  version: false,
  help: false,
};

function session(given: Partial<Globals>) {
  let opened = 0;
  const all = { ...globals, ...given };
  const reporter = new Reporter({ log: all.log, format: 'text', debug: false }, silent);
  const made = new Session(all, undefined, reporter, {
    surroundings: { PATH: '/bin', EMPTY: '' },
    program: ['/usr/bin/tsoci'],
    engine: 'none: 1',
    elapsed: () => 3,
    sink: silent,
    openHost: () => {
      opened++;
      return fakeHost({
        userId: () => 0,
        processId: () => 42,
        monotonic: () => 5_000_000_000n,
        workingDirectory: () => '/here',
      });
    },
    hostSink: () => silent,
  });
  return { made, opened: () => opened };
}

test('context() opens the machine once', async () => {
  const { made, opened } = session({});
  assert.equal(opened(), 0);
  assert.equal(await made.context(), await made.context());
  assert.equal(opened(), 1);
});

test('again() repeats the global options so that they mean the same from anywhere', async () => {
  const plain = await session({}).made.again(['delete', '--force', 'c']);
  assert.deepEqual(plain.argv, [
    ...['/usr/bin/tsoci', '--root', '/run/tsoci', '--rootless', 'auto', '--log-format', 'text'],
    ...['delete', '--force', 'c'],
  ]);
  assert.deepEqual(plain.environment, ['PATH=/bin', 'EMPTY=']);
  const full = await session({ root: 'r', log: 'l', debug: true, 'systemd-cgroup': true }).made.again([
    'list',
  ]);
  assert.deepEqual(full.argv.slice(1), [
    ...['--root', '/here/r', '--rootless', 'auto', '--log-format', 'text', '--log', '/here/l'],
    ...['--debug', '--systemd-cgroup', 'list'],
  ]);
});

test.run();
