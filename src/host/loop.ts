import type { Native } from './native.ts';

/** The event loop of a host that has one of its own, where a wait needs no thread. */
export interface Loop {
  /** Calls `call` as long as the descriptor has any of the epoll(7) events; 0, or the errno. */
  watch(descriptor: number, events: number, call: (events: number) => void): number;
  unwatch(descriptor: number): number;
  setTimer(call: () => void, milliseconds: number, again: boolean): number;
  clearTimer(timer: number): void;
}

const EPOLLIN = 1;
/** The descriptor is a file or directory, which is always ready (epoll_ctl(2)). */
const EPERM = 1;

/** Who waits for one descriptor: several may. */
type Waiters = Set<() => void>;

/** `Native.pollManyAsync` on a loop: no thread, and nothing that has to wake one. */
export function pollOnLoop(
  native: Pick<Native, 'pollMany'>,
  loop: Loop,
): (descriptors: readonly number[], milliseconds: number) => Promise<number[]> {
  const watched = new Map<number, Waiters>();
  const leave = (descriptor: number, wake: () => void): void => {
    const waiters = watched.get(descriptor);
    waiters?.delete(wake);
    if (waiters?.size !== 0) return;
    watched.delete(descriptor);
    loop.unwatch(descriptor);
  };
  /** False when the descriptor need not be waited for. */
  const enter = (descriptor: number, wake: () => void): boolean => {
    const waiters = watched.get(descriptor);
    if (waiters !== undefined) {
      waiters.add(wake);
      return true;
    }
    const fresh: Waiters = new Set([wake]);
    const errno = loop.watch(descriptor, EPOLLIN, () => {
      for (const each of [...fresh]) each();
    });
    if (errno === 0) watched.set(descriptor, fresh);
    else if (errno !== EPERM)
      throw Object.assign(new Error(`errno ${errno}, epoll_ctl`), {
        code: `errno ${errno}`,
        errno,
        syscall: 'epoll_ctl',
      });
    return errno === 0;
  };
  return async (descriptors, milliseconds) => {
    const ready = descriptors.length === 0 || milliseconds === 0 ? [] : native.pollMany(descriptors, 0);
    if (ready.length > 0 || milliseconds === 0) return ready;
    await new Promise<void>((resolve, reject) => {
      let timer: number | undefined;
      const wake = (): void => {
        if (timer !== undefined) loop.clearTimer(timer);
        for (const descriptor of descriptors) leave(descriptor, wake);
        resolve();
      };
      try {
        for (const descriptor of descriptors) if (!enter(descriptor, wake)) return wake();
        if (milliseconds > 0) timer = loop.setTimer(wake, milliseconds, false);
      } catch (error) {
        wake();
        reject(error);
      }
    });
    return descriptors.length === 0 ? [] : native.pollMany(descriptors, 0);
  };
}
