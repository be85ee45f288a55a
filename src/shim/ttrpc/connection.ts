import { hasErrno, type Native } from '../../host/native.ts';
import type { Wait } from '../../host/wait.ts';
import { encodeFrame, type Frame, FrameReader, type Received } from './frame.ts';

/** What a connection takes of the machine. */
export interface ConnectionHost {
  readonly native: Pick<Native, 'receiveSome' | 'sendSome' | 'endSocket' | 'close'>;
  readonly wait: Pick<Wait, 'readable' | 'pause'>;
}

/** Bytes that wait for a peer who does not read: before it has taken some, nothing more of it is read. */
const mostWaiting = 1 << 20;
/** Milliseconds between two looks whether a socket that was full has room again: first, and at most. */
const firstLook = 1;
const laterLook = 50;

/**
 * One connection of frames, on a socket that belongs to it. A peer that is gone is no error: its connection is over.
 */
export class Connection {
  readonly #host: ConnectionHost;
  readonly #socket: number;
  readonly #waiting: Uint8Array[] = [];
  #bytes = 0;
  #sending: Promise<void> = Promise.resolve();
  #busy = false;
  #over = false;

  constructor(host: ConnectionHost, socket: number) {
    this.#host = host;
    this.#socket = socket;
  }

  /**
   * Gives each frame that comes to `take`, until the other side ends it or {@link end} is called; then the socket is
   * closed. Called once.
   */
  async receive(take: (frame: Received) => void): Promise<void> {
    const { native, wait } = this.#host;
    const reader = new FrameReader();
    try {
      for (;;) {
        while (this.#bytes > mostWaiting && !this.#over) await this.#sending;
        // Each time: what was taken is answered meanwhile, however fast the peer asks. Only so do the bytes above
        // count.
        await wait.readable([this.#socket], -1);
        const bytes = this.#over ? new Uint8Array(0) : native.receiveSome(this.#socket);
        if (bytes === undefined) continue;
        if (bytes.length === 0) return;
        for (const frame of reader.push(bytes)) take(frame);
      }
    } catch (error) {
      if (!hasErrno(error, 'ECONNRESET')) throw error;
    } finally {
      this.#over = true;
      await this.#sending;
      native.close(this.#socket);
    }
  }

  /** Sends a frame behind those that wait; at once where there is room. Of no effect when the connection is over. */
  send(frame: Frame): void {
    if (this.#over) return;
    this.#waiting.push(encodeFrame(frame));
    this.#bytes += (this.#waiting.at(-1) as Uint8Array).length;
    if (!this.#busy) this.#sending = this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    const { native, wait } = this.#host;
    let look = firstLook;
    let sent = 0;
    this.#busy = true;
    try {
      for (let first = this.#waiting[0]; first !== undefined && !this.#over; first = this.#waiting[0]) {
        const count = native.sendSome(this.#socket, first, sent);
        sent += count;
        if (sent === first.length) {
          this.#waiting.shift();
          this.#bytes -= sent;
          sent = 0;
        }
        if (count > 0) look = firstLook;
        else {
          await wait.pause(look);
          look = Math.min(look * 2, laterLook);
        }
      }
    } catch {
      // It has gone, and what was meant for it with it: whoever reads here sees the end.
      this.end();
    } finally {
      this.#busy = false;
    }
  }

  /** Ends it; `receive` comes back. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#host.native.endSocket(this.#socket);
  }

  /** Waits until all that was sent is with the kernel. */
  async flushed(): Promise<void> {
    await this.#sending;
  }
}
