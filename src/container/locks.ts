import type { Native } from '../host/native.ts';
import { O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../host/open-flags.ts';
import type { Wait } from '../host/wait.ts';
import { checkId } from './identifier.ts';
import { Lock } from './lock.ts';
import type { StateRoot } from './state-root.ts';
import { isAbsent } from './store-failure.ts';

/** The locks of the containers of one root. Undefined, of each that is asked for, means that there is no such container (any more). */
export class Locks {
  readonly #native: Native;
  readonly #root: StateRoot;
  /** Those that are held, by id: whoever holds one works in the very directory that is locked. */
  readonly #held = new Map<string, Lock>();

  constructor(native: Native, root: StateRoot) {
    this.#native = native;
    this.#root = root;
  }

  /** The one that we hold. */
  held(id: string): Lock | undefined {
    return this.#held.get(id);
  }

  /** Waits until it is free. */
  async take(wait: Pick<Wait, 'lock'>, id: string): Promise<Lock | undefined> {
    for (;;) {
      const descriptor = this.#open(id);
      if (descriptor === undefined) return undefined;
      let letGo: () => void;
      try {
        letGo = await wait.lock(descriptor, this.#root.directory(id));
      } catch (error) {
        this.#native.close(descriptor);
        throw error;
      }
      const lock = this.#hold(id, descriptor, letGo);
      if (lock !== undefined) return lock;
    }
  }

  tryTake(id: string): Lock | 'busy' | undefined {
    for (;;) {
      const descriptor = this.#open(id);
      if (descriptor === undefined) return undefined;
      if (!this.#native.lock(descriptor, false)) {
        this.#native.close(descriptor);
        return 'busy';
      }
      const lock = this.#hold(id, descriptor);
      if (lock !== undefined) return lock;
    }
  }

  /** The place of whoever has it. */
  takeOver(id: string): Lock | undefined {
    const descriptor = this.#open(id);
    return descriptor === undefined ? undefined : this.#hold(id, descriptor);
  }

  /** Undefined when the directory was removed while somebody waited for its lock. */
  #hold(id: string, descriptor: number, letGo = (): void => undefined): Lock | undefined {
    const lock = new Lock(this.#native, descriptor, this.#root.directory(id), () => {
      if (this.#held.get(id) === lock) this.#held.delete(id);
      letGo();
    });
    if (!lock.isCurrent()) {
      lock.release();
      return undefined;
    }
    this.#held.set(id, lock);
    return lock;
  }

  #open(id: string): number | undefined {
    checkId(id);
    const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    try {
      return this.#root.within((root) => this.#native.open(`${root}/${id}`, flags, 0));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }
}
