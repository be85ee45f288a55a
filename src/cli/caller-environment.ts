import type { Surroundings } from '../host/outside.ts';

/** What an executable that is built on Bun says to its own engine (csrc/entry): the caller did not. */
const engineOwn = /^(?:BUN_JSC_use(?:JIT|ConcurrentGC)|TSOCI_OPEN_FILES)$/;

/** The caller's environment as `NAME=value` lines. */
export function callerEnvironment(surroundings: Surroundings): string[] {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(surroundings))
    if (value !== undefined && !engineOwn.test(name)) lines.push(`${name}=${value}`);
  return lines;
}
