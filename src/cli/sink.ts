import type { Native } from '../host/native.ts';
import { O_APPEND, O_CLOEXEC, O_CREAT, O_NOCTTY, O_WRONLY } from '../host/open-flags.ts';
import type { Sink } from '../host/outside.ts';

/** How a log is opened; it must not become the controlling terminal. */
export const logFlags = O_WRONLY | O_CREAT | O_NOCTTY | O_APPEND | O_CLOEXEC;
export const logMode = 0o600;

/** Output through our own system calls, which throw `SystemError`: Reporter knows what was wanted. */
export function nativeSink(native: Native): Sink {
  return {
    write: (descriptor, text) => native.write(descriptor, text),
    openLog: (path) => native.open(path, logFlags, logMode),
    connectLog: (path) => native.tryConnect(path, 'datagram'),
    now: () => new Date(),
    isTerminal: (descriptor) => native.isTerminal(descriptor),
    columns: (descriptor) =>
      native.isTerminal(descriptor) ? native.windowSize(descriptor).columns || undefined : undefined,
  };
}
