import type { Native } from '../host/native.ts';

const standardOutput = 1;
/** Of a terminal that does not say. */
const usualWidth = 80;

/** Characters in a line where a person reads; undefined for programs. */
export function terminalWidth(native: Native): number | undefined {
  if (!native.isTerminal(standardOutput)) return undefined;
  const { columns } = native.windowSize(standardOutput);
  return columns > 0 ? columns : usualWidth;
}
