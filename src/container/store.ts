import { MAXIMUM_BYTES } from '../bundle/parse-json.ts';
import { Failure } from '../failure.ts';
import { ask } from '../host/files.ts';
import { hasErrno, type Native } from '../host/native.ts';
import type { Wait } from '../host/wait.ts';
import { checkRecord, UnusableRecord } from './check-record.ts';
import { checkId, isId } from './identifier.ts';
import type { Lock } from './lock.ts';
import { Locks } from './locks.ts';
import { sortNaturally } from './naturally.ts';
import type { ContainerRecord } from './record.ts';
import { StateRoot } from './state-root.ts';
import { isAbsent, storeFailure } from './store-failure.ts';

/** Names inside a container's state directory. */
const recordFile = 'state.json';
const temporaryFile = 'state.json.new';
const configFile = 'config.json';
const startSocket = 'start.sock';

/** The state directory of all containers of one root: one directory a container, 0700, files 0600. */
export class Store {
  readonly #native: Native;
  readonly #root: StateRoot;
  readonly #locks: Locks;
  /** By which the root is reached while it is listed. */
  #listed: string | undefined;

  constructor(native: Native, root: string) {
    this.#native = native;
    this.#root = new StateRoot(native, root);
    this.#locks = new Locks(native, this.#root);
  }

  /** The name of the container's directory, for people and for whoever comes later. */
  directory(id: string): string {
    return this.#root.directory(id);
  }

  /** The name of the container's copy of its config, for messages. */
  configPath(id: string): string {
    return `${this.directory(id)}/${configFile}`;
  }

  /** The socket by which the holder of the lock makes, finds and removes the way to a process that waits for `start`. */
  startSocketPath(id: string): string {
    return `${this.#locks.held(id)?.directory ?? this.directory(id)}/${startSocket}`;
  }

  /** A process waits there for `start`. */
  hasStartSocket(id: string): boolean {
    return this.#isThere(id, startSocket);
  }

  /** Calls `use` with a path by which the container's directory is reached meanwhile. Throws `SystemError` without one. */
  #at<Result>(id: string, use: (directory: string) => Result): Result {
    checkId(id);
    const held = this.#locks.held(id);
    if (held !== undefined) return use(held.directory);
    if (this.#listed !== undefined) return use(`${this.#listed}/${id}`);
    return this.#root.within((root) => use(`${root}/${id}`));
  }

  #isThere(id: string, name: string): boolean {
    try {
      return this.#at(id, (directory) => this.#native.status(`${directory}/${name}`, false) !== undefined);
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  }

  /** Makes the container's directory, which reserves its id, and takes its lock. Throws `Failure` (`exists`). */
  async reserve(wait: Pick<Wait, 'lock'>, id: string): Promise<Lock> {
    const directory = this.directory(id);
    this.#root.make();
    for (;;) {
      try {
        this.#root.within((root) => this.#native.makeDirectory(`${root}/${id}`, 0o700));
      } catch (cause) {
        if (cause instanceof Failure) throw cause;
        if (hasErrno(cause, 'EEXIST')) {
          throw new Failure('exists', `container with id "${id}" already exists`, {
            hint: `choose another id, or remove it with \`tsoci delete ${id}\``,
          });
        }
        throw this.#failure(`can't make the state directory "${directory}"`, cause);
      }
      // A forced delete may have removed it before it was locked, and somebody else have made another.
      const lock = await this.#locks.take(wait, id);
      if (lock === undefined) continue;
      if (ask('list', directory, () => this.#native.readDirectory(lock.directory)).length === 0) return lock;
      lock.release();
    }
  }

  /**
   * The lock against a second call on the same container, in this process or another; waits until it is free.
   * Throws `Failure` (`not-found`), also when the container is gone by then.
   */
  async lock(wait: Pick<Wait, 'lock'>, id: string): Promise<Lock> {
    return there(id, await this.#locks.take(wait, id));
  }

  /** The lock, or `busy` while somebody else holds it. Throws `Failure` (`not-found`). */
  tryLock(id: string): Lock | 'busy' {
    return there(id, this.#locks.tryTake(id));
  }

  /**
   * The place of whoever holds the lock and does not let go of it, for a forced delete. From the moment when it removes the directory nothing
   * that the holder still does goes anywhere. Throws `Failure` (`not-found`).
   */
  takeOver(id: string): Lock {
    return there(id, this.#locks.takeOver(id));
  }

  /** Somebody else holds the lock right now. Throws `Failure` (`not-found`). */
  isLocked(id: string): boolean {
    if (this.#locks.held(id) !== undefined) return false;
    const lock = this.tryLock(id);
    if (lock === 'busy') return true;
    lock.release();
    return false;
  }

  /** Throws `Failure`: `not-found`, or `UnusableRecord`. */
  read(id: string): ContainerRecord {
    return there(id, this.tryRead(id));
  }

  /**
   * The record, or undefined when there is none: no such container, or one whose `create` was killed at once. Throws `UnusableRecord` for one
   * that can't be worked with.
   */
  tryRead(id: string): ContainerRecord | undefined {
    const path = `${this.directory(id)}/${recordFile}`;
    let content: Uint8Array;
    try {
      content = this.#at(id, (directory) =>
        this.#native.readFile(`${directory}/${recordFile}`, MAXIMUM_BYTES),
      );
    } catch (error) {
      if (error instanceof Failure) throw error;
      if (!isAbsent(error))
        throw this.#failure(`can't read the state of container "${id}" from "${path}"`, error, id);
      // The record is written before the copy of the config, and removed after it.
      if (!this.#isThere(id, configFile)) return undefined;
      throw new UnusableRecord(
        'damaged',
        `the state of container "${id}" is damaged: "${path}" is missing`,
        {},
      );
    }
    return checkRecord(content, id, path);
  }

  /** The container's copy of its config.json. Throws `Failure` (`system`). */
  readConfig(id: string): Uint8Array {
    return ask('read', this.configPath(id), () =>
      this.#at(id, (directory) => this.#native.readFile(`${directory}/${configFile}`, MAXIMUM_BYTES)),
    );
  }

  /**
   * Puts the record in place atomically; a reader sees the old one or the new one. Not synced to the disk: what it tells of
   * ends with this boot of the machine, and waiting for a disk would be the longest part of `create`.
   */
  write(record: ContainerRecord): void {
    const { id } = record;
    try {
      this.#at(id, (directory) => {
        this.#native.createFile(`${directory}/${temporaryFile}`, JSON.stringify(record), 0o600, false);
        this.#native.rename(`${directory}/${temporaryFile}`, `${directory}/${recordFile}`);
      });
    } catch (cause) {
      throw this.#failure(`can't write the state of container "${id}" to "${this.directory(id)}"`, cause, id);
    }
  }

  /** Keeps the config as it was at create: later changes to the bundle must not matter (runtime.md, Create). */
  writeConfig(id: string, config: string | Uint8Array): void {
    try {
      this.#at(id, (directory) =>
        this.#native.createFile(`${directory}/${configFile}`, config, 0o600, false),
      );
    } catch (cause) {
      throw this.#failure(`can't write "${this.configPath(id)}"`, cause, id);
    }
  }

  /** The same for one that is there: a reader sees the old config or the new one. */
  replaceConfig(id: string, config: Uint8Array): void {
    try {
      this.#at(id, (directory) => {
        // A killed update may have left one; we hold the lock, so nobody writes it now.
        this.#unlink(`${directory}/${temporaryFile}`);
        this.#native.createFile(`${directory}/${temporaryFile}`, config, 0o600, false);
        this.#native.rename(`${directory}/${temporaryFile}`, `${directory}/${configFile}`);
      });
    } catch (cause) {
      throw this.#failure(`can't write "${this.configPath(id)}"`, cause, id);
    }
  }

  /** Ids of everything that has a directory, as people sort them. */
  ids(): readonly string[] {
    return this.listing((ids) => ids);
  }

  /**
   * Calls `look` with the ids, sorted like that. What it reads of them comes through the descriptor by which they were listed, as one look at whose
   * the root is serves a thousand containers too; a lock is taken by name as ever. `look` must not wait.
   */
  listing<Result>(look: (ids: readonly string[]) => Result): Result {
    const root = this.#toList(() => this.#root.open());
    if (root === undefined) return look([]);
    try {
      const names = this.#toList(() => this.#native.readDirectory(root.directory)) ?? [];
      this.#listed = root.directory;
      return look(sortNaturally(names.filter(isId)));
    } finally {
      this.#listed = undefined;
      root.close();
    }
  }

  /** Undefined without a root. */
  #toList<Result>(act: () => Result): Result | undefined {
    try {
      return act();
    } catch (error) {
      if (error instanceof Failure) throw error;
      if (hasErrno(error, 'ENOENT')) return undefined;
      throw this.#failure(`can't list the state directory "${this.#root.path}"`, error);
    }
  }

  /**
   * Removes the container's directory, for who holds its lock. False when it is gone already, or another's by now: nothing is touched then.
   */
  remove(id: string): boolean {
    if (this.#locks.held(id)?.isCurrent() === false) return false;
    try {
      this.#at(id, (directory) => {
        for (const name of [startSocket, configFile, temporaryFile, recordFile])
          this.#unlink(`${directory}/${name}`);
      });
      this.#root.within((root) => this.#native.removeDirectory(`${root}/${id}`));
      return true;
    } catch (cause) {
      if (isAbsent(cause)) return false;
      if (cause instanceof Failure) throw cause;
      throw this.#failure(`can't remove the state directory "${this.directory(id)}"`, cause, id);
    }
  }

  #unlink(path: string): void {
    try {
      this.#native.unlink(path);
    } catch (error) {
      if (!hasErrno(error, 'ENOENT')) throw error;
    }
  }

  #failure(action: string, cause: unknown, id?: string): Failure {
    return storeFailure(action, cause, this.#root.path, id);
  }
}

/** Throws `Failure` (`not-found`) for what is not there. */
function there<What>(id: string, what: What | undefined): What {
  if (what !== undefined) return what;
  throw new Failure('not-found', `container does not exist: "${id}"`, {
    hint: '`tsoci list` shows those that do',
  });
}
