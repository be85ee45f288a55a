import type { Config, IdMapping, Linux, Mount, Namespace, Process } from '../spec/config.ts';
import { OCI_VERSION } from '../spec/oci-version.ts';

/** What a root shell in a container can do with these: write the audit log, signal, and bind low ports. */
const CAPABILITIES = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'];

const PROCESS: Process = {
  terminal: true,
  user: { uid: 0, gid: 0 },
  args: ['sh'],
  env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm'],
  cwd: '/',
  capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
  rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
  noNewPrivileges: true,
};

/** config-linux.md, "Default Filesystems", and what programs expect beside them. */
const MOUNTS: readonly Mount[] = [
  { destination: '/proc', type: 'proc', source: 'proc' },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  {
    destination: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
  },
  { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
  {
    destination: '/sys/fs/cgroup',
    type: 'cgroup',
    source: 'cgroup',
    options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
  },
];

const NAMESPACES: readonly Namespace[] = [
  { type: 'pid' },
  { type: 'network' },
  { type: 'ipc' },
  { type: 'uts' },
  { type: 'mount' },
  { type: 'cgroup' },
];

/** Parts of procfs and sysfs that tell about, or reach, the host and are no namespace's. */
const MASKED = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

const LINUX: Linux = {
  resources: { devices: [{ allow: false, access: 'rwm' }] },
  namespaces: NAMESPACES,
  maskedPaths: MASKED,
  readonlyPaths: READ_ONLY,
};

/** The tables above are shared by all who ask; what they get is theirs to change. Holds what JSON holds. */
function copy(config: Config): Config {
  return JSON.parse(JSON.stringify(config)) as Config;
}

/** The same for scripts and for the background. What a terminal takes, and nothing else, is left out. */
export function withoutTerminal(config: Config): Config {
  return config.process === undefined
    ? config
    : { ...config, process: { ...config.process, terminal: false } };
}

/** The config that `tsoci spec` writes: a shell on a terminal in `rootfs`, in new namespaces, with few privileges. */
export function defaultConfig(): Config {
  return copy({
    ociVersion: OCI_VERSION,
    process: PROCESS,
    root: { path: 'rootfs', readonly: true },
    hostname: 'tsoci',
    mounts: MOUNTS,
    linux: LINUX,
  });
}

/**
 * The same for an ordinary user (`tsoci spec --rootless`): a user namespace in which they are root, and nothing that
 * needs more than their own id.
 *
 * - The host's network stays: an ordinary user cannot connect a new one to anything, and sysfs can be mounted in a
 * new one
 *   only. So /sys is the host's, bound and read-only down to its last mount (`rro`: the host's /sys/fs/cgroup is
 *   below it).
 * - Group 5 of /dev/pts does not exist in a map of one id.
 * - Limits need a cgroup that the user may write.
 *
 * @param uid - The caller's user id on the host.
 * @param gid - The caller's group id on the host.
 */
export function rootlessConfig(uid: number, gid: number): Config {
  const config = defaultConfig();
  const { resources: _resources, namespaces = [], ...linux } = config.linux ?? {};
  const one = (hostID: number): readonly IdMapping[] => [{ containerID: 0, hostID, size: 1 }];
  return {
    ...config,
    mounts: (config.mounts ?? []).flatMap(rootlessMount),
    linux: {
      uidMappings: one(uid),
      gidMappings: one(gid),
      namespaces: [...namespaces.filter(({ type }) => type !== 'network'), { type: 'user' }],
      ...linux,
    },
  };
}

function rootlessMount(mount: Mount): readonly Mount[] {
  if (mount.destination === '/sys') {
    const options = ['rbind', 'nosuid', 'noexec', 'nodev', 'rro'];
    return [{ destination: '/sys', type: 'none', source: '/sys', options }];
  }
  if (mount.destination.startsWith('/sys/')) return [];
  if (mount.options === undefined) return [mount];
  return [{ ...mount, options: mount.options.filter((option) => !option.startsWith('gid=')) }];
}
