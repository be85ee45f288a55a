import { Failure, messageOf } from '../../failure.ts';
import { isDirectory, isRegularFile, isSocket } from '../../host/file-types.ts';
import { hasErrno, type Native } from '../../host/native.ts';
import { O_CLOEXEC, O_DIRECTORY, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../../host/open-flags.ts';

const writableByOthers = 0o022;
const maximum = 1024 * 1024;
/** How many images may build upon each other. */
const maximumParents = 256;
/** By this link CRIU finds the earlier images that others build upon. */
const parentLink = 'parent';

/** The path of an open directory, or of something in it: nobody can put another directory in its place. */
export function within(directory: number, name?: string): string {
  return name === undefined ? `/proc/self/fd/${directory}` : `/proc/self/fd/${directory}/${name}`;
}

export function isFile(native: Native, directory: number, name: string): boolean {
  return isRegularFile(native.status(within(directory, name), false));
}

/**
 * Whoever may write to a directory can put a link or a FIFO into it at any moment, and change what is restored, which
 * CRIU gives the identity and the privileges that it finds in the images.
 * @throws Failure `invalid` when that is somebody else
 */
export function refuseOthers(native: Native, directory: number, path: string, option: string): void {
  const status = native.status(within(directory), true);
  const mode = (status?.mode ?? 0) & 0o7777;
  const owner = status?.uid ?? 0;
  if ((owner === 0 || owner === native.userId()) && (mode & writableByOthers) === 0) return;
  throw new Failure(
    'invalid',
    `${option} "${path}": others can change what is in it (owner ${owner}, mode ${mode.toString(8)}), while CRIU works in it as root`,
    { hint: 'Make a copy that is yours alone, or `chown root` and `chmod go-w` it' },
  );
}

/** @throws Failure `invalid` for anything in a directory of images that CRIU would follow or wait for */
export function refuseAllButFiles(native: Native, directory: number, path: string): void {
  for (const name of native.readDirectory(within(directory))) {
    const status = native.status(within(directory, name), false);
    // A socket cannot be opened by its name (ENXIO), and the server of lazy pages listens on one.
    if (isRegularFile(status) || isDirectory(status) || isSocket(status) || name === parentLink) continue;
    throw new Failure('invalid', `"${path}/${name}" is not a file, which is all that a checkpoint holds`, {
      hint: 'Whoever made it wants CRIU to follow a link, or to wait forever: do not restore it',
    });
  }
}

/** Opens and checks a directory of images. */
export function checkDirectory(native: Native, path: string, option: string): void {
  const directory = openDirectory(native, path, option);
  try {
    refuseOthers(native, directory, path, option);
    refuseAllButFiles(native, directory, path);
    checkParents(native, directory, path);
  } finally {
    native.close(directory);
  }
}

/** The same for the earlier images that those in a directory build upon, and those before them. */
export function checkParents(native: Native, directory: number, path: string): void {
  const opened: number[] = [];
  let here = directory;
  try {
    while (native.status(within(here, parentLink), false) !== undefined) {
      const where = `${path}/${Array(opened.length + 1)
        .fill(parentLink)
        .join('/')}`;
      if (opened.length >= maximumParents)
        throw new Failure('invalid', `"${path}" builds upon more than ${maximumParents} others`);
      here = openDirectory(native, within(here, parentLink), `the images before, "${where}"`);
      opened.push(here);
      refuseOthers(native, here, where, '--image-path');
      refuseAllButFiles(native, here, where);
    }
  } finally {
    for (const descriptor of opened) native.close(descriptor);
  }
}

function openDirectory(native: Native, path: string, what: string): number {
  try {
    return native.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  } catch (cause) {
    throw new Failure('invalid', `${what} "${path}": ${messageOf(cause)}`, { cause });
  }
}

/**
 * Opens a file for reading without following a link and without waiting; undefined when there is none.
 * @throws Failure `invalid` for anything else than a file
 */
export function openPlainFile(native: Native, path: string, shown: string): number | undefined {
  let file: number;
  try {
    file = native.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT')) return undefined;
    throw new Failure('invalid', `cannot read "${shown}": ${messageOf(cause)}`, { cause });
  }
  if (isRegularFile(native.status(within(file), true))) return file;
  native.close(file);
  throw new Failure('invalid', `"${shown}" is not a file`);
}

/** The whole of such a file; undefined when there is none. */
export function readPlainFile(native: Native, path: string, shown: string): string | undefined {
  const file = openPlainFile(native, path, shown);
  if (file === undefined) return undefined;
  try {
    return native.readText(within(file), maximum);
  } catch (cause) {
    throw new Failure('invalid', `cannot read "${shown}": ${messageOf(cause)}`, { cause });
  } finally {
    native.close(file);
  }
}
