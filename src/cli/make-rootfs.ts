import { Failure, withCleanup } from '../failure.ts';
import { type ChildResult, readScratch, runChild, withScratch } from '../host/child.ts';
import { isDirectory } from '../host/file-types.ts';
import { ask, askLater, askUnless } from '../host/files.ts';
import type { Host } from '../host/host.ts';
import type { FileStatus, Native } from '../host/native.ts';
import { O_CLOEXEC, O_RDONLY } from '../host/open-flags.ts';
import { programDirectories, programPath } from '../host/program-directories.ts';
import { endName } from '../host/signals.ts';

const longestComplaint = 4096;
/** The whole of busybox, at most. */
const longestProgram = 32 * 1024 * 1024;
/** Program header that names a loader (elf(5)). */
const interpreterHeader = 3;

/**
 * `rootfs`: fills a directory, which must not be there or be empty, with a root filesystem: a copy of another
 * directory, what is in an archive (by the host's tar), or, for the word `busybox`, the host's static busybox under
 * the name of each of its commands.
 *
 * Throws `Failure`: `invalid`, `exists`, `unsupported` without the programs that it takes, `system`.
 */
export async function makeRootfs(host: Host, source: string, destination: string): Promise<void> {
  const { native } = host;
  const kind = source === 'busybox' ? undefined : look(native, source);
  if (source !== 'busybox' && kind === undefined) {
    throw new Failure('invalid', `"${source}" is not there`, {
      hint: 'Name a directory, an archive that tar knows, or busybox.',
    });
  }
  const busybox = kind === undefined ? staticBusybox(native) : undefined;
  const made = makeEmpty(native, destination);
  try {
    if (busybox !== undefined) await installBusybox(host, busybox, destination);
    else if (isDirectory(kind))
      await run(host, 'cp', ['--archive', '--one-file-system', '--', `${source}/.`, destination]);
    else
      await run(host, 'tar', [
        '--extract',
        '--numeric-owner',
        `--file=${plainFile(source)}`,
        `--directory=${destination}`,
      ]);
  } catch (error) {
    throw withCleanup(error, await undo(host, destination, made));
  }
}

/** Makes the directory as empty as it was, or takes it away when it is `made` by us. Gives what failed of that. */
async function undo(host: Host, destination: string, made: boolean): Promise<unknown[]> {
  try {
    await run(host, 'find', [plainFile(destination), '-xdev', '-mindepth', '1', '-delete']);
    if (made) ask('remove', destination, () => host.native.removeDirectory(destination));
    return [];
  } catch (error) {
    return [error];
  }
}

/**
 * GNU tar asks another machine for `host:file`, by its remote shell, and takes `-` as its input; not where a slash
 * comes first (tar(1)). Nor does find(1) take such a path for an option.
 */
function plainFile(path: string): string {
  return path.startsWith('/') ? path : `./${path}`;
}

function look(native: Native, path: string): FileStatus | undefined {
  return ask('look at', path, () => native.status(path, true));
}

/** Whether it was made, and not there and empty. Throws `Failure` (`exists`) when something is in it. */
function makeEmpty(native: Native, path: string): boolean {
  const there = askUnless(['EEXIST'], 'make', path, () => {
    native.makeDirectory(path, 0o755);
    return true;
  });
  if (there === true) return true;
  if (ask('read', path, () => native.readDirectory(path)).length === 0) return false;
  throw new Failure('exists', `"${path}" is not empty, and nothing in it is overwritten`, {
    hint: 'Name a directory that is not there yet.',
  });
}

/** The host's busybox, if it runs where there is nothing else. */
function staticBusybox(native: Native): Uint8Array {
  const path = find(native, 'busybox');
  const bytes =
    path === undefined ? undefined : ask('read', path, () => native.readFile(path, longestProgram));
  if (bytes !== undefined && !hasInterpreter(bytes)) return bytes;
  throw new Failure(
    'unsupported',
    bytes === undefined
      ? 'this machine has no busybox'
      : `"${path}" needs libraries, which no root filesystem has yet`,
    { hint: "Install the static one (Debian's package busybox-static), or name an archive or a directory." },
  );
}

/** An executable for 64 bits, little-endian, that takes a dynamic loader. */
function hasInterpreter(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 64) return false;
  const [table, size, count] = [
    Number(view.getBigUint64(32, true)),
    view.getUint16(54, true),
    view.getUint16(56, true),
  ];
  for (let index = 0; index < count; index++) {
    const at = table + index * size;
    if (at + 4 <= bytes.length && view.getUint32(at, true) === interpreterHeader) return true;
  }
  return false;
}

async function installBusybox(host: Host, busybox: Uint8Array, destination: string): Promise<void> {
  const { native } = host;
  const make = (name: string, mode: number): void => {
    const path = `${destination}/${name}`;
    ask('make', path, () => {
      native.makeDirectory(path, mode);
      // whatever the umask is
      native.chmod(path, mode);
    });
  };
  for (const name of ['bin', 'dev', 'etc', 'proc', 'sys', 'var']) make(name, 0o755);
  make('root', 0o700);
  make('tmp', 0o1777);
  const write = (name: string, content: string | Uint8Array, mode: number): void =>
    ask('write', `${destination}/${name}`, () =>
      native.createFile(`${destination}/${name}`, content, mode, false),
    );
  write('bin/busybox', busybox, 0o755);
  write('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n', 0o644);
  write('etc/group', 'root:x:0:\n', 0o644);
  const program = ask('find', destination, () => native.realPath(`${destination}/bin/busybox`));
  // Hard links: other ones would have its name on the host in them.
  await run(host, program, ['--install', `${destination}/bin`]);
}

function find(native: Native, name: string): string | undefined {
  return programDirectories
    .map((place) => `${place}/${name}`)
    .find((path) => look(native, path) !== undefined);
}

/** Runs a program of the host to its end. Throws `Failure` with what it complained about. */
async function run(host: Host, name: string, args: readonly string[]): Promise<void> {
  const { native } = host;
  const file = name.startsWith('/') ? name : find(native, name);
  if (file === undefined) throw new Failure('unsupported', `this machine has no ${name}, which this takes`);
  const nothing = ask('open', '/dev/null', () => native.open('/dev/null', O_RDONLY | O_CLOEXEC, 0));
  try {
    await withScratch(native, 'tsoci-rootfs', async (said) => {
      const environment = [programPath, 'LC_ALL=C'];
      const child = { file, argv: [name, ...args], environment, descriptors: [nothing, said, said] };
      const ended = (await askLater([], 'run', file, () => runChild(host, child))) as ChildResult;
      if (ended.code === 0) return;
      const why = readScratch(native, said, longestComplaint).trim() || endName(ended);
      throw new Failure('system', `${name}: ${why}`);
    });
  } finally {
    native.close(nothing);
  }
}
