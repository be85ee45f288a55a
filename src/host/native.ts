/**
 * The door to our own system calls: the shape of the N-API addon in csrc/addon. Thin, no policy: each function is one system
 * call or one short fixed sequence. Everything on the path of an engine's call goes through here, because `node:fs` costs
 * more to import than all of these cost to call.
 *
 * Every function throws `SystemError` on failure unless it says otherwise. Descriptors that are made here are close-on-exec.
 */

/** What the addon throws: an `Error` with these fields. */
export interface SystemError extends Error {
  /** Symbolic, `ENOENT`. */
  readonly code: string;
  /** Positive errno. */
  readonly errno: number;
  readonly syscall: string;
  readonly path?: string;
}

export function isSystemError(error: unknown): error is SystemError {
  return (
    error instanceof Error && typeof (error as { errno?: unknown }).errno === 'number' && 'syscall' in error
  );
}

/** True when `error` is a system error of one of these codes. */
export function hasErrno(error: unknown, ...codes: readonly string[]): boolean {
  return isSystemError(error) && codes.includes(error.code);
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
  /** The executable: its descriptor (execveat with AT_EMPTY_PATH), or its path, which a script needs. Nobody looks into PATH. */
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

export interface Native {
  // ---- files ----------------------------------------------------------------------------------------------------
  /** Whole file. Throws EFBIG, having read at most that much, when it is longer than `maximum` bytes. Works for /proc and cgroup files. */
  readFile(path: string, maximum: number): Uint8Array;
  /** Same, decoded as UTF-8 (invalid sequences become U+FFFD). */
  readText(path: string, maximum: number): string;
  /** open(O_WRONLY|O_CLOEXEC), one write of everything, close: for cgroup and proc files. Never creates. */
  writeFile(path: string, data: string | Uint8Array): void;
  /** open(O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW, mode), write all, optional fsync, close; unlinked again when the write fails. */
  createFile(path: string, data: string | Uint8Array, mode: number, sync: boolean): void;
  /** Names in a directory without `.` and `..`, unsorted. */
  readDirectory(path: string): string[];
  /**
   * rmdir(2) of a directory and of all below it, deepest first: names may be any bytes, and the depth any. What can be removed is;
   * throws the first failure.
   */
  removeTree(path: string): void;
  /**
   * Of a directory and each below it, whatever its name, what the first file says of those that are there and can be read (ENOENT,
   * ENODEV, EOPNOTSUPP: the next). Symbolic links are not followed.
   */
  readTree(
    path: string,
    names: readonly string[],
    maximum: number,
  ): { readonly name: string; readonly text: string }[];
  /** One write to the file of that name in a directory and each below it; where there is none nothing is written. */
  writeTree(path: string, name: string, data: string | Uint8Array): void;
  makeDirectory(path: string, mode: number): void;
  removeDirectory(path: string): void;
  unlink(path: string): void;
  rename(from: string, to: string): void;
  chmod(path: string, mode: number): void;
  chown(path: string, uid: number, gid: number): void;
  readLink(path: string): string;
  realPath(path: string): string;
  /** getcwd(3). */
  workingDirectory(): string;
  /** stat (follows) or lstat; undefined for ENOENT and ENOTDIR. */
  status(path: string, follow: boolean): FileStatus | undefined;
  /** statfs f_type of what is there, e.g. 0x63677270 (cgroup2), 0x27e0eb (cgroup), 0x9fa0 (proc), 0x01021994 (tmpfs). */
  fileSystemType(path: string): number;
  open(path: string, flags: number, mode: number): number;
  close(descriptor: number): void;
  /** It is open, and will be after execve: our caller passed it. What we open ourselves is close-on-exec. */
  isInherited(descriptor: number): boolean;
  write(descriptor: number, data: string | Uint8Array): void;
  read(descriptor: number, maximum: number): Uint8Array;
  /** flock(LOCK_EX): true when taken, false when `block` is false and another holds it. */
  lock(descriptor: number, block: boolean): boolean;
  /**
   * A sealed (no write, grow, shrink, seal; executable) memfd with the content of a file. Where vm.memfd_noexec=2 forbids that, the file
   * through a read-only mount of its own, for root; EACCES of memfd_create for others.
   */
  sealedCopy(path: string, name: string): number;
  /** A sealed memfd with these bytes. */
  sealedBytes(data: Uint8Array, name: string): number;
  /** An empty memfd for others to write to; it is read by opening /proc/self/fd/N. */
  scratchFile(name: string): number;
  // ---- processes ------------------------------------------------------------------------------------------------
  /** vfork + execveat with default signal dispositions and an empty mask. Throws when exec failed. Returns the pid. */
  spawn(options: SpawnOptions): number;
  /** Replaces this process: signals reset, descriptors mapped as in `spawn`. Returns only by throwing. */
  execute(options: SpawnOptions): never;
  wait(pid: number, noHang: boolean): ExitStatus | undefined;
  kill(pid: number, signal: number): void;
  pidfdOpen(pid: number): number;
  pidfdSend(pidfd: number, signal: number): void;
  /** poll(2) on one descriptor for input; milliseconds, -1 for ever. True when readable (for a pidfd: ended). */
  poll(descriptor: number, milliseconds: number): boolean;
  /** An eventfd(2) that starts at 0 and does not block: what cgroup v1 tells of events through. */
  eventDescriptor(): number;
  /** An inotify(7) descriptor, not blocking, that is readable when one of the files is changed or gone. */
  watchFiles(paths: readonly string[]): number;
  /** poll(2) on several descriptors for input; milliseconds, -1 for ever. Those that are readable (for a pidfd: ended) or broken. */
  pollMany(descriptors: readonly number[], milliseconds: number): number[];
  /**
   * The same without blocking: one thread watches for all such calls that are under way. The descriptors have to stay open
   * until then.
   */
  pollManyAsync(descriptors: readonly number[], milliseconds: number): Promise<number[]>;
  processId(): number;
  userId(): number;
  /** The capabilities that this process can hand on: its permitted set within its bounding set, as a mask (capget(2)). */
  permittedCapabilities(): bigint;
  groupId(): number;
  /** uname(2). */
  kernel(): { readonly release: string; readonly machine: string };
  umask(mask: number): number;
  /** Raises the soft limit of open files (RLIMIT_NOFILE) of this process to the hard one; what it starts gets the caller's back. Engines like Node have
   * raised it before we can look. */
  raiseOpenFiles(): void;
  // ---- sockets --------------------------------------------------------------------------------------------------
  /** A pair of connected AF_UNIX SOCK_SEQPACKET sockets. */
  socketPair(): [number, number];
  /** pipe(2): the end to read from, and the one to write to. */
  pipe(): [number, number];
  /** Bound, listening AF_UNIX SOCK_SEQPACKET socket. Any path length (goes through the directory's descriptor). Mode 0600. */
  listen(path: string): number;
  /** Connected AF_UNIX socket of the kind. ETIMEDOUT after ten seconds in which nobody accepts those who came before. */
  connect(path: string, kind: 'seqpacket' | 'stream'): number;
  /** The same at once: undefined where too many wait already to be accepted. */
  tryConnect(path: string, kind: 'seqpacket' | 'stream'): number | undefined;
  send(socket: number, data: Uint8Array, descriptors: readonly number[]): void;
  /** Blocks at most `milliseconds` (-1 for ever; ETIMEDOUT after that). Datagrams up to 64 KiB. */
  receive(socket: number, milliseconds: number): Packet;
  /**
   * A netlink(7) route socket in the network namespace of process `pid`, or in our own for 0. Requests are written to it and
   * answers read from it like a file's.
   */
  routeSocket(pid: number): number;
  // ---- terminals ------------------------------------------------------------------------------------------------
  isTerminal(descriptor: number): boolean;
  windowSize(descriptor: number): { readonly rows: number; readonly columns: number };
  /** Tells a terminal its size, in characters; whoever runs on it gets SIGWINCH when it is another. Given the master's or the other side. */
  setWindowSize(descriptor: number, rows: number, columns: number): void;
  // ---- rare -----------------------------------------------------------------------------------------------------
  /** bpf(2) BPF_PROG_LOAD of type CGROUP_DEVICE from 8-byte instructions; a descriptor. */
  loadDeviceProgram(instructions: Uint8Array): number;
  /** bpf(2) BPF_PROG_ATTACH to a cgroup directory's descriptor with BPF_F_ALLOW_MULTI, or replacing an attached one. */
  attachDeviceProgram(cgroup: number, program: number, replace: number): void;
  /** Descriptors of the device programs attached to a cgroup. */
  attachedDevicePrograms(cgroup: number): number[];
  /**
   * The running kernel knows these SECCOMP_FILTER_FLAG_* bits. Nothing is loaded: seccomp(2) says EFAULT for a program that is not there
   * when the flags have passed.
   */
  knowsFilterFlags(bits: number): boolean;
  detachDeviceProgram(cgroup: number, program: number): void;
  /** Blocks the whole process for some milliseconds and fractions of them. */
  sleep(milliseconds: number): void;
  /** CLOCK_MONOTONIC in nanoseconds, the clock that the stub stamps with. */
  monotonic(): bigint;
  /** 64 bits (FNV-1a over eight bytes at a time) that find files and show damage. Not cryptographic: equal hashes prove nothing. */
  hash(data: string | Uint8Array): bigint;
}
