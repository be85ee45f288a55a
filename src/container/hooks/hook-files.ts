import { Failure } from '../../failure.ts';
import { fileKind } from '../../host/file-types.ts';
import { ask, askUnless } from '../../host/files.ts';
import type { Native } from '../../host/native.ts';
import {
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_WRONLY,
} from '../../host/open-flags.ts';
import { type Annotations, hookFiles } from '../../spec/annotations.ts';
import { filesystemTypes } from '../../spec/kernel-flags.ts';

/** What opening them takes of the machine. */
export type HookFilesNative = Pick<Native, 'open' | 'close' | 'status' | 'fileSystemType'>;

/** Where a hook's standard streams lead instead of into its error message. */
export interface OpenHookFiles {
  readonly stdout: number | undefined;
  readonly stderr: number | undefined;
  close(): void;
}

/**
 * A link that somebody else may have put there is not followed. What is there is looked at before it is opened for
 * writing: opening a device may do something (a watchdog begins to count), and a FIFO would be waited for.
 */
const look = O_PATH | O_NOFOLLOW | O_CLOEXEC;
const append = O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
const make = append | O_CREAT | O_NOFOLLOW;

const { proc, sysfs, cgroup, cgroup2 } = filesystemTypes;
/** To write there is to tell the kernel something. */
const kernelFiles: readonly number[] = [proc, sysfs, cgroup, cgroup2];

function requireRegular(native: HookFilesNative, path: string, descriptor: number): void {
  const status = native.status(`/proc/self/fd/${descriptor}`, true);
  const system = native.fileSystemType(`/proc/self/fd/${descriptor}`);
  if (status !== undefined && fileKind(status) === 'file' && !kernelFiles.includes(system)) return;
  throw new Failure('invalid', `the output of hooks cannot go to "${path}": it is not a regular file`, {
    pointer: '/annotations',
  });
}

/** Somebody else may have been faster, with something else. */
function madeFile(native: HookFilesNative, path: string, action: string): number {
  const made = ask(action, path, () => native.open(path, make, 0o600));
  try {
    requireRegular(native, path, made);
    return made;
  } catch (error) {
    native.close(made);
    throw error;
  }
}

function openFile(native: HookFilesNative, path: string): number {
  const action = 'write the output of hooks to';
  const there = askUnless(['ENOENT'], action, path, () => native.open(path, look, 0));
  if (there === undefined) return madeFile(native, path, action);
  try {
    requireRegular(native, path, there);
    return ask(action, path, () => native.open(`/proc/self/fd/${there}`, append, 0));
  } finally {
    native.close(there);
  }
}

/**
 * Opens the files that annotations name for what hooks say; they are made with mode 0600 where they are not there.
 *
 * Throws `Failure`: `system` when one cannot be written, `invalid` when it is no regular file.
 */
export function openHookFiles(native: HookFilesNative, annotations: Annotations): OpenHookFiles {
  const { stdout, stderr } = hookFiles(annotations);
  const opened: number[] = [];
  const close = (): void => {
    for (const descriptor of opened) native.close(descriptor);
  };
  const open = (path: string | undefined): number | undefined => {
    if (path === undefined) return undefined;
    const descriptor = openFile(native, path);
    opened.push(descriptor);
    return descriptor;
  };
  try {
    return { stdout: open(stdout), stderr: open(stderr), close };
  } catch (error) {
    close();
    throw error;
  }
}
