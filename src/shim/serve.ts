import {
  checkpoint,
  create,
  exec,
  kill,
  list,
  measure,
  pause,
  processes,
  remove,
  restore,
  resume,
  start,
  watchOutOfMemory,
} from '../container/mod.ts';
import { messageOf } from '../failure.ts';
import { ask } from '../host/files.ts';
import type { Host } from '../host/host.ts';
import { hasErrno, type Native } from '../host/native.ts';
import { O_CLOEXEC, O_RDONLY } from '../host/open-flags.ts';
import { pathOfAddress } from './address.ts';
import { Children } from './children.ts';
import { openLog, tell } from './log.ts';
import { rootOf } from './notes.ts';
import { mountRootfs, unmountRootfs } from './rootfs.ts';
import type { Invocation } from './shim-call.ts';
import { EventQueue, nobody } from './task/events.ts';
import { TaskService } from './task/service.ts';
import type { Containers } from './task/shim.ts';
import { openStreams } from './task/streams.ts';
import { Server } from './ttrpc/server.ts';
import { updateByChild } from './update.ts';

/** The listening socket, which `start` hands on. */
const listening = 3;
const signals = { interrupt: 2, user1: 10, pipe: 13, terminate: 15, child: 17 } as const;
/** Milliseconds that containerd may take for the last events; it gives Shutdown three seconds. */
const lastEvents = 2000;
/**
 * Milliseconds after which a shim that nobody has use for ends: containerd may have died between starting it and its
 * first call.
 */
const unused = 600_000;

const containers: Omit<Containers, 'update'> = {
  checkpoint,
  create,
  exec,
  kill,
  list,
  measure,
  pause,
  processes,
  remove,
  restore,
  resume,
  start,
  watchOutOfMemory,
};

/** The server: answers until its last container is gone and containerd asks it to end, or a signal does. */
export async function serve(invocation: Invocation): Promise<void> {
  const { given, version, environment } = invocation;
  const children = new Children(invocation.host);
  const host = hostOf(invocation.host, children);
  const { native, wait } = host;
  native.startSession();
  native.becomeSubreaper();
  nameProcess(native);
  native.ignoreSignal(signals.pipe);
  native.keepFromChildren(listening);
  openLog(native);
  const warn = (message: string): void => tell(native, 'warning', message);
  const address = host.surroundings['TTRPC_ADDRESS'] ?? '';
  const publisher =
    address === ''
      ? nobody
      : new EventQueue(host, { path: pathOfAddress(address), namespace: given.namespace }, warn);
  let end = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const service = new TaskService({
    host,
    containers: { ...children.knownTo(containers), update: updateByChild(host) },
    namespace: given.namespace,
    publisher,
    tellsByFile: publisher === nobody,
    version,
    environment: () => environment,
    warn,
    openStreams,
    mountRootfs,
    unmountRootfs,
    shutdown: () => end(),
  });
  if (given.adopt) await service.adopt(rootOf(native, '.'), given.id);
  const server = new Server(host, service.services(), warn);
  const signalled = obeySignals(host, {
    [signals.user1]: () => warn(service.describe()),
    [signals.child]: () => void children.look(warn),
  });
  const idle = endUnused(invocation, () => service.isEmpty && server.connections === 0);
  const served = server.serve(listening);
  await Promise.race([over, signalled, idle, served]);
  removeSocket(invocation);
  // The answer of Shutdown is still on its way.
  await wait.pause(1);
  await publisher.flushed(lastEvents);
  await server.flushed();
}

/** For top and ps, which would say `exe` otherwise: as containerd's own shims are called there. */
function nameProcess(native: Native): void {
  try {
    native.writeFile('/proc/self/comm', 'containerd-shim');
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'EACCES')) throw error;
  }
}

/**
 * What a server has of the machine as long as it lives: the stub that it began with, also when a newer one is
 * installed over it.
 */
function hostOf(host: Host, { native, wait }: Children): Host {
  const stub = ask('open the stub', host.libexec, () =>
    native.open(`${host.libexec}/tsoci-init`, O_RDONLY | O_CLOEXEC, 0),
  );
  return {
    native,
    wait,
    surroundings: host.surroundings,
    libexec: host.libexec,
    stub: `/proc/self/fd/${stub}`,
    openSeccompLibrary: () => host.openSeccompLibrary(),
  };
}

/** Comes back when a signal asks for the end; others are answered by their number. */
async function obeySignals(
  { native, wait }: Host,
  answers: Readonly<Record<number, () => void>>,
): Promise<void> {
  const numbers = [signals.interrupt, signals.terminate, ...Object.keys(answers).map(Number)];
  const descriptor = native.signalDescriptor(numbers);
  for (;;) {
    await wait.readable([descriptor], -1);
    const bytes = native.read(descriptor, 128);
    const answer = answers[new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)];
    if (answer === undefined) return;
    answer();
  }
}

/** Comes back when nobody had use for us for long. */
export async function endUnused(
  { host: { wait } }: { readonly host: Pick<Host, 'wait'> },
  isUnused: () => boolean,
): Promise<void> {
  for (let before = false; ; ) {
    await wait.pause(unused);
    const now = isUnused();
    if (before && now) return;
    before = now;
  }
}

/** From here on `start` makes another shim. */
function removeSocket({ given, host: { native } }: Invocation): void {
  try {
    native.unlink(given.socket);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) tell(native, 'warning', `removing the socket: ${messageOf(error)}`);
  }
}
