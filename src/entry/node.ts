#!/usr/bin/env node
/**
 * The command's entry on Node. Exits as soon as the answer is known: an idle event loop would still cost a fraction
 * of a millisecond.
 */
import { dispatch } from '../cli/dispatch.ts';
import { openKoffiLibrary } from '../foreign/koffi.ts';
import type { Host } from '../host/host.ts';
import { hasErrno, type Native } from '../host/native.ts';
import { blockingWait } from '../host/wait.ts';
import { consoleSink } from './console-sink.ts';
import { findLibexec } from './libexec.ts';
import { loadNative } from './load-native.ts';

/** Words that start this program again: Node with its options, and the script. */
function ownProgram(): string[] {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
}

/**
 * Node makes the caller's descriptors close-on-exec, as its own are. The first that it opens is the lowest number
 * that was free, with its event loop: the caller's are those before it.
 */
function firstOwn(native: Native): number {
  const first = native
    .readDirectory('/proc/self/fd')
    .map(Number)
    .sort((left, right) => left - right)
    .find((descriptor) => descriptor > 2 && leadsToLoop(native, descriptor));
  return first ?? 3;
}

/** False also for a descriptor that is gone: that of the directory's listing. */
function leadsToLoop(native: Native, descriptor: number): boolean {
  try {
    return native.readLink(`/proc/self/fd/${descriptor}`) === 'anon_inode:[eventpoll]';
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Waiting blocks, native code lies where the package says. Throws `Failure`. */
function openHost(): Host {
  const libexec = findLibexec();
  const native = loadNative(libexec);
  const wait = blockingWait(native);
  let own: number | undefined;
  return {
    native,
    wait,
    openSeccompLibrary: () => openKoffiLibrary(native),
    surroundings: process.env,
    libexec,
    passed: (descriptor) => {
      own ??= firstOwn(native);
      return descriptor < own;
    },
  };
}

dispatch(process.argv.slice(2), {
  surroundings: process.env,
  program: ownProgram(),
  engine: `node: ${process.versions.node}`,
  elapsed: () => performance.now(),
  openHost,
  sink: consoleSink,
}).then((status) => process.exit(status));
