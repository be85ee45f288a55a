/**
 * Mounts as callers of runc and crun know them: filesystems that the kernel refuses in a user namespace, what
 * --no-pivot leaves behind, "/" as a destination, and the flags of what is bound. Each row is asked of runc in the
 * same run where it is installed.
 */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { suite } from 'uvu';
import { rootlessConfig } from '../../src/bundle/default-config.ts';
import type { Config } from '../../src/spec/config.ts';
import { besideRunc, lightBundle, lightRun, type Row } from './support/beside-runc.ts';
import type { ConfigChange, Mutable } from './support/bundle.ts';
import { hostMounts } from './support/mountinfo.ts';
import { groupId, OrdinaryUser, userId, whyNot } from './support/ordinary-user.ts';
import { runCommand, runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox, writeConfig } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';

const test = suite(`habits of mounts (${runtimeKind})`);

/** The container's ids on the host; its root filesystem is only read. */
const firstId = 700_000;

/** A new user namespace, and no namespace of this type: the host's. */
const userNamespace =
  (without: string, more: ConfigChange = () => undefined): ConfigChange =>
  (config) => {
    if (config.linux === undefined) return;
    const mapping = [{ containerID: 0, hostID: firstId, size: 65536 }];
    Object.assign(config.linux, {
      uidMappings: mapping,
      gidMappings: mapping,
      maskedPaths: [],
      readonlyPaths: [],
    });
    config.linux.namespaces = [
      ...(config.linux.namespaces ?? []).filter(({ type }) => type !== without),
      { type: 'user' },
    ];
    config.mounts = (config.mounts ?? []).filter(({ type }) => type !== 'cgroup');
    more(config);
  };

/** Type and flags of the mount at a place, from inside. */
const mountedAt = (path: string) =>
  `awk '$5 == "${path}" { print $6; sub(".* - ", ""); print $1 }' /proc/self/mountinfo | tr '\n' ' '`;

/** Runs a script in a bundle that root of the user namespace may pass into. */
async function inside(sandbox: Sandbox, script: string, change: ConfigChange, wrap: readonly string[] = []) {
  const directory = lightBundle(sandbox, ['sh', '-c', script], change);
  const rootfs = JSON.parse(execFileSync('cat', [`${directory}/config.json`], { encoding: 'utf8' })).root
    .path;
  // Directories of mkdtemp(3) are their maker's alone.
  execFileSync('chmod', ['a+rx', directory, rootfs, `${rootfs}/..`]);
  const argv = [...sandbox.runtime, '--root', sandbox.root, 'run', '--bundle', directory, sandbox.id()];
  const { code, stdout } = await runCommand([...wrap, ...argv]);
  return [code, stdout.trim()];
}

/** Where a queue of the host's is named: of the namespace, seen through a mount that the runtime sees as well. */
const withQueue = ['unshare', '--mount', 'sh', '-c'];
const queueScript =
  'mkdir -p /dev/mqueue; mount -t mqueue mqueue /dev/mqueue; : > /dev/mqueue/tsoci-test; "$@"; s=$?; rm /dev/mqueue/tsoci-test; exit $s';

const refused = [1, ''];

const fallbacks: readonly Row[] = [
  {
    name: "sysfs of the host's network in a user namespace: the host's, read-only, with all below it",
    ask: (sandbox) =>
      inside(
        sandbox,
        `${mountedAt('/sys')}; ls /sys/class/net | grep -c . > /tmp/x 2>/dev/null; mkdir /sys/x 2>/dev/null || echo readonly; [ -e /sys/class/net/lo ] && echo lo`,
        userNamespace('network'),
      ),
    wanted: [0, 'ro,nosuid,nodev,noexec,relatime sysfs readonly\nlo'],
    runc: { answers: refused, because: 'crun falls back so, and the container works' },
  },
  {
    name: 'the same without ro: refused, for less would be given than is asked for',
    ask: (sandbox) =>
      inside(
        sandbox,
        'true',
        userNamespace('network', (config) => {
          for (const mount of config.mounts ?? []) if (mount.type === 'sysfs') mount.options = ['nosuid'];
        }),
      ),
    wanted: refused,
  },
  {
    name: "proc of the host's processes in a user namespace: the host's",
    ask: (sandbox) =>
      inside(
        sandbox,
        `${mountedAt('/proc')}; [ -d /proc/${process.pid} ] && echo host`,
        userNamespace('pid'),
      ),
    wanted: [0, 'rw,relatime proc host'],
    runc: {
      answers: refused,
      because: 'the container shares those processes, so their proc shows it nothing new',
    },
  },
  {
    name: "mqueue of the host's queues in a user namespace: the host's",
    ask: (sandbox) =>
      inside(sandbox, 'ls /dev/mqueue', userNamespace('ipc'), [...withQueue, queueScript, 'sh']),
    wanted: [0, 'tsoci-test'],
    runc: { answers: refused, because: 'the container shares those queues' },
  },
  {
    name: 'mqueue where the host has none mounted: refused, a directory of another kind is none',
    ask: (sandbox) =>
      inside(sandbox, 'ls /dev/mqueue', userNamespace('ipc'), [
        ...withQueue,
        'mount -t tmpfs tmpfs /dev/shm; umount /dev/mqueue 2>/dev/null; mkdir -p /dev/mqueue; exec "$@"',
        'sh',
      ]),
    wanted: refused,
  },
];

/** Tries to mount a fresh proc and sysfs from a user namespace inside, as a user without capabilities. */
const freshViews =
  'unshare -Urmp --fork mount -t proc proc /tmp 2>/dev/null && echo proc; unshare -Urmn mount -t sysfs sysfs /tmp 2>/dev/null && echo sysfs; echo end';

const ordinary: ConfigChange = (config) => {
  if (config.process === undefined) return;
  config.process.user = { uid: 1000, gid: 1000 };
  config.process.noNewPrivileges = false;
  delete config.process.capabilities;
};

const nested = (options: readonly string[], change: ConfigChange) => async (sandbox: Sandbox) => {
  const bundle = lightBundle(sandbox, ['sh', '-c', freshViews], change);
  execFileSync('chmod', ['a+rx', bundle]);
  const { root } = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as {
    root: { path: string };
  };
  const before = hostMounts([bundle, root.path]);
  const result = await sandbox.tsoci(['run', ...options, '--bundle', bundle, sandbox.id()]);
  return [result.stdout, isDeepStrictEqual(hostMounts([bundle, root.path]), before)];
};

const pivots: readonly Row[] = [
  {
    name: 'nothing masked is in sight: a user namespace inside may mount its own proc (the control)',
    ask: nested([], (config) => {
      ordinary(config);
      if (config.linux) Object.assign(config.linux, { maskedPaths: [], readonlyPaths: [] });
      config.mounts = (config.mounts ?? []).filter(({ type }) => type !== 'sysfs' && type !== 'cgroup');
    }),
    wanted: ['proc\nend\n', true],
  },
  {
    name: 'masked paths keep a user namespace inside from mounting a fresh proc or sysfs',
    ask: nested([], ordinary),
    wanted: ['end\n', true],
  },
  { name: 'the same with --no-pivot', ask: nested(['--no-pivot'], ordinary), wanted: ['end\n', true] },
  {
    name: 'the same with --no-pivot and mounts that are shared with the host, which keeps its own',
    ask: async (sandbox) => {
      const bundle = lightBundle(sandbox, ['sh', '-c', freshViews], (config) => {
        ordinary(config);
        if (config.linux) config.linux.rootfsPropagation = 'shared';
      });
      execFileSync('chmod', ['a+rx', bundle]);
      const lists = sandbox.directory();
      // As systemd has them on a host; here in a mount namespace that stands for it.
      const host = `mount --make-rshared /; cut -d" " -f5 /proc/self/mountinfo >${lists}/before
        "$@"; cut -d" " -f5 /proc/self/mountinfo >${lists}/after`;
      const around = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', host, 'sh'];
      const words = ['--root', sandbox.root, 'run', '--no-pivot', '--bundle', bundle, sandbox.id()];
      const { stdout } = await runCommand([...around, ...sandbox.runtime, ...words]);
      const [before = '', after] = ['before', 'after'].map((name) => readFileSync(join(lists, name), 'utf8'));
      assert.match(before, /^\/sys\/./m, 'positive control: mounts below one that is taken off');
      return [stdout, after === before];
    },
    wanted: ['end\n', true],
    ours: 'with runc 1.1 it depends on the kernel what the host keeps',
  },
];

const atRoot = (mount: object) => async (sandbox: Sandbox) => {
  const { code } = await lightRun(sandbox, ['true'], (config) => {
    config.mounts?.unshift(mount as never);
  });
  return code;
};

const roots: readonly Row[] = [
  ...['/', '/.', '/tmp/..', '//'].map((destination) => ({
    name: `a tmpfs on ${destination}: refused`,
    ask: atRoot({ destination, type: 'tmpfs', source: 'tmpfs' }),
    wanted: 1,
  })),
  {
    name: 'a bind on /: refused',
    ask: atRoot({ destination: '/', type: 'bind', source: '/', options: ['rbind', 'ro'] }),
    wanted: 1,
    runc: {
      answers: 0,
      because: 'it would take the place of root.path, and of its protection; crun refuses it too',
    },
  },
];

/** The flags in the container of what is bound from a mount that has all of them. */
const flagsOf = (options: readonly string[]) => async (sandbox: Sandbox) => {
  const source = sandbox.directory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,noexec,nosuid,nodev', 'tsoci-test', source]);
  sandbox.onClose(() => execFileSync('umount', [source]));
  const { code, stdout } = await lightRun(
    sandbox,
    ['awk', '$5 == "/mnt" { print $6 }', '/proc/self/mountinfo'],
    (config) => {
      if (config.root) config.root.readonly = false;
      config.mounts?.push({ destination: '/mnt', type: 'bind', source, options: [...options] });
    },
  );
  return [code, stdout.trim()];
};

const all = 'ro,nosuid,nodev,noexec,relatime';
const unnamed =
  'nobody named the flag that would be cleared, and whoever mounted the source did set it; runc itself keeps it when there is no other';
const named = 'what is named is given';

const flags: readonly Row[] = [
  { name: 'bind', ask: flagsOf(['bind']), wanted: [0, all] },
  { name: 'rbind, rprivate', ask: flagsOf(['rbind', 'rprivate']), wanted: [0, all] },
  {
    name: 'rbind, ro: the others stay',
    ask: flagsOf(['rbind', 'ro']),
    wanted: [0, all],
    runc: { answers: [0, 'ro,relatime'], because: unnamed },
  },
  {
    name: 'bind, nosuid: the others stay',
    ask: flagsOf(['bind', 'nosuid']),
    wanted: [0, all],
    runc: { answers: [0, 'rw,nosuid,relatime'], because: unnamed },
  },
  {
    name: 'bind, rw',
    ask: flagsOf(['bind', 'rw']),
    wanted: [0, 'rw,nosuid,nodev,noexec,relatime'],
    runc: { answers: [0, all], because: named },
  },
  {
    name: 'bind, exec, suid, dev',
    ask: flagsOf(['bind', 'exec', 'suid', 'dev']),
    wanted: [0, 'ro,relatime'],
    runc: { answers: [0, all], because: named },
  },
];

besideRunc(test, [...fallbacks, ...pivots, ...roots, ...flags]);

const reason = whyNot();
for (const option of ['rw', 'exec', 'suid', 'dev'])
  testWhere(
    test,
    reason === undefined,
    reason ?? '',
    `an ordinary user cannot have ${option} where the flag is locked, and is told`,
    () =>
      withSandbox(async (sandbox) => {
        const user = new OrdinaryUser(sandbox);
        const source = sandbox.directory();
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,noexec,nosuid,nodev,mode=755', 'tsoci-test', source]);
        sandbox.onClose(() => execFileSync('umount', [source]));
        const run = async (options: readonly string[]) => {
          const bundle = sandbox.bundle(['true']);
          const config = rootlessConfig(userId, groupId) as Mutable<Config>;
          if (config.process) Object.assign(config.process, { terminal: false, args: ['true'] });
          if (config.root) config.root.readonly = false;
          config.mounts?.push({ destination: '/mnt', type: 'bind', source, options: ['bind', ...options] });
          writeConfig(bundle, JSON.stringify(config));
          user.own(bundle);
          return user.tsoci(['run', '--bundle', bundle.directory, sandbox.id()]);
        };
        // The control: what is there can be bound.
        expectSuccess(await run([]));
        expectRefusal(await run([option]), /mounts\[\d+\] \(\/mnt\).*operation not permitted/);
        assert.deepEqual(sandbox.leftovers(), []);
      }),
  );

test.run();
