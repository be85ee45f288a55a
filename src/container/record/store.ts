import { MAXIMUM_BYTES } from '../../bundle/json/parse-json.ts';
import { Failure } from '../../failure.ts';
import { ask } from '../../host/files.ts';
import { hasErrno, type Native } from '../../host/native.ts';
import type { Wait } from '../../host/wait.ts';
import { checkRecord, UnusableRecord } from './check-record.ts';
import { checkId, isId } from './identifier.ts';
import type { Lock } from './lock.ts';
import { Locks } from './locks.ts';
import { sortNaturally } from './naturally.ts';
import type { ContainerRecord } from './record.ts';
import {
  coveredFrom,
  headEnd,
  headOf,
  type RecordHead,
  recordText,
  soundHead,
  soundRecord,
} from './record-text.ts';
import {
  configFile,
  createConfig,
  prepareRecord,
  publishRecord,
  recordFile,
  removeStateFiles,
  replaceConfig,
  startSocket,
} from './state-files.ts';
import { StateRoot } from './state-root.ts';
import { isAbsent, storeFailure, there } from './store-failure.ts';

/** The state directory of all containers of one root: one directory a container, 0700, files 0600. */
export class Store {
  readonly #native: Native;
  readonly #root: StateRoot;
  readonly #locks: Locks;
  /** By which the root is reached while it is listed. */
  #listed: string | undefined;
  /** The id that was looked at last: looking again takes as long as a system call. */
  #checked: string | undefined;

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

  /** The socket by which the holder of the lock makes, finds and removes the way to what waits for `start`. */
  startSocketPath(id: string): string {
    return `${this.heldDirectory(id)}/${startSocket}`;
  }

  /** By which the holder of the lock reaches the directory, whatever becomes of its name. */
  heldDirectory(id: string): string {
    return this.#locks.held(id)?.directory ?? this.directory(id);
  }

  /** A process waits there for `start`. */
  hasStartSocket(id: string): boolean {
    return this.#isThere(id, startSocket);
  }

  /**
   * Calls `use` with a path by which the container's directory is reached meanwhile. Throws `SystemError` without
   * one.
   */
  #at<Result>(id: string, use: (directory: string) => Result): Result {
    if (id !== this.#checked) checkId(id);
    this.#checked = id;
    const held = this.#locks.held(id);
    if (held !== undefined) return use(held.directory);
    if (this.#listed !== undefined) return use(`${this.#listed}/${id}`);
    return this.#root.within((root) => use(`${root}/${id}`));
  }

  #isThere(id: string, name: string): boolean {
    try {
      return this.#at(id, (directory) => this.#native.isThere(`${directory}/${name}`));
    } catch (error) {
      if (!isAbsent(error)) throw error;
      return false;
    }
  }

  /** Makes the container's directory, which reserves its id, and takes its lock. Throws `Failure` (`exists`). */
  reserve(wait: Pick<Wait, 'lock'>, id: string): Promise<Lock> {
    return this.#locks.reserve(wait, id);
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
   * The place of whoever holds the lock and does not let go of it, for a forced delete. From the moment when it
   * removes the directory nothing that the holder still does goes anywhere. Throws `Failure` (`not-found`).
   */
  takeOver(id: string): Lock {
    return there(id, this.#locks.takeOver(id));
  }

  /** Somebody else holds the lock right now. Throws `Failure` (`not-found`). */
  isLocked(id: string): boolean {
    if (this.#locks.held(id) !== undefined) return false;
    const lock = this.tryLock(id);
    if (lock !== 'busy') lock.release();
    return lock === 'busy';
  }

  /** Throws `Failure`: `not-found`, or `UnusableRecord`; so does `readHead`. */
  read(id: string): ContainerRecord {
    return there(id, this.tryRead(id));
  }

  readHead(id: string): RecordHead {
    return there(id, this.tryReadHead(id));
  }

  /**
   * The record, or undefined when there is none: no such container, or one whose `create` was killed at once. Throws
   * `UnusableRecord` for one that cannot be worked with.
   */
  tryRead(id: string): ContainerRecord | undefined {
    return this.#tryRead(id, '', soundRecord, (record) => record);
  }

  /** As much as says the state; otherwise the same. */
  tryReadHead(id: string): RecordHead | undefined {
    return this.#tryRead(id, headEnd, soundHead, headOf);
  }

  #tryRead<Part>(
    id: string,
    until: string,
    sound: (hashed: string, id: string) => Part | undefined,
    partOf: (record: ContainerRecord) => Part,
  ): Part | undefined {
    const native = this.#native;
    try {
      return this.#at(id, (directory) => {
        const path = `${directory}/${recordFile}`;
        const part = sound(native.readHashed(path, MAXIMUM_BYTES, coveredFrom, until), id);
        return part ?? partOf(checkRecord(native.readFile(path, MAXIMUM_BYTES), id, this.#recordPath(id)));
      });
    } catch (error) {
      return this.#withoutRecord(id, error);
    }
  }

  /** What it means that a record cannot be read. */
  #withoutRecord(id: string, error: unknown): undefined {
    if (error instanceof Failure) throw error;
    const path = this.#recordPath(id);
    if (!isAbsent(error))
      throw this.#failure(`cannot read the state of container "${id}" from "${path}"`, error, id);
    // The record is written before the copy of the config, and removed after it.
    if (!this.#isThere(id, configFile)) return undefined;
    throw new UnusableRecord(
      'damaged',
      `the state of container "${id}" is damaged: "${path}" is missing`,
      {},
    );
  }

  #recordPath(id: string): string {
    return `${this.directory(id)}/${recordFile}`;
  }

  /** The container's copy of its config.json. Throws `Failure` (`system`). */
  readConfig(id: string): Uint8Array {
    return ask('read', this.configPath(id), () =>
      this.#at(id, (directory) => this.#native.readFile(`${directory}/${configFile}`, MAXIMUM_BYTES)),
    );
  }

  /**
   * Puts the record in place atomically; a reader sees the old one or the new one. Not synced to the disk: what it
   * tells of ends with this boot of the machine, and waiting for a disk would be the longest part of `create`.
   */
  write(record: ContainerRecord): void {
    this.prepare(record);
    this.publish(record.id);
  }

  /** Writes down the record that `publish` will put in place. One at a time. */
  prepare(record: ContainerRecord): void {
    const text = recordText(this.#native, record);
    this.#toWrite(record.id, this.#recordName(record.id), (directory) =>
      prepareRecord(this.#native, directory, text),
    );
  }

  /** Puts in place, atomically, what `prepare` wrote. */
  publish(id: string): void {
    this.#toWrite(id, this.#recordName(id), (directory) => publishRecord(this.#native, directory));
  }

  #recordName(id: string): string {
    return `the state of container "${id}" to "${this.directory(id)}"`;
  }

  /** Keeps the config as it was at create: later changes to the bundle must not matter (runtime.md, Create). */
  writeConfig(id: string, config: string | Uint8Array): void {
    const name = `"${this.configPath(id)}"`;
    this.#toWrite(id, name, (directory) => createConfig(this.#native, directory, config));
  }

  /** The same for one that is there: a reader sees the old config or the new one. */
  replaceConfig(id: string, config: Uint8Array): void {
    const name = `"${this.configPath(id)}"`;
    this.#toWrite(id, name, (directory) => replaceConfig(this.#native, directory, config));
  }

  #toWrite(id: string, what: string, act: (directory: string) => void): void {
    try {
      this.#at(id, act);
    } catch (cause) {
      throw this.#failure(`cannot write ${what}`, cause, id);
    }
  }

  /** Ids of everything that has a directory, as people sort them. */
  ids(): readonly string[] {
    return this.listing((ids) => ids);
  }

  /**
   * Calls `look` with the ids, sorted like that. What it reads of them comes through the descriptor by which they
   * were listed, as one look at whose the root is serves a thousand containers too; a lock is taken by name as ever.
   * `look` must not wait.
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
      throw this.#failure(`cannot list the state directory "${this.#root.path}"`, error);
    }
  }

  /**
   * Removes the container's directory, for who holds its lock. False when it is gone already, or another's by now:
   * nothing is touched then.
   */
  remove(id: string): boolean {
    if (this.#locks.held(id)?.isCurrent() === false) return false;
    try {
      this.#at(id, (directory) => {
        removeStateFiles(this.#native, directory);
        // From inside, where the lock's descriptor is: one more may be more than there are (EMFILE).
        this.#native.removeDirectory(`${directory}/../${id}`);
      });
      return true;
    } catch (cause) {
      if (isAbsent(cause)) return false;
      if (cause instanceof Failure) throw cause;
      throw this.#failure(`cannot remove the state directory "${this.directory(id)}"`, cause, id);
    }
  }

  #failure(action: string, cause: unknown, id?: string): Failure {
    return storeFailure(action, cause, this.#root.path, id);
  }
}
