/**
 * Configs that nobody thought of, made of parts that are each fine somewhere; harmless for the machine whatever they
 * do.
 */
import fc from 'fast-check';
import { defaultConfig } from '../../../src/bundle/default-config.ts';
import type { Config, Hook, Linux, Mount, NamespaceType, Process } from '../../../src/spec/config.ts';
import { resourceLimits } from '../../../src/spec/kernel-flags.ts';
import { mountOptionNames } from '../../../src/spec/mount-options.ts';

const base = defaultConfig();

/** Mostly from the first list, so that most configs get somewhere. */
const mostly = <T>(usual: readonly T[], odd: readonly T[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );

/**
 * Places in the root filesystem: there, missing, below a link and other mounts; a file, a loop, and where nothing may
 * be.
 */
const inside = mostly(
  ['/tmp', '/tmp/new/deep', '/var', 'relative', '/link/below', '/dev/shm', '/a//b/../c/', '/run/x', '/mnt'],
  ['/etc/passwd', '/bin/sh', '/loop', '/link', '/dev/null', '/proc/uptime', '/proc/self', '/sys', '/'],
);

/** What a bundle's own directory has: see `prepareBundle` of the test. */
const source = mostly(
  ['tree', 'tree', 'link', '/dev'],
  ['file', 'socket', 'fifo', 'missing', 'rootfs', '/dev/null', 'x'],
);

const attribute = fc.constantFrom(
  ...mountOptionNames().filter((name) => !/idmap|mand|bind|remount/.test(name)),
);
const options = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: attribute },
    { weight: 1, arbitrary: fc.constantFrom('size=64k', 'remount', 'idmap') },
  ),
  { maxLength: 3 },
);

const mount: fc.Arbitrary<Mount> = fc.oneof(
  fc
    .record({ destination: inside, source, options, how: mostly(['bind', 'rbind'], ['defaults']) })
    .map(({ how, ...made }) => ({ ...made, type: 'none', options: [how, ...made.options] })),
  fc.record({
    destination: inside,
    type: mostly(['tmpfs', 'tmpfs', 'proc', 'mqueue', 'devpts', 'ramfs'], ['sysfs', 'cgroup', 'nosuchfs']),
    source,
    options,
  }),
);

const hook: fc.Arbitrary<Hook> = fc.constantFrom<Hook>(
  { path: '/bin/true' },
  { path: '/bin/true' },
  { path: '/bin/false' },
  { path: '/bin/cat', args: ['cat'], env: ['A=b'] },
  { path: '/bin/sleep', args: ['sleep', '100'], timeout: 1 },
  { path: '/nowhere' },
);

const few = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { maxLength: 2 });

/** Mostly absent. */
const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const rlimit = fc
  .record({
    type: fc.constantFrom(...(Object.keys(resourceLimits) as (keyof typeof resourceLimits)[])),
    // What may be raised differs from machine to machine: small limits are taken everywhere.
    soft: fc.constantFrom(0, 1, 7, 64),
  })
  .map(({ type, soft }) => ({ type, soft, hard: soft }));

const process: fc.Arbitrary<Process> = fc.record({
  cwd: mostly(['/', '/tmp', '/bin'], ['/made/here', '/etc/passwd', '/link', '/proc/self/fd/7', '/loop']),
  args: mostly(
    [['true'], ['sleep', '1000'], ['sh', '-c', 'exit 3'], ['sleep', '0.1']],
    [['nosuch'], ['/etc/passwd']],
  ),
  env: fc.constantFrom(['PATH=/bin'], [], ['PATH=', 'HOME=/x']),
  user: fc.constantFrom(
    { uid: 0, gid: 0 },
    { uid: 0, gid: 0 },
    { uid: 1000, gid: 5, additionalGids: [7, 8], umask: 0 },
  ),
  noNewPrivileges: fc.boolean(),
  rlimits: fc.uniqueArray(rlimit, { maxLength: 1, selector: ({ type }) => type }),
  capabilities: fc.constantFrom(
    base.process?.capabilities ?? {},
    {},
    { bounding: ['CAP_CHOWN'], ambient: ['CAP_CHOWN'] },
  ),
  ...Object.fromEntries(
    Object.entries({
      oomScoreAdj: rarely(fc.constantFrom(0, 500, 1000)),
      scheduler: rarely(
        fc.constantFrom(
          { policy: 'SCHED_IDLE' },
          { policy: 'SCHED_BATCH', nice: 19 },
          { policy: 'SCHED_FIFO', priority: 1 },
          { policy: 'SCHED_DEADLINE', runtime: 1_000_000, deadline: 500_000_000, period: 500_000_000 },
        ),
      ),
      ioPriority: rarely(fc.constant({ class: 'IOPRIO_CLASS_IDLE', priority: 7 })),
    }),
  ),
}) as fc.Arbitrary<Process>;

const namespaces = fc.subarray<NamespaceType>(
  ['pid', 'network', 'mount', 'ipc', 'uts', 'cgroup', 'time', 'user'],
  { minLength: 4 },
);

const map = [{ containerID: 0, hostID: 300_000, size: 65_536 }];

const resources = fc.record({
  memory: rarely(fc.record({ limit: fc.constantFrom(4096, 1 << 20, 64 << 20) })),
  pids: rarely(fc.record({ limit: fc.constantFrom(0, 1, 2, 50) })),
  cpu: rarely(fc.record({ quota: fc.constantFrom(1000, 50_000), period: fc.constant(100_000) })),
});

const seccomp = fc.record({
  defaultAction: fc.constantFrom(
    'SCMP_ACT_ALLOW',
    'SCMP_ACT_ALLOW',
    'SCMP_ACT_ERRNO',
    'SCMP_ACT_KILL_PROCESS',
  ),
  syscalls: few(
    fc.record({
      names: fc.subarray(['execve', 'write', 'mkdir', 'exit_group', 'close', 'nosuchcall'], { minLength: 1 }),
      action: fc.constantFrom('SCMP_ACT_ERRNO', 'SCMP_ACT_KILL', 'SCMP_ACT_LOG', 'SCMP_ACT_TRAP'),
    }),
  ),
});

const linux = fc
  .record({
    types: namespaces,
    resources,
    seccomp: rarely(seccomp),
    sysctl: rarely(
      fc.constantFrom(
        { 'net.ipv4.ip_forward': '1' },
        { 'net.ipv4.ip_forward': 'x' },
        { 'kernel.msgmax': '4096' },
      ),
    ),
    rootfsPropagation: rarely(fc.constantFrom('private', 'slave', 'shared', 'unbindable')),
    personality: rarely(fc.constant({ domain: 'LINUX32' })),
    memoryPolicy: rarely(
      fc.constantFrom({ mode: 'MPOL_BIND', nodes: '0' }, { mode: 'MPOL_BIND', nodes: '1023' }),
    ),
    devices: rarely(
      fc.constantFrom(
        [{ path: '/dev/x', type: 'c', major: 1, minor: 5 }],
        [{ path: '/tmp/p', type: 'p' }],
        [{ path: '/etc/passwd', type: 'c', major: 1, minor: 3 }],
      ),
    ),
    maskedPaths: mostly(
      [[], ['/proc/kcore', '/sys/firmware', '/etc/passwd', '/missing']],
      [['/link'], ['/loop']],
    ),
    readonlyPaths: fc.constantFrom([], ['/proc/sys', '/tmp', '/missing']),
    netDevice: fc.boolean(),
  })
  .map(({ types, netDevice, ...rest }) => {
    const has = (type: NamespaceType) => types.includes(type);
    return {
      ...rest,
      namespaces: types.map((type) => ({ type })),
      ...(has('user') && { uidMappings: map, gidMappings: map }),
      ...(has('time') && { timeOffsets: { boottime: { secs: 1000 } } }),
      // What could not be protected without a mount namespace is refused: elsewhere that is tried enough.
      ...(!has('mount') && { maskedPaths: [], readonlyPaths: [], rootfsPropagation: undefined }),
      ...(netDevice && has('network') && { netDevices: { DEVICE: { name: 'moved0' } } }),
    };
  });

/**
 * `DEVICE` among its network devices stands for one that the test makes. Undefined properties are left out as JSON.
 */
export const anyConfig: fc.Arbitrary<Config> = fc
  .record({
    process,
    mounts: few(mount),
    linux,
    readonly: fc.boolean(),
    usual: fc.boolean(),
    hooks: rarely(
      fc.record({
        prestart: few(hook),
        createRuntime: few(hook),
        createContainer: few(hook),
        startContainer: few(hook),
        poststart: few(hook),
        poststop: few(hook),
      }),
    ),
  })
  .map(({ process: program, mounts, linux: own, readonly, usual, hooks }) => {
    const types = own.namespaces.map(({ type }) => type);
    return {
      ociVersion: base.ociVersion,
      root: { path: 'rootfs', readonly: readonly && types.includes('mount') },
      process: program,
      mounts: [...(usual ? (base.mounts ?? []) : []), ...mounts],
      ...(types.includes('uts') && { hostname: 'fuzzed' }),
      hooks,
      linux: own as unknown as Linux,
    } as Config;
  });
