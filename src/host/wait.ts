import type { ExitStatus, Native, Packet, SystemError } from './native.ts';

/**
 * All waiting that anybody does: a port, of which an entry chooses the implementation once. The command blocks its
 * process, which has nothing else to do; a library's host goes on with its other work.
 */
export interface Wait {
  /** Waits until a child of ours has ended, and reaps it. Throws `SystemError` ECHILD for any other process. */
  child(pid: number): Promise<ExitStatus>;
  /**
   * Those of the descriptors that are readable (for a pidfd: ended) or broken. They have to stay open until then.
   * @param milliseconds -1 forever; after that the answer is empty
   */
  readable(descriptors: readonly number[], milliseconds: number): Promise<number[]>;
  /** See `Native.connect`: somebody who does not accept is waited for, ten seconds at most. Throws `SystemError`. */
  connect(path: string, kind: 'seqpacket' | 'stream'): Promise<number>;
  /** The next datagram of a socket, see `Native.receive`. Throws `SystemError` ETIMEDOUT. */
  packet(socket: number, milliseconds: number): Promise<Packet>;
  /**
   * Takes flock(LOCK_EX) of a descriptor, however long somebody holds it. Those that wait in this process get it one
   * after another, in the order in which they came.
   * @param name the same for all descriptors of one file
   * @returns lets the next one of this process go on; to be called after the descriptor was closed
   */
  lock(descriptor: number, name: string): Promise<() => void>;
  /**
   * open(2) of what somebody chose, which may take as long as nobody reads a fifo, or a disk hangs. Throws
   * `SystemError`.
   */
  open(path: string, flags: number, mode: number): Promise<number>;
  /** Lets some milliseconds pass. */
  pause(milliseconds: number): Promise<void>;
}

/** What waiting in this process's only thread takes of the machine. */
type BlockingNative = Pick<Native, 'wait' | 'pollMany' | 'connect' | 'receive' | 'lock' | 'open' | 'sleep'>;

/** For the command: each wait is one system call that blocks. */
export function blockingWait(native: BlockingNative): Wait {
  return {
    child: async (pid) => native.wait(pid, false) as ExitStatus,
    readable: async (descriptors, milliseconds) => native.pollMany(descriptors, milliseconds),
    connect: async (path, kind) => native.connect(path, kind),
    packet: async (socket, milliseconds) => native.receive(socket, milliseconds),
    async lock(descriptor) {
      native.lock(descriptor, true);
      return () => undefined;
    },
    open: async (path, flags, mode) => native.open(path, flags, mode),
    pause: async (milliseconds) => native.sleep(milliseconds),
  };
}

/** What waiting beside other work takes of the machine. */
type WatchingNative = Pick<
  Native,
  'wait' | 'pidfdOpen' | 'close' | 'pollManyAsync' | 'tryConnect' | 'receive' | 'lock' | 'openAsync'
>;

/**
 * Milliseconds between two looks at what cannot be polled for, such as another process's lock: first, and at most.
 */
const firstLook = 1;
const laterLook = 25;
/** As long as the addon's own. */
const connectPatience = 10_000;

/** What the addon would throw. */
function timeOut(syscall: string, path: string): SystemError {
  const message = `ETIMEDOUT: connection timed out, ${syscall} '${path}'`;
  return Object.assign(new Error(message), { code: 'ETIMEDOUT', errno: 110, syscall, path });
}

/**
 * For an event loop: whatever is waited for is a descriptor, and one thread watches them all (csrc/addon/watch.c).
 * Only open(2), for which there is no descriptor yet, has a thread of its own.
 */
export function watchingWait(native: WatchingNative): Wait {
  const readable = (descriptors: readonly number[], milliseconds: number): Promise<number[]> =>
    native.pollManyAsync(descriptors, Math.ceil(milliseconds));
  const queue = new Queue();
  const pause = async (milliseconds: number): Promise<void> => void (await readable([], milliseconds));
  return {
    readable,
    open: (path, flags, mode) => native.openAsync(path, flags, mode),
    pause,
    async child(pid) {
      // Asked first: anybody's process can be watched, and only a child be reaped.
      const ended = native.wait(pid, true);
      if (ended !== undefined) return ended;
      const pidfd = native.pidfdOpen(pid);
      try {
        await readable([pidfd], -1);
        return native.wait(pid, false) as ExitStatus;
      } finally {
        native.close(pidfd);
      }
    },
    async connect(path, kind) {
      let waited = 0;
      for (let look = firstLook; waited < connectPatience; look = Math.min(look * 2, laterLook)) {
        const socket = native.tryConnect(path, kind);
        if (socket !== undefined) return socket;
        await pause(look);
        waited += look;
      }
      throw timeOut('connect', path);
    },
    async packet(socket, milliseconds) {
      await readable([socket], milliseconds);
      // Readable or not: asked without waiting, it answers, or throws ETIMEDOUT.
      return native.receive(socket, 0);
    },
    async lock(descriptor, name) {
      const letGo = await queue.enter(name);
      try {
        for (let look = firstLook; !native.lock(descriptor, false); look = Math.min(look * 2, laterLook))
          await pause(look);
        return letGo;
      } catch (error) {
        letGo();
        throw error;
      }
    },
  };
}

/** Lets those who come under one name in one at a time. */
class Queue {
  readonly #last = new Map<string, Promise<void>>();

  /** Waits for all who came before; what is returned lets the next one in. */
  async enter(name: string): Promise<() => void> {
    const before = this.#last.get(name);
    let leave = (): void => undefined;
    const gone = new Promise<void>((resolve) => {
      leave = resolve;
    });
    this.#last.set(name, gone);
    await before;
    return () => {
      if (this.#last.get(name) === gone) this.#last.delete(name);
      leave();
    };
  }
}

/**
 * Asks `done` until it is true, with waits that start at a quarter of a millisecond and double up to 50.
 * @param total milliseconds of waiting, after which the answer is false
 */
export async function waitUntil(
  wait: Pick<Wait, 'pause'>,
  total: number,
  done: () => boolean,
): Promise<boolean> {
  let waited = 0;
  for (let step = 0.25; !done(); step = Math.min(step * 2, 50)) {
    if (waited >= total) return false;
    await wait.pause(step);
    waited += step;
  }
  return true;
}
