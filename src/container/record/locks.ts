import { Failure, failuresOf, withCleanup } from '../../failure.ts';
import { hasErrno, type Native } from '../../host/native.ts';
import { O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../../host/open-flags.ts';
import type { Wait } from '../../host/wait.ts';
import { checkId } from './identifier.ts';
import { Lock } from './lock.ts';
import type { OpenStateRoot, StateRoot } from './state-root.ts';
import { isAbsent, storeFailure } from './store-failure.ts';

/**
 * The locks of the containers of one root. Undefined, of each that is asked for, means that there is no such
 * container (any more).
 */
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
        throw this.#unlocked(error, id);
      }
      const lock = this.#hold(id, descriptor, letGo);
      if (lock !== undefined) return lock;
    }
  }

  /** Makes the container's directory, which reserves its id, and takes its lock. Throws `Failure` (`exists`). */
  async reserve(wait: Pick<Wait, 'lock'>, id: string): Promise<Lock> {
    checkId(id);
    this.#root.make();
    const root = this.#openRoot(id);
    try {
      for (;;) {
        this.#makeDirectory(root, id);
        // A forced delete may have removed it before it was locked, and somebody else have made another.
        const lock = await this.#lockNew(wait, root, id);
        if (lock !== undefined) return lock;
      }
    } finally {
      root.close();
    }
  }

  #makeDirectory(root: OpenStateRoot, id: string): void {
    try {
      this.#native.makeDirectory(`${root.directory}/${id}`, 0o700);
    } catch (cause) {
      if (hasErrno(cause, 'EEXIST')) {
        throw new Failure('exists', `container with id "${id}" already exists`, {
          hint: `Choose another id, or remove it with \`tsoci delete ${id}\``,
        });
      }
      throw this.#unmade(cause, id);
    }
  }

  #openRoot(id: string): OpenStateRoot {
    try {
      return this.#root.open();
    } catch (cause) {
      throw cause instanceof Failure ? cause : this.#unmade(cause, id);
    }
  }

  #unmade(cause: unknown, id: string): Failure {
    const action = `cannot make the state directory "${this.#root.directory(id)}"`;
    return storeFailure(action, cause, this.#root.path, undefined);
  }

  /**
   * The lock of a directory that was just made; undefined when it is gone, or another's by now. Where it cannot be
   * had, the directory goes again.
   */
  async #lockNew(wait: Pick<Wait, 'lock'>, root: OpenStateRoot, id: string): Promise<Lock | undefined> {
    let lock: Lock | undefined;
    try {
      lock = await this.take(wait, id);
      if (lock === undefined || this.#native.readDirectory(lock.directory).length === 0) return lock;
      lock.release();
      return undefined;
    } catch (cause) {
      // As long as it is empty it is no container of anybody's, who would make it again.
      const failures = failuresOf(() => this.#native.removeDirectory(`${root.directory}/${id}`));
      lock?.release();
      throw withCleanup(this.#unlocked(cause, id), failures);
    }
  }

  #unlocked(cause: unknown, id: string): Failure {
    if (cause instanceof Failure) return cause;
    const action = `cannot lock the state directory "${this.#root.directory(id)}"`;
    return storeFailure(action, cause, this.#root.path, id);
  }

  tryTake(id: string): Lock | 'busy' | undefined {
    for (;;) {
      const descriptor = this.#open(id);
      if (descriptor === undefined) return undefined;
      if (!this.#isFree(descriptor)) return 'busy';
      const lock = this.#hold(id, descriptor);
      if (lock !== undefined) return lock;
    }
  }

  /** The place of whoever has it. */
  takeOver(id: string): Lock | undefined {
    const descriptor = this.#open(id);
    return descriptor === undefined ? undefined : this.#hold(id, descriptor);
  }

  /** Takes the lock, or closes the descriptor. */
  #isFree(descriptor: number): boolean {
    let taken = false;
    try {
      taken = this.#native.lock(descriptor, false);
      return taken;
    } finally {
      if (!taken) this.#native.close(descriptor);
    }
  }

  /** Undefined when the directory was removed while somebody waited for its lock. */
  #hold(id: string, descriptor: number, letGo = (): void => undefined): Lock | undefined {
    const lock = new Lock(this.#native, descriptor, this.#root.directory(id), () => {
      if (this.#held.get(id) === lock) this.#held.delete(id);
      letGo();
    });
    let current = false;
    try {
      current = lock.isCurrent();
    } finally {
      if (!current) lock.release();
    }
    if (!current) return undefined;
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
      if (error instanceof Failure) throw error;
      const action = `cannot open the state directory "${this.#root.directory(id)}"`;
      throw storeFailure(action, error, this.#root.path, id);
    }
  }
}
