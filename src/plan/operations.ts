/**
 * The vocabulary of a plan, written once. From this table come: the TypeScript type of every operation, the encoder, the C
 * header and decoder of the stub (scripts/generate-wire.ts), the fingerprint that both sides compare, and `tsoci plan`.
 *
 * A slot is a small number that names a descriptor inside the stub: an operation `fills` it, later ones read it, and with its last reader
 * it is closed (slot-life.ts). The first slots of a plan are the descriptors that the stub inherits. `NO_SLOT` means none.
 */
import type { Phase } from './phases.ts';

export { type Phase, phases, type Question, questions } from './phases.ts';

export const NO_SLOT = 0xffff_ffff;

/**
 * How a field travels. All integers little-endian; `string` NUL-terminated with its length before it; `strings` a count and
 * then strings; `words` a count and then u32s; `bytes` a length and then bytes, aligned to 8. A `slot` is read, and closed after the
 * operation where its highest bit says so; `fills` is a slot that the operation opens. Either may be `NO_SLOT`.
 */
export type FieldType = 'u32' | 'i32' | 'u64' | 'string' | 'strings' | 'words' | 'bytes' | 'slot' | 'fills';

interface FieldValues {
  u32: number;
  i32: number;
  u64: bigint;
  string: string;
  strings: readonly string[];
  words: readonly number[];
  bytes: Uint8Array;
  slot: number;
  fills: number;
}

/** One row: what the operation does, in a few words, and its fields in wire order. */
export interface OperationRow {
  readonly does: string;
  readonly fields: Readonly<Record<string, FieldType>>;
}

export const operations = {
  // ---- descriptors and other things that may have to be opened with the caller's privileges ---------------------
  'open-proc': {
    does: 'open a private, detached procfs',
    fields: {
      slot: 'fills',
      /** It has processes only, no kernel parameters. */
      processes: 'u32',
    },
  },
  'open-path': {
    does: 'open a directory or file of the host as a handle',
    fields: { slot: 'fills', path: 'string' },
  },
  'open-cgroup': {
    does: 'open a cgroup to clone a process into',
    fields: {
      slot: 'fills',
      path: 'string',
      /** As a mount of its own, read-only, from which no way leads up. */
      detached: 'u32',
    },
  },
  'open-tasks': {
    does: 'open the tasks or cgroup.procs of a cgroup, to enter it later',
    fields: { slot: 'fills', path: 'string' },
  },
  'open-device': {
    does: 'open a device of the host and check its number',
    fields: {
      slot: 'fills',
      path: 'string',
      /** S_IFCHR or S_IFBLK. */
      type: 'u32',
      major: 'u32',
      minor: 'u32',
    },
  },
  'open-tree': {
    does: 'clone a mount tree of the host, detached',
    fields: { slot: 'fills', path: 'string', recursive: 'u32' },
  },
  'make-user-namespace': {
    does: 'make a user namespace with these id maps, to map mounts by',
    fields: { slot: 'fills', proc: 'slot', uidMap: 'string', gidMap: 'string' },
  },
  'open-namespace': {
    does: 'open a namespace of the host as a handle',
    fields: { slot: 'fills', path: 'string' },
  },
  'map-tree': {
    does: 'map the ids of a cloned mount tree',
    fields: { tree: 'slot', namespace: 'slot', recursive: 'u32' },
  },
  'empty-tmpfs': {
    does: 'make one empty read-only tmpfs for masks',
    fields: { slot: 'fills', options: 'strings' },
  },
  'close-slot': { does: 'close a handle that nothing reads', fields: { slot: 'slot' } },
  // ---- namespaces, cgroups, processes ---------------------------------------------------------------------------
  'join-namespace': {
    does: 'join the namespace behind a path',
    fields: { type: 'u32', path: 'string' },
  },
  'join-slot': {
    does: 'join namespaces behind a handle (nsfs file or pidfd)',
    fields: { slot: 'slot', flags: 'u32' },
  },
  'join-cgroup': {
    does: 'enter a cgroup by writing 0 to its tasks or cgroup.procs',
    fields: { path: 'string' },
  },
  'join-tasks': {
    does: 'enter a cgroup by writing 0 to its handle',
    fields: {
      slot: 'slot',
      /** What the handle leads to, for people. */
      path: 'string',
    },
  },
  dumpable: { does: "set the process's dumpable flag", fields: { value: 'u32' } },
  clone: {
    does: 'create the container process in new namespaces',
    fields: { flags: 'u64', cgroup: 'slot' },
  },
  unshare: { does: 'move into new namespaces', fields: { flags: 'u32' } },
  'time-offsets': {
    does: 'create a time namespace with offsets and enter it',
    fields: { proc: 'slot', offsets: 'string' },
  },
  await: { does: 'wait for the parent', fields: { question: 'u32' } },
  become: {
    does: 'become this user and group of the user namespace',
    fields: { uid: 'u32', gid: 'u32', groups: 'u32' },
  },
  'new-session': { does: 'start a new session', fields: {} },
  hostname: { does: 'set the hostname', fields: { name: 'string' } },
  domainname: { does: 'set the NIS domain name', fields: { name: 'string' } },
  'loopback-up': { does: 'bring the loopback interface up', fields: {} },
  // ---- the root filesystem --------------------------------------------------------------------------------------
  propagation: {
    does: 'set the propagation of all mounts of the namespace',
    fields: { type: 'u32', recursive: 'u32' },
  },
  'mount-root': {
    does: 'attach the root filesystem to itself',
    fields: {
      tree: 'slot',
      /** What the runtime opened: it has to be this directory. */
      directory: 'slot',
      path: 'string',
      privateParent: 'u32',
    },
  },
  mount: {
    does: 'make a filesystem and attach it',
    fields: {
      root: 'slot',
      target: 'string',
      type: 'string',
      source: 'string',
      /** `key=value` or `flag`, handed to the filesystem one by one. */
      options: 'strings',
      /** MOUNT_ATTR_* to set on the new mount. */
      attributes: 'u32',
      /** MS_PRIVATE and so on, or 0. */
      propagation: 'u32',
      propagationRecursive: 'u32',
      /** Fill the new tmpfs with what the target directory had (tmpcopyup). */
      copyUp: 'u32',
      /** The new tmpfs gets the permissions of the directory that it covers, if there was one. */
      keepMode: 'u32',
      /** Where the kernel does not let us make the filesystem, this mount of the host takes its place; empty: none may. */
      instead: 'string',
      /** What has to be mounted there (statfs(2), f_type). */
      insteadType: 'u32',
      /** The mount stays open here. */
      handle: 'fills',
    },
  },
  bind: {
    does: 'attach a cloned mount tree',
    fields: {
      root: 'slot',
      target: 'string',
      tree: 'slot',
      set: 'u32',
      clear: 'u32',
      setRecursive: 'u32',
      clearRecursive: 'u32',
      propagation: 'u32',
      propagationRecursive: 'u32',
    },
  },
  remount: {
    does: 'change the attributes of an existing mount',
    fields: {
      /** The mount itself; otherwise what is mounted on `target` in `root`. */
      mount: 'slot',
      root: 'slot',
      target: 'string',
      set: 'u32',
      clear: 'u32',
      recursive: 'u32',
      options: 'strings',
      propagation: 'u32',
      propagationRecursive: 'u32',
    },
  },
  'make-directory': {
    does: 'make a directory and its parents where missing',
    fields: { root: 'slot', path: 'string', mode: 'u32', uid: 'u32', gid: 'u32' },
  },
  symlink: { does: 'make a symbolic link', fields: { root: 'slot', path: 'string', target: 'string' } },
  device: {
    does: 'make a device node',
    fields: {
      root: 'slot',
      path: 'string',
      /** S_IFCHR, S_IFBLK or S_IFIFO with the permission bits. */
      mode: 'u32',
      major: 'u32',
      minor: 'u32',
      uid: 'u32',
      gid: 'u32',
    },
  },
  console: {
    does: 'open a new terminal, hand its master over, make it the standard streams',
    fields: {
      root: 'slot',
      socket: 'slot',
      rows: 'u32',
      columns: 'u32',
      /** Its owner; the group is what the devpts gives it (`gid=`). */
      uid: 'u32',
      /** Bind the terminal over /dev/console. */
      bind: 'u32',
    },
  },
  hook: {
    does: 'run a hook inside the container',
    fields: {
      path: 'string',
      args: 'strings',
      environment: 'strings',
      /** `hookAdds`: what it gets beside its own environment. */
      adds: 'u32',
      /** The directory that it starts in, or NO_SLOT for the present one. */
      root: 'slot',
      timeout: 'u32',
    },
  },
  pivot: {
    does: 'make the root filesystem the root',
    fields: {
      root: 'slot',
      mode: 'u32',
      /** Mounts of the old root that must not be there any more where it stays below (mode 1). */
      hidden: 'strings',
    },
  },
  'enter-root': { does: 'enter the root directory behind a handle', fields: { slot: 'slot' } },
  'root-propagation': {
    does: 'set the propagation of the root mount',
    fields: { type: 'u32', recursive: 'u32' },
  },
  'root-readonly': { does: 'make the root mount read-only', fields: {} },
  // ---- confinement ----------------------------------------------------------------------------------------------
  sysctl: { does: 'set a kernel parameter', fields: { proc: 'slot', path: 'string', value: 'string' } },
  mask: {
    does: 'hide a path',
    fields: {
      path: 'string',
      null: 'slot',
      empty: 'slot',
      /** The mount in which it lies, and its path from there. */
      mount: 'slot',
      inside: 'string',
    },
  },
  'readonly-path': {
    does: 'make a path read-only',
    fields: { path: 'string', mount: 'slot', inside: 'string' },
  },
  keyring: { does: 'join a new session keyring', fields: { name: 'string' } },
  'oom-score': { does: 'set oom_score_adj', fields: { proc: 'slot', value: 'i32' } },
  rlimit: { does: 'set a resource limit', fields: { resource: 'u32', soft: 'u64', hard: 'u64' } },
  affinity: { does: 'set the CPU affinity', fields: { mask: 'bytes' } },
  scheduler: {
    does: 'set the scheduling policy',
    fields: {
      policy: 'u32',
      flags: 'u64',
      nice: 'i32',
      priority: 'u32',
      runtime: 'u64',
      deadline: 'u64',
      period: 'u64',
    },
  },
  'io-priority': { does: 'set the I/O priority', fields: { value: 'u32' } },
  'memory-policy': { does: 'set the NUMA memory policy', fields: { mode: 'u32', nodes: 'bytes' } },
  personality: { does: 'set the execution domain', fields: { persona: 'u32' } },
  label: {
    does: 'set the security label for the next exec, and read it back',
    fields: { proc: 'slot', attribute: 'string', value: 'string' },
  },
  // ---- identity -------------------------------------------------------------------------------------------------
  streams: {
    does: "give the caller's standard streams to the user of the process",
    fields: {
      uid: 'u32',
      /** Of whom they may be taken beside the caller: root of the user namespace, as this process sees it. */
      root: 'u32',
    },
  },
  umask: { does: 'set the file mode creation mask', fields: { mask: 'u32' } },
  'bounding-set': { does: 'drop capabilities from the bounding set', fields: { keep: 'u64' } },
  user: {
    does: 'become the user of the process',
    fields: { uid: 'u32', gid: 'u32', groups: 'words', setGroups: 'u32' },
  },
  capabilities: {
    does: 'set the capabilities',
    fields: { effective: 'u64', permitted: 'u64', inheritable: 'u64', ambient: 'u64' },
  },
  'working-directory': {
    does: 'enter the working directory',
    fields: {
      path: 'string',
      /** 1: a refusal (EACCES) is left to the next such operation, which runs only then. */
      attempt: 'u32',
    },
  },
  'home-directory': { does: 'find HOME in /etc/passwd', fields: { uid: 'u32' } },
  'find-executable': { does: 'find the program', fields: { name: 'string', path: 'string' } },
  // ---- hand-over ------------------------------------------------------------------------------------------------
  ready: { does: 'report ready and wait until the parent has recorded it', fields: {} },
  'await-start': { does: 'wait for start', fields: { socket: 'slot' } },
  'no-new-privileges': { does: 'never gain privileges by execve', fields: {} },
  seccomp: {
    does: 'load the system call filter',
    fields: { flags: 'u32', filter: 'bytes', listener: 'slot' },
  },
  execute: {
    does: 'execute the program',
    fields: {
      args: 'strings',
      environment: 'strings',
      /** How many descriptors above stdio the program keeps, from 3 on. */
      preserve: 'u32',
    },
  },
} as const satisfies Record<string, OperationRow>;

export type OperationKind = keyof typeof operations;

type Row<K extends OperationKind> = (typeof operations)[K]['fields'];

/** The fields of one kind of operation, typed from its row. */
export type OperationFields<K extends OperationKind> = {
  readonly [F in keyof Row<K>]: Row<K>[F] extends FieldType ? FieldValues[Row<K>[F]] : never;
};

/** One operation of a plan. */
export type Operation<K extends OperationKind = OperationKind> = {
  [Kind in K]: {
    readonly kind: Kind;
    readonly phase: Phase;
    /** JSON pointer into config.json of what asked for it; empty when the specification itself does. */
    readonly from: string;
    /** Slots whose last reader this is: they are closed with it. */
    readonly ends?: readonly number[];
  } & OperationFields<Kind>;
}[K];

/** Kinds in the order of their numbers on the wire. */
export const operationKinds = Object.keys(operations) as readonly OperationKind[];
