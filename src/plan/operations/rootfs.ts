/**
 * The root filesystem. Where there is a `directory` it is the one that the path names something in, already open, and
 * only the last component is looked up; otherwise the whole path is, in `root`.
 */
import { behindFilter, type OperationRow } from './row.ts';

export const rootfsOperations = {
  propagation: {
    does: 'set the propagation of all mounts of the namespace',
    fields: { type: 'u32 as propagation', recursive: 'bool' },
  },
  'mount-root': {
    does: 'attach the root filesystem to itself',
    subject: 'path',
    fields: {
      tree: 'slot',
      /** What the runtime opened: it has to be this directory. */
      directory: 'slot',
      path: 'string',
      privateParent: 'bool',
    },
  },
  mount: {
    does: 'make a filesystem and attach it',
    subject: 'target',
    hints: { ENODEV: 'The kernel does not know this filesystem type (see /proc/filesystems)' },
    fields: {
      root: 'slot as understood',
      directory: 'slot',
      target: 'string',
      /** A link there is not followed. */
      noFollow: 'bool',
      type: 'string',
      source: 'string',
      /** `key=value` or `flag`, handed to the filesystem one by one. */
      options: 'strings',
      /** MOUNT_ATTR_* to set on the new mount. */
      attributes: 'u32 as attributes',
      /** MS_PRIVATE and so on, or 0. */
      propagation: 'u32 as propagation',
      propagationRecursive: 'bool',
      /** Fill the new tmpfs with what the target directory had (tmpcopyup). */
      copyUp: 'bool',
      /** The new tmpfs gets the permissions of the directory that it covers, if there was one. */
      keepMode: 'bool',
      /**
       * Where the kernel does not let us make the filesystem, this mount of the host takes its place; empty: none
       * may.
       */
      instead: 'string',
      /** What has to be mounted there (statfs(2), f_type). */
      insteadType: 'u32 as filesystem',
      /** The mount stays open here. */
      handle: 'fills',
    },
  },
  bind: {
    does: 'attach a cloned mount tree',
    subject: 'target',
    fields: {
      root: 'slot as understood',
      directory: 'slot',
      target: 'string',
      /** A link there is what is mounted on. */
      noFollow: 'bool',
      tree: 'slot',
      set: 'u32 as attributes',
      clear: 'u32 as attributes',
      setRecursive: 'u32 as attributes',
      clearRecursive: 'u32 as attributes',
      propagation: 'u32 as propagation',
      propagationRecursive: 'bool',
    },
  },
  remount: {
    does: 'change the attributes of an existing mount',
    subject: 'target',
    fields: {
      /** The mount itself; otherwise what is mounted on `target` in `root`. */
      mount: 'slot',
      root: 'slot as understood',
      target: 'string',
      set: 'u32 as attributes',
      clear: 'u32 as attributes',
      recursive: 'bool',
      options: 'strings',
      propagation: 'u32 as propagation',
      propagationRecursive: 'bool',
    },
  },
  'make-directory': {
    does: 'make a directory and its parents where missing',
    subject: 'path',
    fields: { root: 'slot as understood', path: 'string', mode: 'u32 as octal', uid: 'u32', gid: 'u32' },
  },
  'open-directory': {
    does: 'open a directory inside the root, made where missing',
    subject: 'path',
    fields: { slot: 'fills', root: 'slot as understood', path: 'string' },
  },
  symlink: {
    does: 'make a symbolic link',
    subject: 'target',
    fields: {
      root: 'slot as understood',
      directory: 'slot',
      path: 'string',
      target: 'string',
      /** What is there already has to be this very link. */
      exact: 'bool',
    },
  },
  device: {
    does: 'make a device node',
    subject: 'path',
    fields: {
      root: 'slot as understood',
      directory: 'slot',
      path: 'string',
      /** S_IFCHR, S_IFBLK or S_IFIFO with the permission bits. */
      mode: 'u32 as octal',
      major: 'u32',
      minor: 'u32',
      uid: 'u32',
      gid: 'u32',
      /** There must be nothing in its place yet. */
      fresh: 'bool',
    },
  },
  'remove-device': {
    does: 'remove a device node',
    subject: 'path',
    fields: {
      root: 'slot as understood',
      path: 'string',
      /** S_IFCHR, S_IFBLK or S_IFIFO. Anything else in its place is not ours, and stays. */
      type: 'u32 as octal',
      major: 'u32',
      minor: 'u32',
    },
  },
  console: {
    does: 'open a new terminal, hand its master over, make it the standard streams',
    fields: {
      root: 'slot as understood',
      socket: 'slot',
      rows: 'u32 as count',
      columns: 'u32 as count',
      /** Its owner; the group is what the devpts gives it (`gid=`). */
      uid: 'u32',
      /** Bind the terminal over /dev/console. */
      bind: 'bool',
    },
  },
  hook: {
    does: 'run a hook inside the container',
    subject: 'path',
    fails: 'hook',
    hints: { EPERM: behindFilter, ENOSYS: behindFilter },
    fields: {
      path: 'string',
      args: 'strings',
      environment: 'strings',
      /** `hookAdds`: what it gets beside its own environment. */
      adds: 'u32',
      /** The directory that it starts in, or NO_SLOT for the present one. */
      root: 'slot as understood',
      timeout: 'u32',
      /** Bytes of its standard output that the runtime is told; 0: their beginning is kept for its failure. */
      output: 'u32 as count',
      /** The same of standard error. */
      errors: 'u32 as count',
      /** Standard error has a pipe of its own; otherwise both have the one of standard output. */
      apart: 'bool',
    },
  },
  pivot: {
    does: 'make the root filesystem the root',
    fields: {
      root: 'slot as understood',
      mode: 'u32 as pivot',
      /** Mounts of the old root that must not be there any more where it stays below (mode 1). */
      hidden: 'strings',
    },
  },
  'enter-root': { does: 'enter the root directory behind a handle', fields: { slot: 'slot' } },
  'root-propagation': {
    does: 'set the propagation of the root mount',
    fields: { type: 'u32 as propagation', recursive: 'bool' },
  },
  'root-readonly': { does: 'make the root mount read-only', fields: {} },
} as const satisfies Record<string, OperationRow>;
