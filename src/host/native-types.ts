/** What functions of the native door take and give. */

/** What the addon throws: an `Error` with these fields. */
export interface SystemError extends Error {
  /** Symbolic, `ENOENT`. */
  readonly code: string;
  /** Positive errno. */
  readonly errno: number;
  readonly syscall: string;
  readonly path?: string;
}

export interface FileStatus {
  /** `st_mode`, type bits included. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly major: number;
  readonly minor: number;
  readonly dev: number;
  readonly ino: number;
}

export interface SpawnOptions {
  /**
   * The executable: its descriptor (execveat with AT_EMPTY_PATH), or its path, which a script needs. Nobody looks
   * into PATH.
   */
  readonly file: number | string;
  readonly argv: readonly string[];
  /** `KEY=value` lines; the child sees nothing else. */
  readonly environment: readonly string[];
  /** The child's descriptor i is our descriptor `descriptors[i]`; everything else is closed in the child. */
  readonly descriptors: readonly number[];
  /** Where the child starts; the caller's own working directory unless given. */
  readonly directory?: string;
  /** Start a new session in the child. */
  readonly newSession?: boolean;
  /** SIGINT and SIGTERM wait until it asks for them: nothing of either is lost before it can. */
  readonly holdsSignals?: boolean;
}

/** One datagram of a SOCK_SEQPACKET socket; `data` of length 0 means that the peer closed. */
export interface Packet {
  readonly data: Uint8Array;
  /** Descriptors that came along (SCM_RIGHTS), close-on-exec. */
  readonly descriptors: readonly number[];
}

/** How a child ended. `undefined` from `wait` with `noHang` while it still runs. */
export interface ExitStatus {
  /** Exit code, or undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: number | undefined;
}

/** What became of a copy. */
export interface CopyReport {
  /** Bytes. */
  readonly copied: number;
  readonly dropped: number;
  /** The destination's first failure. */
  readonly error?: SystemError;
}

/** One mount, for the mount interface of Linux 5.2. */
export interface MountRequest {
  /** A directory, and a path in it, whose symbolic links do not lead out of it. */
  readonly root: string;
  readonly target: string;
  readonly type: string;
  readonly source: string;
  /**
   * 1 a copy of what is mounted at `source`; 2 with all below it; 4 `source` is a file, for a loop device; 8 `layers`
   * are given one by one (Linux 6.5).
   */
  readonly flags: number;
  /** MOUNT_ATTR_* */
  readonly set: number;
  /** Of a copy alone. */
  readonly clear: number;
  /** MS_PRIVATE and others; 0 for the one that comes about. */
  readonly propagation: number;
  /** For the filesystem: `key` or `key=value`. */
  readonly parameters: readonly string[];
  /** An overlay's lower directories, topmost first. */
  readonly layers: readonly string[];
  /**
   * What `uid_map` and `gid_map` of a user namespace take (user_namespaces(7)), for a mount, or the layers of an
   * overlay, with mapped ids; or empty.
   */
  readonly uidMap: string;
  readonly gidMap: string;
}
