import { Failure, messageOf } from '../../failure.ts';
import { absolutePath } from '../../host/absolute-path.ts';
import { ask } from '../../host/files.ts';
import { hasErrno, type Native } from '../../host/native.ts';
import { O_CLOEXEC, O_DIRECTORY, O_RDONLY } from '../../host/open-flags.ts';
import { normalizePath, relativePath, resolvePath } from '../../spec/path.ts';
import { removeIfThere } from '../process/pid-file.ts';
import {
  checkDirectory,
  checkParents,
  isFile,
  readPlainFile,
  refuseAllButFiles,
  refuseOthers,
  within,
} from './private-directory.ts';

/** Beside CRIU's images, under the name and in the form that others know: what the standard streams were. */
const streamsFile = 'descriptors.json';
/** What the mounts were; ours alone. */
const mountsFile = 'tsoci-mounts.json';

/** A mount of a container that was saved. */
export interface NotedMount {
  readonly target: string;
  /** MOUNT_ATTR_* that it had. */
  readonly attributes: number;
  /** It came from the host. */
  readonly external: boolean;
}

/** What is known of the container's outside. */
export interface Notes {
  readonly streams: readonly string[];
  /** Undefined in the images of another runtime. */
  readonly mounts: readonly NotedMount[] | undefined;
}

/**
 * The directory of a checkpoint, and the one for CRIU's logs and sockets. Each is opened once and used by its
 * descriptor alone, by CRIU as well.
 *
 * What is in a checkpoint may come from anywhere, and CRIU opens it as root, by name, following links and waiting for
 * whoever writes into a FIFO: so there must be nothing but files in it, and nobody else who could change that
 * meanwhile.
 */
export class Images {
  readonly path: string;
  readonly descriptor: number;
  readonly #native: Native;
  #work: { readonly path: string; readonly descriptor: number } | undefined;

  private constructor(native: Native, path: string) {
    this.#native = native;
    this.path = path;
    this.descriptor = open(native, path, '--image-path');
    try {
      refuseOthers(native, this.descriptor, path, '--image-path');
      refuseAllButFiles(native, this.descriptor, path);
    } catch (error) {
      native.close(this.descriptor);
      throw error;
    }
  }

  /** Makes what is missing, for root alone: the images hold all that the processes have in memory. */
  static make(native: Native, imagePath: string): Images {
    const path = absolute(native, imagePath);
    makeDirectories(native, path);
    return new Images(native, path);
  }

  /** @throws Failure `invalid` when there is no checkpoint */
  static open(native: Native, imagePath: string): Images {
    const path = absolute(native, imagePath);
    if (!isCheckpoint(native, path))
      throw new Failure('invalid', `there is no checkpoint in "${path}"`, {
        hint: 'Name the directory that `tsoci checkpoint` wrote with --image-path',
      });
    const images = new Images(native, path);
    try {
      checkParents(native, images.descriptor, path);
      return images;
    } catch (error) {
      images.close();
      throw error;
    }
  }

  /**
   * The directory for CRIU's logs and sockets, made where it is missing. What has a log's name and is no file goes
   * away: CRIU would write through it.
   * @throws Failure `invalid` when others can change it
   */
  workIn(workPath: string): void {
    const path = absolute(this.#native, workPath);
    makeDirectories(this.#native, path);
    const descriptor = open(this.#native, path, '--work-path');
    try {
      refuseOthers(this.#native, descriptor, path, '--work-path');
      for (const name of this.#native.readDirectory(within(descriptor)))
        if (/\.log$|^stats-/.test(name) && !isFile(this.#native, descriptor, name))
          removeIfThere(this.#native, within(descriptor, name));
    } catch (error) {
      this.#native.close(descriptor);
      throw error;
    }
    this.#work = { path, descriptor };
  }

  get workPath(): string {
    return this.#work?.path ?? this.path;
  }

  get workDescriptor(): number {
    return this.#work?.descriptor ?? this.descriptor;
  }

  /** A file of CRIU's in the work directory, to be read. */
  workFile(name: string): string {
    return within(this.workDescriptor, name);
  }

  /**
   * Throws `Failure` unless these descriptors are of the very same directories as ours: somebody else opened them by
   * their paths.
   */
  checkSame(imageDirectory: number, workDirectory: number): void {
    for (const [one, other, path] of [
      [this.descriptor, imageDirectory, this.path],
      [this.workDescriptor, workDirectory, this.workPath],
    ] as const) {
      const [ours, theirs] = [one, other].map((each) => this.#native.status(within(each), true));
      if (ours === undefined || ours.dev !== theirs?.dev || ours.ino !== theirs.ino)
        throw new Failure('system', `"${path}" became another directory meanwhile`);
    }
  }

  /**
   * Root of a container's user namespace reads the images itself when they are restored. It gets in by its group, so
   * that nobody else on the host can read what the processes had in memory.
   */
  letIn(groupId: number): void {
    for (const descriptor of new Set([this.descriptor, this.workDescriptor])) {
      const path = within(descriptor);
      ask("let the container's root into", this.path, () => {
        const status = this.#native.status(path, true);
        if (status === undefined || (status.mode & 0o001) !== 0) return;
        this.#native.chown(path, status.uid, groupId);
        this.#native.chmod(path, (status.mode & 0o7777) | 0o010);
      });
    }
  }

  close(): void {
    this.#native.close(this.descriptor);
    if (this.#work !== undefined) this.#native.close(this.#work.descriptor);
  }

  /**
   * The earlier images that these build upon, as CRIU wants them: relative to this directory, so that both can be
   * moved together.
   * @throws Failure `invalid` when they are not there
   */
  parent(given: string): string {
    const path = normalizePath(resolvePath(this.path, given));
    if (!isCheckpoint(this.#native, path))
      throw new Failure('invalid', `--parent-path "${given}": there are no images in "${path}"`, {
        hint: 'Name the --image-path of the --pre-dump before, absolute or relative to the new --image-path',
      });
    checkDirectory(this.#native, path, '--parent-path');
    return relativePath(this.path, path);
  }

  writeNotes({ streams, mounts }: Notes): void {
    this.#write(streamsFile, streams);
    this.#write(mountsFile, mounts);
  }

  #write(name: string, content: unknown): void {
    const path = within(this.descriptor, name);
    removeIfThere(this.#native, path);
    ask('write to the images in', this.path, () =>
      this.#native.createFile(path, JSON.stringify(content), 0o600, false),
    );
  }

  readNotes(): Notes {
    const isText = (each: unknown): each is string => typeof each === 'string';
    return {
      streams: this.#readList(streamsFile, isText) ?? [],
      mounts: this.#readList(mountsFile, isNotedMount),
    };
  }

  #readList<T>(name: string, isEntry: (each: unknown) => each is T): readonly T[] | undefined {
    const path = `${this.path}/${name}`;
    const text = readPlainFile(this.#native, within(this.descriptor, name), path);
    if (text === undefined) return undefined;
    let list: unknown;
    try {
      list = JSON.parse(text);
    } catch (cause) {
      throw new Failure('invalid', `"${path}" is damaged: ${messageOf(cause)}`, { cause });
    }
    if (Array.isArray(list) && list.every(isEntry)) return list;
    throw new Failure('invalid', `"${path}" is damaged: it does not hold what was written there`);
  }
}

function isNotedMount(each: unknown): each is NotedMount {
  const { target, attributes, external } = (each ?? {}) as Record<string, unknown>;
  return typeof target === 'string' && typeof attributes === 'number' && typeof external === 'boolean';
}

function absolute(native: Native, path: string): string {
  return normalizePath(absolutePath(native, path));
}

function makeDirectories(native: Native, path: string): void {
  try {
    makeMissing(native, path);
  } catch (cause) {
    throw new Failure('invalid', `cannot make the directory "${path}": ${messageOf(cause)}`, { cause });
  }
}

function isCheckpoint(native: Native, path: string): boolean {
  return (
    ask('look for a checkpoint in', path, () => native.status(`${path}/inventory.img`, false)) !== undefined
  );
}

/** Throws `SystemError`. */
function makeMissing(native: Native, path: string): void {
  if (native.status(path, true) !== undefined) return;
  makeMissing(native, path.slice(0, path.lastIndexOf('/')) || '/');
  try {
    native.makeDirectory(path, 0o700);
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
  }
}

function open(native: Native, path: string, option: string): number {
  try {
    return native.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  } catch (cause) {
    throw new Failure('invalid', `${option} "${path}": ${messageOf(cause)}`, { cause });
  }
}
