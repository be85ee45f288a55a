import { isCompiled } from '../host/libexec.ts';

/** Words that start this program again: the executable itself, or the engine with its options and the script. */
export function ownProgram(): string[] {
  if (isCompiled()) return [process.execPath];
  return [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
}
