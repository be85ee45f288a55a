import type { Native } from '../host/native.ts';

/** The size of a terminal, in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/**
 * The size of the terminal in front of us, which a new one behind it begins with: the program may ask before our supervisor
 * is there to tell it. Undefined when none of the standard streams is a terminal.
 */
export function ownTerminalSize(native: Native): TerminalSize | undefined {
  const descriptor = [0, 1, 2].find((each) => native.isTerminal(each));
  if (descriptor === undefined) return undefined;
  const size = native.windowSize(descriptor);
  return size.rows > 0 && size.columns > 0 ? size : undefined;
}
