import { Failure, messageOf } from '../failure.ts';
import { hasErrno, type Native } from '../host/native.ts';
import { checkId, isId } from './identifier.ts';
import { type ContainerRecord, recordSchema } from './record.ts';

const O_RDONLY = 0;
const O_DIRECTORY = 0o200000;
const O_CLOEXEC = 0o2000000;

/** A state.json holds notes and hooks; more than this is not ours. */
const maximumRecord = 16 * 1024 * 1024;

/** Names inside a container's state directory. */
const recordFile = 'state.json';
const temporaryFile = 'state.json.new';
const configFile = 'config.json';
const startSocket = 'start.sock';

/** The state directory of all containers of one root: one directory a container, 0700, files 0600. */
export class Store {
  readonly #native: Native;
  readonly #root: string;

  constructor(native: Native, root: string) {
    this.#native = native;
    this.#root = root;
  }

  directory(id: string): string {
    checkId(id);
    return `${this.#root}/${id}`;
  }

  configPath(id: string): string {
    return `${this.directory(id)}/${configFile}`;
  }

  startSocketPath(id: string): string {
    return `${this.directory(id)}/${startSocket}`;
  }

  /** Makes the container's directory, which reserves its id, and takes its lock. Throws `Failure` (`exists`). */
  reserve(id: string): Lock {
    const directory = this.directory(id);
    this.#makeRoot();
    try {
      this.#native.makeDirectory(directory, 0o700);
    } catch (cause) {
      if (hasErrno(cause, 'EEXIST')) {
        throw new Failure('exists', `container with id "${id}" already exists`, {
          hint: `choose another id, or remove it with \`tsoci delete ${id}\``,
        });
      }
      throw new Failure('system', `can't make the state directory "${directory}": ${messageOf(cause)}`, {
        cause,
      });
    }
    return this.lock(id);
  }

  /** The lock against a second command on the same container; blocks until it is free. */
  lock(id: string): Lock {
    const lock = this.#tryLock(id, true);
    if (lock === undefined) throw notFound(id);
    return lock;
  }

  /** Somebody else holds the lock right now. */
  isLocked(id: string): boolean {
    const lock = this.#tryLock(id, false);
    lock?.release();
    return lock === undefined;
  }

  #tryLock(id: string, block: boolean): Lock | undefined {
    let descriptor: number;
    try {
      descriptor = this.#native.open(this.directory(id), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    } catch (error) {
      if (hasErrno(error, 'ENOENT', 'ENOTDIR')) throw notFound(id);
      throw error;
    }
    if (this.#native.lock(descriptor, block)) return new Lock(this.#native, descriptor);
    this.#native.close(descriptor);
    return undefined;
  }

  /** Throws `Failure` (`not-found`), or `internal` for a record that can't be understood. */
  read(id: string): ContainerRecord {
    const record = this.tryRead(id);
    if (record === undefined) throw notFound(id);
    return record;
  }

  /** The record, or undefined when there is none: no such container, or one whose `create` was killed at once. */
  tryRead(id: string): ContainerRecord | undefined {
    const path = `${this.directory(id)}/${recordFile}`;
    let text: string;
    try {
      text = this.#native.readText(path, maximumRecord);
    } catch (error) {
      if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return undefined;
      throw new Failure(
        'system',
        `can't read the state of container "${id}" from "${path}": ${messageOf(error)}`,
        { cause: error },
      );
    }
    return parseRecord(text, id, path);
  }

  /**
   * Puts the record in place atomically; a reader sees the old one or the new one. Not synced to the disk: what it tells of
   * ends with this boot of the machine, and waiting for a disk would be the longest part of `create`.
   */
  write(record: ContainerRecord): void {
    const directory = this.directory(record.id);
    try {
      this.#native.createFile(`${directory}/${temporaryFile}`, JSON.stringify(record), 0o600, false);
      this.#native.rename(`${directory}/${temporaryFile}`, `${directory}/${recordFile}`);
    } catch (cause) {
      throw new Failure(
        'system',
        `can't write the state of container "${record.id}" to "${directory}": ${messageOf(cause)}`,
        { cause },
      );
    }
  }

  /** Keeps the config as it was at create: later changes to the bundle must not matter (runtime.md, Create). */
  writeConfig(id: string, config: string | Uint8Array): void {
    const path = this.configPath(id);
    try {
      this.#native.createFile(path, config, 0o600, false);
    } catch (cause) {
      throw new Failure('system', `can't write "${path}": ${messageOf(cause)}`, { cause });
    }
  }

  /** The same for one that is there: a reader sees the old config or the new one. */
  replaceConfig(id: string, config: Uint8Array): void {
    const path = this.configPath(id);
    const temporary = `${this.directory(id)}/${temporaryFile}`;
    try {
      // A killed update may have left one; we hold the lock, so nobody writes it now.
      this.#unlink(temporary);
      this.#native.createFile(temporary, config, 0o600, false);
      this.#native.rename(temporary, path);
    } catch (cause) {
      throw new Failure('system', `can't write "${path}": ${messageOf(cause)}`, { cause });
    }
  }

  /** Ids of everything that has a directory, sorted. */
  ids(): string[] {
    try {
      return this.#native.readDirectory(this.#root).filter(isId).sort();
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return [];
      throw new Failure('system', `can't list the state directory "${this.#root}": ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** There is a directory for this id. */
  exists(id: string): boolean {
    return this.#native.status(this.directory(id), false) !== undefined;
  }

  /** Removes the container's directory. What is gone already is fine. */
  remove(id: string): void {
    const directory = this.directory(id);
    for (const name of [startSocket, configFile, temporaryFile, recordFile])
      this.#unlink(`${directory}/${name}`);
    try {
      this.#native.removeDirectory(directory);
    } catch (error) {
      if (!hasErrno(error, 'ENOENT')) throw error;
    }
  }

  #unlink(path: string): void {
    try {
      this.#native.unlink(path);
    } catch (error) {
      if (!hasErrno(error, 'ENOENT')) throw error;
    }
  }

  #isThere(path: string): boolean {
    try {
      return this.#native.status(path, true) !== undefined;
    } catch (cause) {
      throw new Failure('system', `can't use the state directory "${this.#root}": ${messageOf(cause)}`, {
        cause,
        hint: 'name a directory of your own with --root',
      });
    }
  }

  #makeRoot(): void {
    const missing: string[] = [];
    for (let path = this.#root; path !== '' && !this.#isThere(path); ) {
      missing.unshift(path);
      path = path.slice(0, path.lastIndexOf('/'));
    }
    for (const path of missing) {
      try {
        this.#native.makeDirectory(path, 0o700);
      } catch (cause) {
        if (hasErrno(cause, 'EEXIST')) continue;
        throw new Failure('system', `can't make the state directory "${path}": ${messageOf(cause)}`, {
          cause,
          hint: 'name a writable directory with --root',
        });
      }
    }
  }
}

/** A held lock; released at the latest when this process ends. */
export class Lock {
  readonly #native: Native;
  #descriptor: number | undefined;

  constructor(native: Native, descriptor: number) {
    this.#native = native;
    this.#descriptor = descriptor;
  }

  release(): void {
    if (this.#descriptor === undefined) return;
    this.#native.close(this.#descriptor);
    this.#descriptor = undefined;
  }
}

function notFound(id: string): Failure {
  return new Failure('not-found', `container does not exist: "${id}"`, {
    hint: '`tsoci list` shows those that do',
  });
}

function parseRecord(text: string, id: string, path: string): ContainerRecord {
  const damaged = (reason: string, cause?: unknown): Failure =>
    new Failure('internal', `the state of container "${id}" in "${path}" is damaged: ${reason}`, {
      cause,
      hint: 'end its processes by hand, then remove it with `tsoci delete --force`',
    });
  let record: Partial<ContainerRecord> | null;
  try {
    record = JSON.parse(text) as Partial<ContainerRecord> | null;
  } catch (cause) {
    throw damaged(messageOf(cause), cause);
  }
  if (typeof record?.schema !== 'number') throw damaged('it is not what tsoci writes');
  if (record.schema !== recordSchema) {
    throw new Failure(
      'unsupported',
      `the state of container "${id}" was written by another version of tsoci (schema ${record.schema})`,
    );
  }
  if (record.id !== id) throw damaged(`it is that of ${JSON.stringify(record.id)}`);
  return record as ContainerRecord;
}
