import type { Native } from '../../host/native.ts';

/**
 * A held lock of one container; released at the latest when this process ends. It is a descriptor of the container's
 * state directory, and what its holder does there goes through it: a directory that was deleted meanwhile, and made
 * anew for another container, is never touched.
 */
export class Lock {
  readonly #native: Native;
  readonly #name: string;
  #descriptor: number;
  #onRelease: () => void;

  /** @param name the directory's path, to find out whether it is still this one */
  constructor(native: Native, descriptor: number, name: string, onRelease: () => void) {
    this.#native = native;
    this.#descriptor = descriptor;
    this.#name = name;
    this.#onRelease = onRelease;
  }

  /** By which the very directory that is locked is reached, as long as it is. */
  get directory(): string {
    return `/proc/self/fd/${this.#descriptor}`;
  }

  /** The directory has not been deleted, nor another been made in its place. Throws `SystemError`. */
  isCurrent(): boolean {
    if (this.#descriptor < 0) return false;
    const held = this.#native.status(this.directory, true);
    const named = this.#native.status(this.#name, false);
    return held !== undefined && named !== undefined && held.dev === named.dev && held.ino === named.ino;
  }

  release(): void {
    if (this.#descriptor < 0) return;
    this.#native.close(this.#descriptor);
    this.#descriptor = -1;
    this.#onRelease();
  }
}
