/**
 * Golden plans: what the planner makes of each of these configs, one file each in golden/, so that a change of
 * behaviour is seen in review. `UPDATE_GOLDEN=1 node --import tsx test/unit/plan/golden.test.ts` writes them anew.
 */

import { strict as assert } from 'node:assert';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { rootlessConfig } from '../../../src/bundle/default-config.ts';
import { withOwnUserNamespace } from '../../../src/bundle/own-user-namespace.ts';
import { execPlan } from '../../../src/plan/exec-plan.ts';
import { addMountsPlan, removeMountsPlan } from '../../../src/plan/mounts-plan.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { encodePlan } from '../../../src/plan/wire/encode.ts';
import {
  configOf,
  execRequest,
  hybrid,
  mapping,
  namespacesOf,
  planOf,
  rootFacts,
  rootlessFacts,
  seccomp,
  v1,
  v2,
} from './support.ts';

const test = suite('golden plans');
const directory = join(import.meta.dirname, 'golden');
const update = process.env['UPDATE_GOLDEN'] === '1';

const userNamespace = configOf((config) => {
  config.linux.namespaces = [...(config.linux.namespaces ?? []), { type: 'user' }, { type: 'time' }];
  config.linux.uidMappings = mapping(100_000);
  config.linux.gidMappings = mapping(200_000);
  config.linux.timeOffsets = { boottime: { secs: 60 }, monotonic: { secs: -1, nanosecs: 5 } };
});

const delegates = { 'run.oci.delegate-cgroup': 'd' };
const delegated = { cgroups: { ...v2, delegated: `${v2.unified}/d` } };

const filesystems = (...namespaces: string[]) =>
  configOf((config) => {
    config.linux.namespaces = namespacesOf('mount', 'pid', ...namespaces);
    config.mounts = config.mounts?.filter((mount) => /^\/(proc|sys)/.test(mount.destination)) ?? [];
    config.linux.maskedPaths = [];
    config.linux.readonlyPaths = [];
  });

const confined = (noNewPrivileges: boolean) =>
  configOf((config) => {
    config.process.noNewPrivileges = noNewPrivileges;
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW' };
    config.mounts = [];
    config.linux.maskedPaths = [];
    config.linux.readonlyPaths = [];
  });

const notifying = configOf((config) => {
  config.process.env = ['NOTIFY_SOCKET=/elsewhere', 'PATH=/bin'];
  config.mounts = [{ destination: '/run', type: 'tmpfs' }];
});

const mounts = configOf((config) => {
  config.mounts = [
    { destination: '/data', type: 'none', source: 'data', options: ['bind', 'ro'] },
    { destination: '/tree', source: '/srv/tree', options: ['rbind', 'rro', 'rprivate'] },
    { destination: '/tmp', type: 'tmpfs', options: ['tmpcopyup', 'ro', 'size=1m', 'shared'] },
    { destination: '/disk', type: 'ext4', source: '/dev/sda1', options: ['ro', 'noatime', 'data=journal'] },
    { destination: '/tree', options: ['remount', 'rw', 'nosuid'] },
  ];
  config.linux.rootfsPropagation = 'rslave';
});

const idmapped = configOf((config) => {
  config.linux.namespaces = [...(config.linux.namespaces ?? []), { type: 'user' }];
  config.linux.uidMappings = mapping(100_000);
  config.linux.gidMappings = mapping(100_000);
  config.mounts = [
    { destination: '/theirs', source: '/srv/theirs', options: ['rbind', 'ridmap'] },
    {
      destination: '/own',
      source: '/srv/own',
      options: ['bind'],
      uidMappings: mapping(5000, 10),
      gidMappings: mapping(6000, 10),
    },
    {
      destination: '/option',
      source: '/srv/option',
      options: ['rbind', 'ridmap=uids=0-7000-10;gids=@0-0-10'],
    },
  ];
});

/** Options that crun(1) has for symbolic links; the first source is one. */
const links = configOf((config) => {
  config.mounts = [
    { destination: '/copied', source: '/srv/link', options: ['bind', 'copy-symlink', 'ro'] },
    { destination: '/not-copied', source: '/srv/file', options: ['bind', 'copy-symlink'] },
    { destination: '/link', source: '/srv/link', options: ['bind', 'src-nofollow', 'dest-nofollow'] },
    { destination: '/tmp', type: 'tmpfs', options: ['dest-nofollow'] },
  ];
});

const hooks = configOf((config) => {
  const hook = { path: '/hook', args: ['hook', 'x'], env: ['A=1'], timeout: 3 };
  config.hooks = {
    prestart: [hook],
    createRuntime: [hook],
    createContainer: [hook, { path: '/bare' }],
    startContainer: [hook],
    poststart: [hook],
    poststop: [hook],
  };
});

const processes = configOf((config) => {
  config.process = {
    cwd: '/work',
    args: ['server', '--port', '80'],
    env: ['PATH=/bin', 'HOME=/work'],
    user: { uid: 1000, gid: 1000, umask: 0o077, additionalGids: [5, 6] },
    capabilities: {
      bounding: ['CAP_CHOWN', 'CAP_KILL'],
      effective: ['CAP_CHOWN'],
      permitted: ['CAP_CHOWN', 'CAP_KILL'],
      inheritable: ['CAP_KILL'],
      ambient: ['CAP_KILL', 'CAP_CHOWN'],
    },
    rlimits: [{ type: 'RLIMIT_CORE', soft: 0, hard: 10 }],
    oomScoreAdj: -5,
    scheduler: { policy: 'SCHED_BATCH', nice: 3, flags: ['SCHED_FLAG_RESET_ON_FORK'] },
    ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 7 },
    apparmorProfile: 'profile',
    selinuxLabel: 'system_u:system_r:container_t:s0',
  };
  config.linux.mountLabel = 'system_u:object_r:container_file_t:s0';
  config.linux.sysctl = { 'net.ipv4.ip_forward': '1', 'kernel/shm_rmid_forced': '1' };
  config.linux.personality = { domain: 'LINUX32' };
  config.linux.memoryPolicy = { mode: 'MPOL_BIND', nodes: '0-1', flags: ['MPOL_F_STATIC_NODES'] };
  config.domainname = 'example';
});

const devices = configOf((config) => {
  config.linux.devices = [
    { path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o600, uid: 1, gid: 2 },
    { path: '/dev/null', type: 'c', major: 1, minor: 3 },
    { path: '/run/pipe', type: 'p' },
  ];
  config.mounts = config.mounts?.filter(({ destination }) => destination === '/dev') ?? [];
});

const terminal = configOf((config) => {
  config.process.terminal = true;
  config.process.consoleSize = { height: 25, width: 80 };
});

const own = (change: Parameters<typeof configOf>[0] = () => undefined) => {
  const { process } = configOf(change);
  if (process === undefined) throw new Error('no process');
  return process;
};

/** A container, and what is mounted into it. */
const added = [
  { destination: '/data', source: 'relative', options: ['rbind', 'ro'] },
  { destination: '/scratch', type: 'tmpfs', source: 'tmpfs', options: ['size=1m', 'ro'] },
  { destination: '/queues', type: 'mqueue' },
];
const running = {
  namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'],
  root: undefined,
  mapsRoot: true,
  noSetGroups: false,
};
const inUserNamespace = { ...running, namespaces: [...running.namespaces, 'user'] };

const rows: Readonly<Record<string, () => Plan>> = {
  default: () => planOf(configOf()),
  'default-run': () => planOf(configOf(), {}, { startChannel: false, noPivot: true, keyring: undefined }),
  rootless: () => planOf(rootlessConfig(1000, 1000), rootlessFacts),
  'own-user-namespace': () => {
    const ids = [{ first: 100_000, count: 65_536 }];
    const given = configOf((each) => (each.process.user = { uid: 1000, gid: 1000, additionalGids: [5] }));
    const { config } = withOwnUserNamespace(given, { uid: 1000, gid: 1000, uids: ids, gids: ids }) ?? {};
    return planOf(config ?? given, rootlessFacts);
  },
  'user-namespace': () => planOf(userNamespace, { cgroups: v1 }),
  'host-namespaces': () => planOf(configOf((config) => (config.linux.namespaces = []))),
  'joined-namespaces': () =>
    planOf(
      configOf((config) => {
        config.linux.namespaces = namespacesOf(
          'mount',
          'user:/n/u',
          'network:/n/n',
          'pid:/n/p',
          'cgroup:/n/c',
        );
      }),
    ),
  'joined-mount-namespace': () =>
    planOf({
      ...terminal,
      ...hooks,
      linux: { namespaces: [{ type: 'mount', path: '/n/m' }, { type: 'pid' }] },
    }),
  seccomp: () => planOf(confined(true), {}, { seccomp }),
  'seccomp-with-privileges': () => planOf(confined(false), {}, { seccomp: { ...seccomp, notify: true } }),
  mounts: () => planOf(mounts),
  'idmapped-mounts': () => planOf(idmapped),
  'mount-links': () => planOf(links, { sourceLinks: { 0: '../elsewhere' } }),
  devices: () => planOf(devices),
  'devices-bound': () => planOf(devices, { makesDevices: false }),
  'network-devices': () =>
    planOf(configOf((config) => (config.linux.netDevices = { eth1: { name: 'eth0' } }))),
  'terminal-parent': () => planOf(terminal, {}, { terminalSize: { rows: 50, columns: 132 } }),
  'terminal-socket': () => planOf(terminal, {}, { console: 'socket' }),
  hooks: () => planOf(hooks),
  'hooks-with-files': () =>
    planOf({ ...hooks, annotations: { 'run.oci.hooks.stdout': '/out', 'run.oci.hooks.stderr': '/errors' } }),
  'mounts-add': () => addMountsPlan({ ...configOf(), mounts: added }, '/bundle', running, rootFacts),
  'mounts-add-user-namespace': () =>
    addMountsPlan(
      {
        ...userNamespace,
        mounts: [{ destination: '/mapped', source: '/srv', options: ['bind', 'idmap'] }, ...added],
      },
      '/bundle',
      inUserNamespace,
      rootFacts,
    ),
  'mounts-add-rootless': () =>
    addMountsPlan(
      { ...rootlessConfig(1000, 1000), mounts: added },
      '/bundle',
      { ...inUserNamespace, noSetGroups: true },
      rootlessFacts,
    ),
  'mounts-remove': () =>
    removeMountsPlan(
      { mounts: [{}, {}] },
      [
        { destination: '/a', number: 7 },
        { destination: '/a/below', number: 8 },
      ],
      { ...running, root: '/proc/7/root' },
      rootFacts,
    ),
  process: () => planOf(processes, { apparmor: true, selinux: true }),
  'no-process': () => {
    const { process: _process, ...config } = configOf();
    return planOf(config);
  },
  // What the config has at that place and in that variable gives way.
  notify: () => planOf(notifying, {}, { notify: '/run/tsoci/box/notify' }),
  'listen-fds': () => planOf(configOf(), {}, { listenFds: 2, preserve: 3 }),
  'cgroup-v1': () => planOf(filesystems(), { cgroups: v1 }),
  'cgroup-v1-namespace': () => planOf(filesystems('cgroup'), { cgroups: v1 }),
  'cgroup-hybrid': () => planOf(filesystems(), { cgroups: hybrid }),
  'cgroup-hybrid-namespace': () => planOf(filesystems('cgroup'), { cgroups: hybrid }),
  'cgroup-v2': () => planOf(filesystems(), { cgroups: v2 }),
  'cgroup-v2-namespace': () => planOf(filesystems('cgroup'), { cgroups: v2 }),
  'cgroup-v2-delegated': () => planOf({ ...filesystems('cgroup'), annotations: delegates }, delegated),
  'cgroup-v2-delegated-host': () => planOf({ ...filesystems(), annotations: delegates }, delegated),
  'cgroup-adopted': () => planOf(filesystems('cgroup'), { cgroups: { ...v2, made: 'around' } }),
  'cgroup-v2-user-namespace': () =>
    planOf(
      {
        ...filesystems('user'),
        linux: { ...filesystems('user').linux, uidMappings: mapping(9), gidMappings: mapping(9) },
      },
      { resctrlTasks: ['/sys/fs/resctrl/box/tasks'] },
    ),
  exec: () => execPlan(own(), {}, execRequest, rootFacts),
  'exec-user-namespace': () =>
    execPlan(
      own((config) => (config.process.oomScoreAdj = 1)),
      { uidMappings: mapping(100_000) },
      { ...execRequest, namespaces: [...execRequest.namespaces, 'user'] },
      rootFacts,
    ),
  'exec-rootless': () =>
    execPlan(
      own(),
      {},
      {
        ...execRequest,
        namespaces: ['user', 'mount', 'pid'],
        unifiedCgroup: undefined,
        cgroupJoin: ['/sys/fs/cgroup/pids/box/tasks'],
        noSetGroups: true,
      },
      rootlessFacts,
    ),
  'exec-linux': () =>
    execPlan(
      own((config) => (config.process.user = { uid: 1000, gid: 1000 })),
      {
        personality: { domain: 'LINUX32' },
        memoryPolicy: { mode: 'MPOL_BIND', nodes: '0' },
        intelRdt: { closID: 'box' },
      },
      execRequest,
      { ...rootFacts, resctrlTasks: ['/sys/fs/resctrl/box/tasks'] },
    ),
  'exec-terminal': () =>
    execPlan(
      own((config) => (config.process.terminal = true)),
      {},
      { ...execRequest, console: 'socket' },
      rootFacts,
    ),
  'exec-affinity-seccomp': () =>
    execPlan(
      own((config) => {
        config.process.execCPUAffinity = { initial: '0', final: '0-1' };
        config.process.noNewPrivileges = false;
      }),
      { seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } },
      { ...execRequest, seccomp: { ...seccomp, notify: true }, preserve: 2 },
      rootFacts,
    ),
};

/** Bytes as hexadecimal, the long same tail of a mask as how often it is repeated. */
function bytesText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('hex');
  return text.replace(/(..)\1{8,}$/, (tail, byte) => `${byte} × ${tail.length / 2}`);
}

function valueText(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  return value instanceof Uint8Array ? bytesText(value) : value;
}

/** One line an operation. */
function textOf({ operations, ...rest }: Plan): string {
  const head = JSON.stringify(rest, undefined, 2).slice(0, -2);
  const lines = operations.map(({ phase, kind, from, ...fields }) =>
    JSON.stringify({ phase, kind, from, ...fields }, valueText),
  );
  return `${head},\n  "operations": [\n    ${lines.join(',\n    ')}\n  ]\n}\n`;
}

if (update) mkdirSync(directory, { recursive: true });

for (const [name, plan] of Object.entries(rows)) {
  test(name, () => {
    const path = join(directory, `${name}.json`);
    const text = textOf(plan());
    JSON.parse(text);
    if (update) writeFileSync(path, text);
    assert.equal(text, readFileSync(path, 'utf8'), `${name}: UPDATE_GOLDEN=1 rewrites it, if that is meant`);
  });

  test(`${name}: the same input gives the same bytes`, () => {
    const encode = () => encodePlan(plan(), { trace: false }).slice();
    assert.deepEqual(encode(), encode());
  });
}

test('every file has its config', () => {
  const names = readdirSync(directory).map((name) => name.replace(/\.json$/, ''));
  assert.deepEqual(names.sort(), Object.keys(rows).sort());
});

test.run();
