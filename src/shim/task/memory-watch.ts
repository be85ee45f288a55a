import type { Context, OomWatch } from '../../container/mod.ts';
import { messageOf } from '../../failure.ts';

/** Tells of each time that memory runs out, until it is finished. */
export class MemoryWatch {
  readonly #context: Context;
  readonly #watch: OomWatch;
  readonly #tell: () => void;
  /** Readable when it is over: what is waited for may not be closed under the wait. */
  readonly #over: number;
  #finished = false;

  constructor(context: Context, watch: OomWatch, tell: () => void) {
    this.#context = context;
    this.#watch = watch;
    this.#tell = tell;
    this.#over = context.host.native.eventDescriptor();
    void this.#follow();
  }

  async #follow(): Promise<void> {
    const { native, wait } = this.#context.host;
    try {
      while (!this.#finished) {
        await wait.readable([this.#watch.descriptor, this.#over], -1);
        this.look();
      }
    } catch (error) {
      this.#context.warn(`watching for want of memory: ${messageOf(error)}`);
    } finally {
      this.#watch.close();
      native.close(this.#over);
    }
  }

  /**
   * Tells what has happened until now. Never throws: the end of a process is told also when nobody knows of its
   * memory.
   */
  look(): void {
    try {
      if (!this.#finished && this.#watch.take() > 0) this.#tell();
    } catch (error) {
      this.#context.warn(`looking for want of memory: ${messageOf(error)}`);
    }
  }

  /** The last look: what has happened until now is told before this returns. */
  finish(): void {
    if (this.#finished) return;
    this.look();
    this.#finished = true;
    this.#context.host.native.write(this.#over, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]));
  }
}
