import { Failure, messageOf } from '../../failure.ts';
import type { Native } from '../../host/native.ts';
import { O_CLOEXEC, O_NOCTTY, O_RDONLY } from '../../host/open-flags.ts';

/** The size of a terminal, in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/**
 * The size of the terminal in front of us, which a new one behind it begins with: the program may ask before our
 * supervisor is there to tell it. Undefined when none of the standard streams is a terminal.
 */
export function ownTerminalSize(native: Native): TerminalSize | undefined {
  const descriptor = [0, 1, 2].find((each) => native.isTerminal(each));
  if (descriptor === undefined) return undefined;
  const size = native.windowSize(descriptor);
  return size.rows > 0 && size.columns > 0 ? size : undefined;
}

/**
 * A caller who is to sit in front of the process's terminal sits in front of one: a standard stream is it, or there
 * is a controlling one. Without, nobody would ever answer what the process asks, and nothing would end it.
 *
 * Throws `Failure` (`invalid`), before anything is made.
 */
export function requireOwnTerminal(native: Native): void {
  if ([0, 1, 2].some((each) => native.isTerminal(each))) return;
  try {
    native.close(native.open('/dev/tty', O_RDONLY | O_NOCTTY | O_CLOEXEC, 0));
  } catch (cause) {
    throw new Failure(
      'invalid',
      `the process is to have a terminal, and there is none in front of us (open /dev/tty: ${reasonOf(cause)})`,
      {
        pointer: '/process/terminal',
        hint: 'Where there is no terminal (CI, cron, ssh without -t), set process.terminal to false or leave out --tty, or give --console-socket',
      },
    );
  }
}

/** The reason alone of `ENXIO: no such device or address, open '/dev/tty'`. */
function reasonOf(error: unknown): string {
  return messageOf(error)
    .replace(/^[A-Z]+: /, '')
    .replace(/, open .*$/, '');
}
