import { Failure, messageOf } from '../failure.ts';
import { ask } from '../host/files.ts';
import type { Host } from '../host/host.ts';
import { hasErrno, type Native } from '../host/native.ts';
import { O_CLOEXEC, O_RDWR } from '../host/open-flags.ts';
import { SIGKILL } from '../host/signals.ts';
import { filesystemTypes } from '../spec/kernel-flags.ts';
import { isListened, pathOfAddress, socketDirectory, socketPath } from './address.ts';
import { readBootstrap, writeBootstrap } from './bootstrap.ts';
import type { Invocation } from './shim-call.ts';
import { groupOf, peekConfig } from './task/bundle.ts';
import { noOptions, readOptions, type TaskOptions } from './task/options.ts';

/** containerd sends no more. */
const longestInput = 10 << 20;
const standardInput = 0;
const standardOutput = 1;
/** The kernel's worst, so that nobody gets more than there is. */
const highestScore = 1000;
/** Name of the group of all containers, where one shim serves them all. */
const wholeNode = 'node';

/**
 * `start`: finds the shim of the container's group, or starts it, and prints its address. The working directory is
 * the bundle. The server need not be ready: its socket listens already. Throws `Failure`.
 */
export async function start(invocation: Invocation): Promise<void> {
  const { given, host } = invocation;
  const { native } = host;
  const bootstrap = readBootstrap(readAll(native), given.id, given.namespace);
  const options = readOptions(native, bootstrap.options);
  const { annotations } = peekConfig(native, '.');
  const group = options.group === 'node' ? wholeNode : (groupOf(annotations) ?? given.id);
  const directory = socketDirectory(host, bootstrap.params?.socket_dir);
  makeDirectories(native, directory);
  const path = socketPath(directory, given.address, given.namespace, group);
  const listening = listenOrFind(native, path);
  const address = `unix://${path}`;
  try {
    writeAddress(native, address);
    if (listening !== undefined) startServer(invocation, { listening, path }, options);
  } catch (error) {
    if (listening !== undefined) ask('remove', path, () => native.unlink(path));
    throw error;
  }
  native.write(standardOutput, writeBootstrap(address, bootstrap));
}

/**
 * `adopt`: starts a shim for containers that live though theirs is gone, at the same address, so that containerd,
 * which is not to run meanwhile, finds it. The working directory is the bundle of the group's first container. Throws
 * `Failure`.
 */
export async function adopt(invocation: Invocation): Promise<void> {
  const { given, host, environment } = invocation;
  const { native } = host;
  const address = ask('find the address of the shim in', 'address', () =>
    native.readText('address', 4096).trim(),
  );
  const path = pathOfAddress(address);
  const listening = listenOrFind(native, path);
  if (listening === undefined)
    throw new Failure('status', `a shim serves the containers of "${given.id}" already, at ${path}`);
  // Of containerd's own children this is in the environment.
  const events = `TTRPC_ADDRESS=${given.address}.ttrpc`;
  const named = environment.some((line) => line.startsWith('TTRPC_ADDRESS='));
  const call =
    named || given.address === '' ? invocation : { ...invocation, environment: [...environment, events] };
  startServer(call, { listening, path }, noOptions, ['-adopt']);
  native.write(standardOutput, new TextEncoder().encode(address));
}

function readAll(native: Native): Uint8Array {
  const whole: number[] = [];
  for (;;) {
    const piece = native.read(standardInput, 65_536);
    if (piece.length === 0) return new Uint8Array(whole);
    for (const byte of piece) whole.push(byte);
    if (whole.length > longestInput)
      throw new Failure('invalid', `more than ${longestInput} bytes on standard input`);
  }
}

function makeDirectories(native: Native, path: string): void {
  const parent = path.slice(0, path.lastIndexOf('/'));
  if (parent !== '' && ask('look at', parent, () => native.status(parent, true)) === undefined)
    makeDirectories(native, parent);
  ask('make the directory of sockets', path, () => {
    try {
      native.makeDirectory(path, 0o700);
    } catch (error) {
      if (!hasErrno(error, 'EEXIST')) throw error;
    }
  });
}

/** The listening socket of a new shim; undefined when one serves there. A file that a dead one left is replaced. */
function listenOrFind(native: Native, path: string): number | undefined {
  for (;;) {
    try {
      return native.listenStream(path);
    } catch (error) {
      if (!hasErrno(error, 'EADDRINUSE')) {
        ask('listen at', path, () => {
          throw error;
        });
      }
    }
    if (isListened(native, path)) return undefined;
    try {
      native.unlink(path);
    } catch (error) {
      // Another start was faster.
      if (!hasErrno(error, 'ENOENT')) throw error;
    }
  }
}

/** By which containerd before 2.0, and CRI-O, find the shim again: whole or not at all. */
function writeAddress(native: Native, address: string): void {
  const fresh = `.address.${native.processId()}`;
  ask('write', 'address', () => {
    try {
      native.createFile(fresh, address, 0o600, false);
      native.rename(fresh, 'address');
    } catch (error) {
      if (native.status(fresh, false) !== undefined) native.unlink(fresh);
      throw error;
    }
  });
}

function startServer(
  { given, host, name, environment }: Invocation,
  socket: { readonly listening: number; readonly path: string },
  options: TaskOptions,
  more: readonly string[] = [],
): void {
  const { native } = host;
  if (host.surroundings['SCHED_CORE']) shareCore(native);
  const nothing = native.open('/dev/null', O_RDWR | O_CLOEXEC, 0);
  const pid = native.spawn({
    file: '/proc/self/exe',
    argv: [
      name,
      ...['-namespace', given.namespace, '-id', given.id, '-address', given.address, '-socket', socket.path],
      ...(given.debug ? ['-debug'] : []),
      ...more,
    ],
    environment,
    descriptors: [nothing, nothing, nothing, socket.listening],
    // A session of its own is the server's to make: a process that has just got one waits for its turn behind all
    // others (sched(7), autogroup), and we until it executes.
    holdsSignals: true,
  });
  native.close(nothing);
  try {
    if (options.shimCgroup !== '') enterCgroup(host, options.shimCgroup, pid);
    lowerScore(native, pid);
  } catch (error) {
    native.kill(pid, SIGKILL);
    throw error;
  }
}

/** What we start from here on shares the threads of a core with nobody else. */
function shareCore(native: Native): void {
  try {
    native.shareCore();
  } catch (error) {
    const problem = `containerd's sched_core asks for cores that are not shared: ${messageOf(error)}`;
    throw new Failure('unsupported', problem, {
      cause: error,
      hint: 'The kernel has to have CONFIG_SCHED_CORE, and the processor more than one thread a core',
    });
  }
}

/** Moves the server to the cgroup that containerd's configuration names for shims: in each hierarchy that has it. */
function enterCgroup({ native }: Host, path: string, pid: number): void {
  const unified = native.fileSystemType('/sys/fs/cgroup') === filesystemTypes.cgroup2;
  const mounts = unified ? ['.'] : native.readDirectory('/sys/fs/cgroup');
  let entered = false;
  for (const mount of mounts) {
    const procs = `/sys/fs/cgroup/${mount}/${path}/cgroup.procs`;
    if (ask('look at', procs, () => native.status(procs, true)) === undefined) continue;
    ask('move the shim to', procs, () => native.writeFile(procs, String(pid)));
    entered = true;
  }
  if (!entered)
    throw new Failure('invalid', `the cgroup "${path}" that the shim is to be in is not there`, {
      hint: 'Make it, or leave out ShimCgroup',
    });
}

/** One worse than containerd, whose containers it holds: when memory ends, a shim goes before the daemon of all. */
function lowerScore(native: Native, pid: number): void {
  try {
    const own = Number(native.readText(`/proc/${native.parentId()}/oom_score_adj`, 64));
    native.writeFile(`/proc/${pid}/oom_score_adj`, String(Math.min(own + 1, highestScore)));
  } catch (error) {
    // Not ours to say in a user namespace; and containerd may have gone.
    if (!hasErrno(error, 'EACCES', 'EPERM', 'ENOENT', 'ESRCH')) throw error;
  }
}
