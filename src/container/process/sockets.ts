import { Failure, messageOf } from '../../failure.ts';
import type { Host } from '../../host/host.ts';

/** Connects to a socket that the caller named by an option. Throws `Failure` (`invalid`). */
export async function connectTo({ wait }: Host, path: string, what: string): Promise<number> {
  try {
    return await wait.connect(path, 'stream');
  } catch (cause) {
    throw new Failure('invalid', `cannot connect to the ${what} "${path}": ${messageOf(cause)}`, {
      cause,
      hint: 'It must be an AF_UNIX stream socket on which somebody listens',
    });
  }
}

/**
 * Sends a pidfd of `pid` to the caller's socket (`--pidfd-socket`), with the payload `init-pidfd` or `exec-pidfd`.
 */
export async function sendPidfd(host: Host, path: string, pid: number, payload: string): Promise<void> {
  const { native } = host;
  const socket = await connectTo(host, path, 'pidfd socket');
  try {
    const pidfd = native.pidfdOpen(pid);
    try {
      native.send(socket, new TextEncoder().encode(payload), [pidfd]);
    } finally {
      native.close(pidfd);
    }
  } finally {
    native.close(socket);
  }
}
