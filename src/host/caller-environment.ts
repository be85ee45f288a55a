import type { Surroundings } from './surroundings.ts';

/** The caller's environment as `NAME=value` lines. */
export function callerEnvironment(surroundings: Surroundings): string[] {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(surroundings))
    if (value !== undefined) lines.push(`${name}=${value}`);
  return lines;
}
