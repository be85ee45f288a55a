/** Namespaces: new ones, existing ones by path, and the host's own. */
import { strict as assert } from 'node:assert';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { ConfigChange } from './support/bundle.ts';
import { hostMounts } from './support/mountinfo.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { until } from './support/wait.ts';

const test = suite(`namespaces (${runtimeKind})`);

type NamespaceType = 'pid' | 'network' | 'ipc' | 'uts' | 'mount' | 'cgroup' | 'time' | 'user';

/** The names in /proc/PID/ns. */
const file = {
  pid: 'pid',
  network: 'net',
  ipc: 'ipc',
  uts: 'uts',
  mount: 'mnt',
  cgroup: 'cgroup',
  time: 'time',
} as const;
const all = Object.keys(file) as (keyof typeof file)[];

/** What only a mount namespace makes possible. */
const withoutProtection: ConfigChange = (config) => {
  config.root = { path: 'rootfs' };
  delete config.linux?.maskedPaths;
  delete config.linux?.readonlyPaths;
};

const namespaces =
  (
    entries: readonly { type: NamespaceType; path?: string }[],
    more: ConfigChange = () => undefined,
  ): ConfigChange =>
  (config) => {
    if (config.linux) config.linux.namespaces = [...entries];
    if (!entries.some(({ type }) => type === 'uts')) delete config.hostname;
    if (!entries.some(({ type }) => type === 'mount')) withoutProtection(config);
    more(config);
  };

const ofProcess = (pid: number | 'self') =>
  Object.fromEntries(all.map((type) => [type, readlinkSync(`/proc/${pid}/ns/${file[type]}`)])) as Record<
    keyof typeof file,
    string
  >;

/** A process in namespaces of its own, for containers to join; killed with the sandbox. */
async function holder(sandbox: Sandbox, flags: readonly string[]): Promise<number> {
  const child: ChildProcess = spawn('unshare', [...flags, '--', 'sleep', '1000'], { stdio: 'ignore' });
  sandbox.endsWith(child);
  const { pid } = child;
  assert.ok(pid);
  await until('the holder has its namespaces', () => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n');
  return pid;
}

test('each type alone is new, and all others are the host’s', () =>
  withSandbox(async (sandbox) => {
    const own = ofProcess('self');
    for (const type of all) {
      const id = await sandbox.running(namespaces([{ type }]));
      const { pid } = await sandbox.state(id);
      const theirs = ofProcess(pid);
      for (const each of all) {
        if (each === type) assert.notEqual(theirs[each], own[each], `new ${each}`);
        else assert.equal(theirs[each], own[each], `${each} beside ${type}`);
      }
      expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    }
  }));

test('all of them together', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running(namespaces(all.map((type) => ({ type }))));
    const own = ofProcess('self');
    const theirs = ofProcess((await sandbox.state(id)).pid);
    for (const type of all) assert.notEqual(theirs[type], own[type], type);
  }));

test('by path: the namespace of another process', () =>
  withSandbox(async (sandbox) => {
    const flags = ['--net', '--ipc', '--uts', '--cgroup'];
    const pid = await holder(sandbox, flags);
    const joined = ['network', 'ipc', 'uts', 'cgroup'] as const;
    const id = await sandbox.running(
      namespaces(
        [
          ...joined.map((type) => ({ type, path: `/proc/${pid}/ns/${file[type]}` })),
          { type: 'mount' },
          { type: 'pid' },
        ],
        (config) => {
          delete config.hostname;
        },
      ),
    );
    const theirs = ofProcess((await sandbox.state(id)).pid);
    const holding = ofProcess(pid);
    for (const type of joined) assert.equal(theirs[type], holding[type], type);
    for (const type of ['mount', 'pid'] as const) assert.notEqual(theirs[type], ofProcess('self')[type]);
  }));

test('by path: the pid namespace of another container', () =>
  withSandbox(async (sandbox) => {
    const first = await sandbox.running();
    const { pid } = await sandbox.state(first);
    const pids = await sandbox.output(
      'ls /proc | grep "^[0-9]"',
      namespaces([{ type: 'pid', path: `/proc/${pid}/ns/pid` }, { type: 'mount' }]),
    );
    assert.ok(pids.split('\n').length > 2, pids);
    // Its own process is not the first one there.
    const own = await sandbox.output(
      'echo $$',
      namespaces([{ type: 'pid', path: `/proc/${pid}/ns/pid` }, { type: 'mount' }]),
    );
    assert.notEqual(own, '1\n');
    assert.equal((await sandbox.state(first)).status, 'running');
  }));

test('by path: in a mount namespace of others the container has its own root and mounts, and they keep theirs', () =>
  withSandbox(async (sandbox) => {
    const pid = await holder(sandbox, ['--mount']);
    const bundle = sandbox.script(
      'ls / | tr "\\n" " "; cat /proc/sys/kernel/hostname >/dev/null && touch /new 2>&1; sleep 1000',
      namespaces([{ type: 'mount', path: `/proc/${pid}/ns/mnt` }, { type: 'pid' }]),
    );
    const before = hostMounts([bundle.directory]);
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id]));
    expectSuccess(await sandbox.tsoci(['start', id]));
    const state = await sandbox.state(id);
    assert.equal(ofProcess(state.pid).mount, ofProcess(pid).mount);
    assert.equal(readlinkSync(`/proc/${pid}/root`), '/');
    assert.ok(existsSync(`/proc/${pid}/root/etc/debian_version`), 'the others have another root now');
    const inside = await sandbox.tsoci(['exec', id, 'sh', '-c', 'ls -d /bin/busybox /proc/1; touch /new']);
    assert.match(inside.stdout, /^\/bin\/busybox\n\/proc\/1\n$/);
    assert.match(inside.stderr, /Read-only file system/);
    assert.deepEqual(hostMounts([bundle.directory]), before, 'mounts reached the host');
  }));

test('exec() in a container without a mount namespace is in its root', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running(
      namespaces([{ type: 'uts' }, { type: 'pid' }], (config) => {
        config.mounts = [];
      }),
    );
    const names = expectSuccess(await sandbox.tsoci(['exec', id, 'ls', '/']))
      .stdout.trim()
      .split('\n');
    assert.deepEqual(names, ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'tmp', 'usr', 'var']);
  }));

test('protection without a mount namespace to have it in is refused', () =>
  withSandbox(async (sandbox) => {
    const result = await sandbox.run(
      ['true'],
      namespaces([{ type: 'uts' }, { type: 'pid' }], (config) => {
        if (config.linux) config.linux.maskedPaths = ['/proc/kcore'];
      }),
    );
    expectRefusal(result, /linux\.maskedPaths.*needs a mount namespace/s);
  }));

test('a path that is no namespace, of another type, or missing', () =>
  withSandbox(async (sandbox) => {
    for (const [entry, message] of [
      [{ type: 'network', path: '/nowhere/net' }, /linux\.namespaces\[0\].*\/nowhere\/net.*no such file/i],
      [{ type: 'network', path: '/proc/self/ns/uts' }, /linux\.namespaces\[0\].*invalid argument/i],
      [{ type: 'network', path: '/etc/hostname' }, /linux\.namespaces\[0\].*invalid argument/i],
      [{ type: 'network', path: 'relative' }, /linux\.namespaces\[0\].*absolute/],
    ] as const) {
      const result = await sandbox.run(['true'], namespaces([entry, { type: 'mount' }, { type: 'pid' }]));
      expectRefusal(result, message);
      assert.deepEqual(sandbox.leftovers(), []);
    }
  }));

test('a type twice, and an unknown one', () =>
  withSandbox(async (sandbox) => {
    const twice = await sandbox.run(
      ['true'],
      namespaces([{ type: 'pid' }, { type: 'pid' }, { type: 'mount' }]),
    );
    expectRefusal(twice, /namespaces\[1\].*pid/);
    const unknown = await sandbox.run(['true'], namespaces([{ type: 'pdi' as 'pid' }]));
    expectRefusal(unknown, /namespaces\[0\].*pdi.*pid/s);
  }));

test('hostname and domainname are the container’s alone', () =>
  withSandbox(async (sandbox) => {
    const before = [hostname(), readFileSync('/proc/sys/kernel/domainname', 'utf8')];
    const out = await sandbox.output('hostname; cat /proc/sys/kernel/domainname', (config) => {
      config.hostname = 'inside.example';
      config.domainname = 'nis-domain';
    });
    assert.equal(out, 'inside.example\nnis-domain\n');
    assert.deepEqual([hostname(), readFileSync('/proc/sys/kernel/domainname', 'utf8')], before);
    const refused = await sandbox.run(
      ['true'],
      namespaces([{ type: 'mount' }], (config) => {
        config.hostname = 'no-namespace';
      }),
    );
    expectRefusal(refused, /hostname.*uts/);
    assert.equal(hostname(), before[0]);
  }));

test('time offsets', () =>
  withSandbox(async (sandbox) => {
    const change = namespaces([{ type: 'time' }, { type: 'mount' }, { type: 'pid' }], (config) => {
      if (config.linux)
        config.linux.timeOffsets = { boottime: { secs: 100000, nanosecs: 5 }, monotonic: { secs: 5000 } };
    });
    const [up = '', offsets = ''] = (
      await sandbox.output(
        'cut -d. -f1 /proc/uptime; cat /proc/self/timens_offsets | tr -s " \\n" " "',
        change,
      )
    ).split('\n');
    const here = Number(readFileSync('/proc/uptime', 'utf8').split('.')[0]);
    assert.ok(Math.abs(Number(up) - here - 100000) <= 2, `${up} ${here}`);
    assert.equal(offsets.trim(), 'monotonic 5000 0 boottime 100000 5');
    const id = await sandbox.running(change);
    const exec = expectSuccess(await sandbox.tsoci(['exec', id, 'cut', '-d.', '-f1', '/proc/uptime']));
    assert.ok(Number(exec.stdout) - here > 99990);
  }));

test('a new network namespace has a loopback that is up', () =>
  withSandbox(async (sandbox) => {
    const out = await sandbox.output(
      'ip -o link show | cut -d: -f2; ping -c1 -w2 127.0.0.1 >/dev/null && echo reached',
      (config) => {
        for (const set of ['bounding', 'effective', 'permitted'] as const)
          config.process?.capabilities?.[set]?.push('CAP_NET_RAW');
      },
    );
    assert.match(out, /^ lo\n/);
    assert.match(out, /reached\n$/);
  }));

test('the host’s mount namespace: the root is entered, and /proc of the host is not touched', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(
      ['sh', '-c', 'ls /; ls /proc'],
      namespaces([{ type: 'uts' }, { type: 'pid' }]),
    );
    const before = hostMounts([bundle.directory]);
    const result = expectSuccess(
      await sandbox.tsoci(['--debug', 'run', '--bundle', bundle.directory, sandbox.id()]),
    );
    assert.deepEqual(result.stdout.trim().split('\n'), [
      'bin',
      'dev',
      'etc',
      'proc',
      'root',
      'sys',
      'tmp',
      'usr',
      'var',
    ]);
    assert.match(result.stderr, /mounts.*mount namespace/);
    assert.deepEqual(hostMounts([bundle.directory]), before);
  }));

test('a process that was executed in a container is in all of its namespaces', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running(namespaces(all.map((type) => ({ type }))));
    const { pid } = await sandbox.state(id);
    const { stdout } = expectSuccess(
      await sandbox.tsoci(['exec', id, 'sh', '-c', 'for f in /proc/self/ns/*; do readlink $f; done']),
    );
    const theirs = ofProcess(pid);
    for (const type of all) assert.ok(stdout.includes(theirs[type]), type);
    const marker = join('/proc', String(pid), 'ns/pid');
    assert.ok(stdout.includes(readlinkSync(marker)));
  }));

test('a network namespace by name, as ip netns makes it', () =>
  withSandbox(async (sandbox) => {
    const name = `tsoci-test-${process.pid}`;
    try {
      execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' });
    } catch {
      execFileSync('sh', [
        '-c',
        `mkdir -p /run/netns && touch /run/netns/${name} && unshare --net=/run/netns/${name} true`,
      ]);
    }
    sandbox.onClose(() => execFileSync('sh', ['-c', `umount /run/netns/${name}; rm -f /run/netns/${name}`]));
    const id = await sandbox.running(
      namespaces([{ type: 'network', path: `/run/netns/${name}` }, { type: 'mount' }, { type: 'pid' }]),
    );
    const { pid } = await sandbox.state(id);
    const inode = execFileSync('stat', ['-L', '-c', '%i', `/run/netns/${name}`], { encoding: 'utf8' }).trim();
    assert.equal(ofProcess(pid).network, `net:[${inode}]`);
  }));

test.run();
