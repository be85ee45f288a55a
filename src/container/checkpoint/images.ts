import { Failure, messageOf } from '../../failure.ts';
import { hasErrno, type Native } from '../../host/native.ts';
import { normalizePath, relativePath, resolvePath } from '../../plan/path.ts';
import { removeIfThere } from '../pid-file.ts';

const O_RDONLY = 0;
const O_DIRECTORY = 0o200000;
const O_CLOEXEC = 0o2000000;
const maximum = 1024 * 1024;

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

/** The directory of a checkpoint, and the one for CRIU's logs and sockets. */
export class Images {
  readonly path: string;
  readonly workPath: string;
  readonly descriptor: number;
  readonly workDescriptor: number;
  readonly #native: Native;

  private constructor(native: Native, path: string, workPath: string) {
    this.#native = native;
    this.path = path;
    this.workPath = workPath;
    this.descriptor = open(native, path, '--image-path');
    try {
      this.workDescriptor = open(native, workPath, '--work-path');
    } catch (error) {
      native.close(this.descriptor);
      throw error;
    }
  }

  /** Makes what is missing, for root alone: the images hold all that the processes have in memory. */
  static make(native: Native, imagePath: string, workPath: string | undefined): Images {
    const path = absolute(native, imagePath);
    const work = workPath === undefined ? path : absolute(native, workPath);
    for (const each of new Set([path, work])) {
      try {
        makeDirectories(native, each);
      } catch (cause) {
        throw new Failure('invalid', `can't make the directory "${each}": ${messageOf(cause)}`, { cause });
      }
    }
    return new Images(native, path, work);
  }

  /** @throws Failure `invalid` when there is no checkpoint */
  static open(native: Native, imagePath: string, workPath: string | undefined): Images {
    const path = absolute(native, imagePath);
    if (native.status(`${path}/inventory.img`, true) === undefined)
      throw new Failure('invalid', `there is no checkpoint in "${path}"`, {
        hint: 'name the directory that `tsoci checkpoint` wrote with --image-path',
      });
    if (workPath !== undefined) return Images.make(native, path, workPath);
    return new Images(native, path, path);
  }

  /**
   * Root of a container's user namespace reads the images itself when they are restored. It gets in by its group, so that nobody else on the host
   * can read what the processes had in memory.
   */
  letIn(groupId: number): void {
    for (const path of new Set([this.path, this.workPath])) {
      const status = this.#native.status(path, true);
      if (status === undefined || (status.mode & 0o001) !== 0) continue;
      this.#native.chown(path, status.uid, groupId);
      this.#native.chmod(path, (status.mode & 0o7777) | 0o010);
    }
  }

  close(): void {
    this.#native.close(this.descriptor);
    this.#native.close(this.workDescriptor);
  }

  /**
   * The earlier images that these build upon, as CRIU wants them: relative to this directory, so that both can be moved together.
   * @throws Failure `invalid` when they are not there
   */
  parent(given: string): string {
    const path = normalizePath(resolvePath(this.path, given));
    if (this.#native.status(`${path}/inventory.img`, true) === undefined)
      throw new Failure('invalid', `--parent-path "${given}": there are no images in "${path}"`, {
        hint: 'name the --image-path of the --pre-dump before, absolute or relative to the new --image-path',
      });
    return relativePath(this.path, path);
  }

  writeNotes({ streams, mounts }: Notes): void {
    this.#write(streamsFile, streams);
    this.#write(mountsFile, mounts);
  }

  #write(name: string, content: unknown): void {
    const path = `${this.path}/${name}`;
    removeIfThere(this.#native, path);
    this.#native.createFile(path, JSON.stringify(content), 0o600, false);
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
    let text: string;
    try {
      text = this.#native.readText(path, maximum);
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
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
  return normalizePath(path.startsWith('/') ? path : resolvePath(native.workingDirectory(), path));
}

function makeDirectories(native: Native, path: string): void {
  if (native.status(path, true) !== undefined) return;
  makeDirectories(native, path.slice(0, path.lastIndexOf('/')) || '/');
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
