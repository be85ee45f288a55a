import type { Native } from '../host/native.ts';

/** Where the command's output goes: a port, so that tests can look at it. */
export interface Sink {
  /** Writes all of `text`. */
  write(descriptor: number, text: string): void;
  /** Opens a log for appending, made with mode 0600 where missing; a descriptor. Throws the system's error. */
  openLog(path: string): number;
  now(): Date;
}

/** open(2) flags: write only, create, do not become the controlling terminal, append, close on exec. */
const appendFlags = 0o1 | 0o100 | 0o400 | 0o2000 | 0o2000000;
const logMode = 0o600;

/** Output through our own system calls. `process.stdout` alone would cost a Bun executable 8 ms. */
export function nativeSink(native: Native): Sink {
  return {
    write: (descriptor, text) => native.write(descriptor, text),
    openLog: (path) => native.open(path, appendFlags, logMode),
    now: () => new Date(),
  };
}

/**
 * Output where the addon is not loaded: commands that need no machine, and errors before it could be loaded. The console writes
 * directly in Bun and Node; `node:fs` is loaded for a log only.
 */
export const consoleSink: Sink = {
  write(descriptor, text) {
    if (descriptor > 2) {
      process.getBuiltinModule('node:fs').writeSync(descriptor, text);
    } else if (text !== '') {
      const line = text.endsWith('\n') ? text.slice(0, -1) : text;
      if (descriptor === 1) console.log(line);
      else console.error(line);
    }
  },
  openLog: (path) => process.getBuiltinModule('node:fs').openSync(path, appendFlags, logMode),
  now: () => new Date(),
};
