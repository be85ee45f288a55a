import { messageOf } from '../../failure.ts';
import type { Host } from '../../host/host.ts';
import { hasErrno } from '../../host/native.ts';
import { waitUntil } from '../../host/wait.ts';
import { openProcess, type ProcessIdentity } from '../process/process-identity.ts';
import { unlinkIfThere } from '../record/store-failure.ts';
import type { Context } from '../types.ts';
import { connectManager } from './manager.ts';

/** What of a container's messages goes on, once; all else is thrown away (sd_notify(3)). */
export const readyLine = 'READY=1';

/** The longest datagram that systemd itself takes; a longer one counts for nothing. */
const longest = 4096;
/** More than the kernel keeps for a socket unless told otherwise (10, net.unix.max_dgram_qlen). */
const lastDatagrams = 64;
/** How long the manager may take no datagram, and how long it may take to have read them all; milliseconds. */
const patience = 30_000;

/** A datagram of a container says that it is ready: whatever else is in it, one line does. */
export function saysReady(datagram: Uint8Array): boolean {
  if (datagram.length > longest) return false;
  return new TextDecoder().decode(datagram).split('\n').includes(readyLine);
}

/**
 * The way from a container to the service manager of whoever starts it. The container's end can be written to by
 * whatever runs there.
 */
export class Notifications {
  readonly #host: Host;
  /** Connected to the service manager. */
  readonly manager: number;
  #socket: number | undefined;

  /** Throws `Failure` (`invalid`) when the manager cannot be reached. */
  constructor(host: Host, address: string) {
    this.#host = host;
    this.manager = connectManager(host.native, address);
  }

  /** The container's end, once it was made. */
  get socket(): number | undefined {
    return this.#socket;
  }

  /** Makes the container's end. Throws `SystemError`. */
  listen(path: string): void {
    const { native } = this.#host;
    // Of a start that did not come to its end.
    unlinkIfThere(native, path);
    this.#socket = native.bindDatagram(path, 0o777);
  }

  /**
   * Waits until the container says that it is ready, or its process has ended, and tells the manager. Warns of what
   * did not get there: the container runs.
   */
  async serve(context: Context, init: ProcessIdentity): Promise<void> {
    if (this.#socket === undefined || !(await this.#isReady(this.#socket, init))) return;
    try {
      await this.#send(`${readyLine}\n`);
      await this.#send(`MAINPID=${init.pid}\n`);
      await this.#barrier();
    } catch (error) {
      context.warn(
        `the service manager was not told that the container is ready: ${messageOf(error)}`,
        'always',
      );
    }
  }

  async #isReady(socket: number, init: ProcessIdentity): Promise<boolean> {
    const { native, wait } = this.#host;
    const pidfd = openProcess(native, init);
    try {
      // What it said before it ended counts too; others may write without end.
      for (let left = lastDatagrams; left > 0; ) {
        const watched = pidfd === undefined ? [socket] : [socket, pidfd];
        const ready = await wait.readable(watched, pidfd === undefined ? 0 : -1);
        if (!ready.includes(socket)) return false;
        if (pidfd === undefined || ready.includes(pidfd)) left--;
        if (this.#next(socket)) return true;
      }
      return false;
    } finally {
      if (pidfd !== undefined) native.close(pidfd);
    }
  }

  #next(socket: number): boolean {
    try {
      return saysReady(this.#host.native.read(socket, longest + 1));
    } catch (error) {
      if (hasErrno(error, 'EAGAIN')) return false;
      throw error;
    }
  }

  /** Throws `SystemError`: EAGAIN when the manager takes nothing for too long. */
  async #send(text: string, descriptors: readonly number[] = []): Promise<void> {
    const { native, wait } = this.#host;
    const data = new TextEncoder().encode(text);
    let failed: unknown;
    const sent = await waitUntil(wait, patience, () => {
      try {
        native.send(this.manager, data, descriptors);
        return true;
      } catch (error) {
        if (!hasErrno(error, 'EAGAIN')) throw error;
        failed = error;
        return false;
      }
    });
    if (!sent) throw failed;
  }

  /**
   * Waits until the manager has read all that was sent: it looks up whose message it is by the sender's pid, which
   * has to be there still (sd_notify_barrier(3)). Who does not know the message drops the descriptor unread.
   */
  async #barrier(): Promise<void> {
    const { native, wait } = this.#host;
    const [end, given] = native.pipe();
    try {
      try {
        await this.#send('BARRIER=1', [given]);
      } catch (error) {
        // A socket that takes no descriptors (SO_PASSRIGHTS, Linux 6.16) is of somebody who knows no barriers.
        if (hasErrno(error, 'EPERM')) return;
        throw error;
      } finally {
        native.close(given);
      }
      if ((await wait.readable([end], patience)).length === 0)
        throw new Error(`it did not read that within ${patience / 1000} s`);
    } finally {
      native.close(end);
    }
  }

  close(): void {
    const { native } = this.#host;
    native.close(this.manager);
    if (this.#socket !== undefined) native.close(this.#socket);
    this.#socket = undefined;
  }
}
