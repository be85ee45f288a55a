import { isFifo } from '../../host/file-types.ts';
import { ask, askLater, askUnless } from '../../host/files.ts';
import type { Native } from '../../host/native.ts';
import {
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_NOCTTY,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
} from '../../host/open-flags.ts';

const always = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
/**
 * For how much pipes and fifos between a container and its client have room while the client is away: the most that
 * pipe(7) lets anybody have.
 */
const room = 1 << 20;

/** A wide pipe: its end to read from, and the one to write to. */
export function openPipe(native: Pick<Native, 'pipe' | 'widenPipe'>): [reading: number, writing: number] {
  const pipe = native.pipe();
  native.widenPipe(pipe[0], room);
  return pipe;
}

/** The other end of a pipe that a process has as its descriptor; undefined when that is none (any more). */
export function openPipeOf(
  native: Native,
  pid: number,
  number: 0 | 1 | 2,
  flags: number,
): number | undefined {
  const path = `/proc/${pid}/fd/${number}`;
  const link = askUnless(['ENOENT'], 'look at', path, () => native.readLink(path));
  if (!link?.startsWith('pipe:')) return undefined;
  return askUnless(['ENOENT', 'ENXIO'], 'open', path, () => native.open(path, flags | always, 0));
}

/** Also a fifo, which is a pipe with a name. */
export function isPipe(native: Pick<Native, 'status'>, descriptor: number): boolean {
  return isFifo(native.status(`/proc/self/fd/${descriptor}`, true));
}

/**
 * What the client reads the output from. A fifo is opened for reading as well: that waits for nobody, and as long as
 * it has that reader the client may die and come back without anybody's getting EPIPE. Anything else is appended to.
 */
export function openOutput(native: Native, path: string): number {
  const flags = O_RDWR | O_APPEND | always;
  const descriptor = ask("open the client's standard output", path, () => native.open(path, flags, 0));
  if (isPipe(native, descriptor)) native.widenPipe(descriptor, room);
  return descriptor;
}

/** What the client writes the input to, without waiting for it. */
export function openInput(native: Native, path: string): number {
  return ask("open the client's standard input", path, () => native.open(path, O_RDONLY | always, 0));
}

/**
 * Our own writer of it, so that the end is not seen when the client goes away; undefined for what is no fifo. It
 * needs a reader.
 */
export function openWriter(native: Native, path: string, reading: number): number | undefined {
  if (!isPipe(native, reading)) return undefined;
  return ask("open the client's standard input", path, () => native.open(path, O_WRONLY | always, 0));
}

/**
 * A file that output is appended to, with the directories above it. Its disk may hang, and holds up nobody else then.
 */
export async function openLogFile(
  native: Pick<Native, 'openAsync' | 'makeDirectoryAsync'>,
  path: string,
): Promise<number> {
  const flags = O_WRONLY | O_APPEND | O_CREAT | always;
  const open = () => native.openAsync(path, flags, 0o644);
  const opened = await askLater(['ENOENT'], 'open the log', path, open);
  if (opened !== undefined) return opened;
  await makeParents(native, path);
  return (await askLater([], 'open the log', path, open)) as number;
}

async function makeParents(native: Pick<Native, 'makeDirectoryAsync'>, path: string): Promise<void> {
  for (let end = path.indexOf('/', 1); end !== -1; end = path.indexOf('/', end + 1)) {
    const directory = path.slice(0, end);
    await askLater(['EEXIST'], 'make the directory of the log', directory, () =>
      native.makeDirectoryAsync(directory, 0o755),
    );
  }
}
