import { Failure, messageOf } from '../../failure.ts';
import { type FileStatus, hasErrno, type Native } from '../../host/native.ts';
import { O_CLOEXEC, O_DIRECTORY, O_PATH } from '../../host/open-flags.ts';
import { requireProcfs } from '../process/process-identity.ts';
import { checkId } from './identifier.ts';
import { modeText } from './mode-text.ts';
import { ownerName } from './owner-name.ts';

const permissions = 0o7777;
/**
 * What a group and everybody else must not be able to do: whoever makes a record here has its hooks run by the
 * caller.
 */
const writableByOthers = 0o022;
/** What stands for owners whom this user namespace does not map (user_namespaces(7)). */
const nobody = 65534;

/** The directory after the look at whose it is. */
export interface OpenStateRoot {
  /** By which that very directory is reached, until it is closed. */
  readonly directory: string;
  close(): void;
}

/**
 * The directory in which every container has its own. Each use, of which a whole listing may be one, opens it anew,
 * looks whose it is, and reaches what is below through that very descriptor: whoever may rename a directory above it
 * changes nothing between the look and the use. For the same reason a sticky parent such as /tmp is as good as any
 * other.
 */
export class StateRoot {
  readonly #native: Native;
  readonly path: string;

  constructor(native: Native, path: string) {
    this.#native = native;
    this.path = path;
  }

  /** The name of a container's directory. */
  directory(id: string): string {
    checkId(id);
    return `${this.path}/${id}`;
  }

  /**
   * Throws `SystemError` (`ENOENT`, `ENOTDIR`) when it is not there, and `Failure` (`invalid`) when it belongs to
   * somebody else or others may write to it.
   */
  open(): OpenStateRoot {
    const native = this.#native;
    const descriptor = native.open(this.path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    const root = { directory: `/proc/self/fd/${descriptor}`, close: () => native.close(descriptor) };
    try {
      const status = native.status(root.directory, true);
      if (status === undefined) requireProcfs(native);
      else this.#check(status);
      return root;
    } catch (error) {
      root.close();
      throw error;
    }
  }

  /** Calls `use` with a path by which the directory is reached meanwhile. Throws as `open`. */
  within<Result>(use: (directory: string) => Result): Result {
    const root = this.open();
    try {
      return use(root.directory);
    } finally {
      root.close();
    }
  }

  /** Makes it, with its parents, for its owner alone. What is there already is fine. */
  make(): void {
    const missing: string[] = [];
    for (let path = this.path; path !== '' && !this.#isThere(path); ) {
      missing.unshift(path);
      path = path.slice(0, path.lastIndexOf('/'));
    }
    for (const path of missing) {
      try {
        this.#native.makeDirectory(path, 0o700);
      } catch (cause) {
        if (hasErrno(cause, 'EEXIST')) continue;
        throw new Failure('system', `cannot make the state directory "${path}": ${messageOf(cause)}`, {
          cause,
          hint: 'Name a writable directory with --root',
        });
      }
    }
  }

  #isThere(path: string): boolean {
    try {
      return this.#native.status(path, true) !== undefined;
    } catch (cause) {
      throw new Failure('system', `cannot use the state directory "${this.path}": ${messageOf(cause)}`, {
        cause,
        hint: 'Name a directory of your own with --root',
      });
    }
  }

  /** Root's and the caller's own are trusted. A group counts as others: who is in it may change. */
  #check({ uid, mode }: FileStatus): void {
    const caller = this.#native.userId();
    const foreign = uid !== 0 && uid !== caller;
    if (!foreign && (mode & writableByOthers) === 0) return;
    const why = foreign ? 'it belongs to somebody else' : 'others can write to it';
    const is = `its owner is ${this.#name(uid)}, its mode ${modeText(mode & permissions)}`;
    throw new Failure('invalid', `the state directory "${this.path}" is refused: ${why} (${is})`, {
      hint:
        `Whoever can write there could have hooks of their own run by ${this.#name(caller)}: chown or chmod it (0700 is right), or name ` +
        'another directory with --root',
    });
  }

  #name(uid: number): string {
    if (uid === nobody && this.#native.userId() !== nobody)
      return `${uid}, whom this user namespace does not know`;
    const name = ownerName(this.#native, uid);
    return name === String(uid) ? `user ${uid}` : `${name} (${uid})`;
  }
}
