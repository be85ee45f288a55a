import { Failure, messageOf } from '../failure.ts';
import type { Native } from '../host/native.ts';

/** Connects to a socket that the caller named by an option. Throws `Failure` (`invalid`). */
export function connectTo(native: Native, path: string, what: string): number {
  try {
    return native.connect(path, 'stream');
  } catch (cause) {
    throw new Failure('invalid', `can't connect to the ${what} "${path}": ${messageOf(cause)}`, {
      cause,
      hint: 'it must be an AF_UNIX stream socket on which somebody listens',
    });
  }
}

/** Sends a pidfd of `pid` to the caller's socket (`--pidfd-socket`), with the payload `init-pidfd` or `exec-pidfd`. */
export function sendPidfd(native: Native, path: string, pid: number, payload: string): void {
  const socket = connectTo(native, path, 'pidfd socket');
  const pidfd = native.pidfdOpen(pid);
  try {
    native.send(socket, new TextEncoder().encode(payload), [pidfd]);
  } finally {
    native.close(pidfd);
    native.close(socket);
  }
}
