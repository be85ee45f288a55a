/** `doctor` on this machine, and on what a mount namespace makes of it. */
import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { runCommand, runtimeKind } from './support/runtime.ts';
import { type Sandbox, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';

const test = suite(`doctor (${runtimeKind})`);

interface Diagnosis {
  readonly check: string;
  readonly verdict: string;
  readonly found: string;
}

const words = ({ verdict, check, found }: Diagnosis): string => `${verdict} ${check} ${found}`;

/** What it says after `change`, a shell script in a mount namespace of its own. */
async function examined(
  { runtime }: Sandbox,
  change = ':',
  unshare: readonly string[] = ['--mount'],
): Promise<{ lines: string[]; code: number | null }> {
  const script = `set -e; ${change}; exec "$@"`;
  const command = ['unshare', ...unshare, 'sh', '-c', script, 'sh', ...runtime, 'doctor', '--json'];
  const { stdout, stderr, code } = await runCommand(command);
  assert.ok(stdout.startsWith('{'), `${stderr}${stdout}`);
  return { lines: (JSON.parse(stdout).found as Diagnosis[]).map(words), code };
}

const says = (lines: readonly string[], beginning: RegExp): void =>
  assert.ok(
    lines.some((line) => beginning.test(line)),
    `${beginning}\n${lines.join('\n')}`,
  );

test('here; and the table has the same answers', () =>
  withSandbox(async (sandbox) => {
    const { lines } = await examined(sandbox);
    says(lines, /^ok kernel Linux /);
    says(lines, /^ok memory-files /);
    says(lines, /^ok seccomp the kernel knows .*errno/);
    says(lines, /^ok user-namespaces /);
    const { stdout } = await sandbox.tsoci(['doctor']);
    for (const name of new Set(lines.map((line) => line.split(' ')[1])))
      assert.match(stdout, new RegExp(`^[a-z]+ +${name} `, 'm'));
  }));

test('what a mount namespace takes away is missed', () =>
  withSandbox(async (sandbox) => {
    const directory = sandbox.directory();
    for (const value of ['0', '2']) writeFileSync(join(directory, value), `${value}\n`);
    mkdirSync(join(directory, 'nothing'));
    // Since Linux 6.3.
    const knowsNoexec = existsSync('/proc/sys/vm/memfd_noexec');
    const cgroup = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup'].find((path) => existsSync(path));
    const { lines, code } = await examined(
      sandbox,
      [
        ...(knowsNoexec ? [`mount --bind ${directory}/2 /proc/sys/vm/memfd_noexec`] : []),
        `mount --bind ${directory}/0 /proc/sys/user/max_net_namespaces`,
        `mount --bind ${directory}/nothing /proc/sys/kernel/seccomp`,
        `mount -o remount,bind,ro ${cgroup}`,
        `mount --bind ${directory}/nothing /etc/docker 2>/dev/null || :`,
      ].join('; '),
    );
    says(lines, knowsNoexec ? /^note memory-files vm.memfd_noexec is 2/ : /^ok memory-files /);
    says(lines, /^problem user-namespaces user.max_net_namespaces is 0/);
    says(lines, /^problem seccomp no \/proc\/sys\/kernel\/seccomp/);
    says(lines, new RegExp(`^problem cgroups ${cgroup} cannot be written`));
    assert.equal(code, 3);
  }));

test('a user namespace in which the kernel makes no more', () =>
  withSandbox(async (sandbox) => {
    const none = 'echo 0 > /proc/sys/user/max_user_namespaces';
    const { lines } = await examined(sandbox, none, ['--user', '--map-root-user', '--mount']);
    says(lines, /^warning user-namespaces user.max_user_namespaces is 0/);
    assert.ok(!lines.some((line) => line.startsWith('ok user-namespaces')));
  }));

testWhere(
  test,
  existsSync('/usr/bin/setpriv'),
  'setpriv is not installed',
  'an ordinary user without a session: what is in the way, and exit status 3',
  () =>
    withSandbox(async ({ runtime }) => {
      const user = ['--reuid=54321', '--regid=54321', '--clear-groups', 'env', '-i', 'PATH=/usr/bin:/bin'];
      const { stdout, code } = await runCommand(['setpriv', ...user, ...runtime, 'doctor', '--json']);
      const lines = (JSON.parse(stdout).found as Diagnosis[]).map(words);
      says(lines, /^problem state-directory XDG_RUNTIME_DIR is not set/);
      says(lines, /^warning subordinate-ids none for 54321 in \/etc\/subuid/);
      assert.equal(code, 3);
    }),
);

test.run();
