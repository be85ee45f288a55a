/** A whole operating system in a container, as docs/operating-system.md has it: Debian with systemd, on cgroup v2. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { pureV2, savedCgroup } from './support/cgroup-of.ts';
import { haveDebian, OperatingSystem, type SystemOptions } from './support/operating-system.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectSuccess, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';

const test = suite(`an operating system in a container (${runtimeKind})`);
const why = haveDebian ? 'not on a machine with cgroup v2 alone' : 'test/vm/debian has not been run';
const systemdHere = existsSync('/run/systemd/system') && existsSync('/run/dbus/system_bus_socket');
const mebibyte = 1 << 20;

/** getty on /dev/console asks, and lets in who knows the password. */
async function signIn(system: OperatingSystem): Promise<void> {
  await system.sees(/Debian GNU\/Linux.* console\s+debian login: /);
  await system.output('echo root:open-sesame | chpasswd');
  system.console.type('root\n');
  await system.sees(/Password: /);
  system.console.type('open-sesame\n');
  await system.sees(/root@debian:~# /);
  system.console.type('echo sum $((40 + 2)) on $(tty)\n');
  await system.sees(/^sum 42 on \/dev\/console\r$/m);
}

/** Everything that was to be started has been, and what systemd is told to do, it does. */
async function services(system: OperatingSystem): Promise<void> {
  assert.equal(await system.output('systemctl is-system-running --wait'), 'running\n');
  assert.equal(await system.output('systemctl --failed --no-legend'), '');
  const units = ['systemd-journald', 'systemd-logind', 'dbus', 'cron', 'console-getty'];
  assert.equal(
    await system.output(`systemctl is-active ${units.join(' ')}`),
    'active\n'.repeat(units.length),
  );
  const virtualization = await system.output('systemctl show --property Virtualization --value');
  assert.equal(virtualization, 'container-other\n');
  const processes = await system.tsoci('ps', system.id);
  assert.match(expectSuccess(processes).stdout, /\/sbin\/init\n/);
  assert.match(processes.stdout, /systemd-journald/);
}

async function journal(system: OperatingSystem): Promise<void> {
  await system.output('logger --tag tests written into the journal');
  assert.match(
    await system.output('journalctl --sync; journalctl -t tests -o cat'),
    /^written into the journal$/m,
  );
  const text = await system.output('journalctl --no-pager --boot');
  assert.match(text, /systemd\[1\]: Reached target multi-user\.target/);
  assert.match(text, /Started console-getty\.service/);
  assert.match(text, /login\[\d+\]: ROOT LOGIN\s+on '\/dev\/console'/);
}

/** systemd governs the tree below, and only below. */
async function cgroups(system: OperatingSystem, directory: string): Promise<void> {
  const file = (name: string) => readFileSync(join(directory, name), 'utf8').trim();
  assert.match(file('cgroup.subtree_control'), /\bmemory\b.*\bpids\b/);
  assert.equal(file('cgroup.procs'), '', 'systemd has moved itself down');
  assert.match(await system.output('cat /proc/self/cgroup'), /^0::\/init\.scope\n$/);
  const show = 'cat /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/memory.max';
  const limited = `systemd-run --quiet --wait --pipe --property MemoryMax=50M sh -c '${show}'`;
  assert.equal(await system.output(limited), `${50 * mebibyte}\n`);
  // Its own limits are not its own to change.
  const raise = await system.tsoci('exec', system.id, 'sh', '-c', 'echo max > /sys/fs/cgroup/memory.max');
  assert.match(raise.stderr, /Permission denied|I\/O error/);
  assert.notEqual(raise.code, 0);
  expectSuccess(await system.tsoci('update', '--memory', '900M', system.id));
  assert.equal(file('memory.max'), String(900 * mebibyte));
  const stats = JSON.parse(expectSuccess(await system.tsoci('events', '--stats', system.id)).stdout);
  assert.ok(stats.data.pids.current >= 6, `${stats.data.pids.current} processes are counted`);
}

/** SIGRTMIN+3 is systemd's word for "halt" (systemd(1), "Signals"); the journal's file is closed properly. */
async function shutDown(system: OperatingSystem): Promise<void> {
  expectSuccess(await system.tsoci('pause', system.id));
  expectSuccess(await system.tsoci('resume', system.id));
  expectSuccess(await system.tsoci('kill', system.id, 'SIGRTMIN+3'));
  await system.stopped();
  await system.sees(/Stopped .*cron\.service/);
  await system.sees(/Reached target .*shutdown\.target/);
  await system.sees(/Exiting container/);
  const journals = ['--directory', join(system.rootfs, 'var/log/journal')];
  assert.match(
    execFileSync('journalctl', [...journals, '--header'], { encoding: 'utf8' }),
    /^State: OFFLINE$/m,
  );
  assert.match(
    execFileSync('journalctl', [...journals, '--no-pager', '--lines', '5'], { encoding: 'utf8' }),
    /Journal stopped/,
  );
}

function bootsEverywhere(title: string, condition: boolean, reason: string, options: SystemOptions): void {
  testWhere(test, condition, reason, title, () =>
    withSandbox(async (sandbox) => {
      const system = await OperatingSystem.start(sandbox, options);
      await signIn(system);
      await services(system);
      await journal(system);
      await cgroups(system, savedCgroup(sandbox, system.id).unified?.path ?? 'no cgroup');
      await shutDown(system);
      expectSuccess(await system.tsoci('delete', system.id));
    }),
  );
}

bootsEverywhere(
  'a Debian system boots, lets a person in at its console, works, and halts',
  haveDebian && pureV2 && !systemdHere,
  systemdHere ? 'the next test is for this machine' : why,
  { global: [] },
);

bootsEverywhere(
  'the same in a scope of systemd, without a user namespace',
  haveDebian && pureV2 && systemdHere,
  haveDebian ? 'systemd is not PID 1 of a machine with cgroup v2 alone' : why,
  {
    global: ['--systemd-cgroup'],
    change: ({ linux }) => {
      if (linux === undefined) return;
      delete linux.uidMappings;
      delete linux.gidMappings;
      linux.namespaces = (linux.namespaces ?? []).filter(({ type }) => type !== 'user');
    },
  },
);

test.run();
