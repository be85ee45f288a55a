import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { execOptions, optionsWithoutEffect } from '../../../../src/cli/commands/exec.ts';
import { commands } from '../../../../src/cli/commands.ts';
import { globalOptions } from '../../../../src/cli/table/global-options.ts';
import { parse } from '../../../../src/cli/table/parse.ts';
import { Failure } from '../../../../src/failure.ts';

const test = suite('execOptions');

function read(line: string, process?: unknown) {
  const parsed = parse(['exec', ...line.split(' ')], commands, globalOptions);
  if (parsed.kind !== 'command') throw new Error(`${line} does not parse`);
  const values = parsed.values as unknown as Parameters<typeof execOptions>[0];
  return { options: () => execOptions(values, parsed.rest, process), unused: optionsWithoutEffect(values) };
}

test('execOptions() of a bare command sets nothing else', () => {
  assert.deepEqual(read('c ls -l').options(), {
    args: ['ls', '-l'],
    tty: false,
    detach: false,
    preserveFds: 0,
    ignorePaused: false,
  });
});

test('execOptions() hands every option on', () => {
  const line =
    '-t -d --cwd /w -e A=1 -u 5:6 -g 7 -g 8 -c net_admin --no-new-privs --apparmor p --process-label l ' +
    '--console-socket /s --pidfd-socket /ps --pid-file /p --preserve-fds 2 --ignore-paused --cgroup memory:m c sh';
  const { cgroup, ...options } = read(line).options();
  assert.deepEqual({ ...cgroup }, { memory: 'm' });
  assert.deepEqual(options, {
    args: ['sh'],
    tty: true,
    detach: true,
    cwd: '/w',
    env: ['A=1'],
    user: { uid: 5, gid: 6 },
    additionalGids: [7, 8],
    capabilities: ['CAP_NET_ADMIN'],
    noNewPrivileges: true,
    apparmorProfile: 'p',
    selinuxLabel: 'l',
    consoleSocket: '/s',
    pidfdSocket: '/ps',
    pidFile: '/p',
    preserveFds: 2,
    ignorePaused: true,
  });
});

test('execOptions() takes a process whole', () => {
  const process = { args: ['true'], cwd: '/' };
  const { options, unused } = read('--process /f -d -t -e A=1 c', process);
  assert.deepEqual(options(), { process, tty: false, detach: true, preserveFds: 0, ignorePaused: false });
  assert.deepEqual(unused, ['--env']);
  assert.deepEqual(read('--process /f -d c', process).unused, []);
});

test('execOptions() refuses a command beside a process, and neither', () => {
  for (const { options } of [
    read('--process /f c ls', {}),
    read('c'),
    read('-u root c ls'),
    read('-e A c ls'),
  ]) {
    assert.throws(options, (error: unknown) => error instanceof Failure && error.code === 'invalid');
  }
});

test.run();
