/**
 * Numbers of the kernel's interface that plans carry, from the UAPI headers (clone(2), mount_setattr(2), mount(2),
 * open(2)).
 */

/** clone(2) flags by the config's namespace type. */
export const namespaceFlags = {
  mount: 0x0002_0000,
  cgroup: 0x0200_0000,
  uts: 0x0400_0000,
  ipc: 0x0800_0000,
  user: 0x1000_0000,
  pid: 0x2000_0000,
  network: 0x4000_0000,
  time: 0x0000_0080,
} as const;

/** MOUNT_ATTR_* of mount_setattr(2) and fsmount(2). */
export const mountAttribute = {
  rdonly: 0x01,
  nosuid: 0x02,
  nodev: 0x04,
  noexec: 0x08,
  atimeMask: 0x70,
  relatime: 0x00,
  noatime: 0x10,
  strictatime: 0x20,
  nodiratime: 0x80,
  nosymfollow: 0x20_0000,
} as const;

/** Propagation types of mount(2). */
export const propagationType = {
  unbindable: 1 << 17,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
} as const;

/**
 * As many CPUs and memory nodes as a kernel can be built for (CONFIG_NR_CPUS ends at 8192, CONFIG_NODES_SHIFT at 10).
 * Of a longer mask than its own it takes what it has.
 */
export const maximumCpus = 8192;
export const maximumNodes = 1024;

/** What statfs(2) says of a filesystem's type. */
export const filesystemTypes = {
  sysfs: 0x62656572,
  mqueue: 0x19800202,
  proc: 0x9fa0,
  cgroup: 0x27e0eb,
  cgroup2: 0x63677270,
} as const;

/** RLIMIT_* numbers of getrlimit(2) on every architecture but alpha, mips and sparc. */
export const resourceLimits = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
} as const;
