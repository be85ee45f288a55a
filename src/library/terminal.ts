import { Duplex } from 'node:stream';
import { ReadStream } from 'node:tty';
import type { Host } from '../host/host.ts';
import { hasErrno } from '../host/native.ts';

const chunk = 65_536;
/**
 * At most so long does a descriptor stay open after its stream was destroyed, in milliseconds: it must, while it is
 * watched.
 */
const slice = 500;

/**
 * The master of a terminal. Node's own stream takes the hang-up for the end as soon as one read was short, as all of
 * a terminal are, and loses what is still to be read; so it only writes here.
 */
export class Terminal extends Duplex {
  readonly #host: Pick<Host, 'native' | 'wait'>;
  readonly #descriptor: number;
  /** Closes the descriptor. */
  readonly #writer: ReadStream;
  #reading: Promise<void> = Promise.resolve();

  constructor(host: Pick<Host, 'native' | 'wait'>, descriptor: number) {
    super({ emitClose: true });
    this.#host = host;
    this.#descriptor = descriptor;
    this.#writer = new ReadStream(descriptor);
    // Each failure is told to the write that it is of.
    this.#writer.on('error', () => undefined);
    // Whoever hears the end of what is read has no use for it any more.
    this.once('end', () => this.destroy());
  }

  override _read(): void {
    this.#reading = this.#next().then(
      (data) => void (this.destroyed || this.push(data ?? null)),
      (error: unknown) => void this.destroy(error as Error),
    );
  }

  /** Undefined at the end: reading fails with EIO when nobody has the other side any more (pts(4)). */
  async #next(): Promise<Uint8Array | undefined> {
    const { native, wait } = this.#host;
    while (!this.destroyed) {
      if ((await wait.readable([this.#descriptor], slice)).length === 0 || this.destroyed) continue;
      try {
        return native.read(this.#descriptor, chunk);
      } catch (error) {
        if (hasErrno(error, 'EIO')) return undefined;
        if (!hasErrno(error, 'EAGAIN')) throw error;
      }
    }
    return undefined;
  }

  override _write(data: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#writer.write(data, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    void this.#reading.then(() => {
      this.#writer.once('close', () => done(error));
      this.#writer.destroy();
    });
  }
}
