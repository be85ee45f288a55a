import type { Process } from '../../spec/config.ts';

/**
 * The environment as the program gets it: each name once, with the value that came last, as getenv(3) would give the
 * first. `HOME` without a value counts as unset, because what looks for files there would look in "/".
 */
export function environmentOf({ env = [] }: Process): readonly string[] {
  const lines = lastOfEach(env);
  return lines.includes('HOME=') ? lines.filter((line) => line !== 'HOME=') : lines;
}

/** A variable that is given twice has its last value. */
export function lastOfEach(lines: readonly string[]): readonly string[] {
  const last = new Map<string, string>();
  for (const line of lines) last.set(nameOf(line), line);
  return last.size === lines.length ? lines : [...last.values()];
}

/** The value of a variable in an environment that has each name once; undefined where it is not set. */
export function environmentValue(environment: readonly string[], name: string): string | undefined {
  const start = `${name}=`;
  return environment.find((line) => line.startsWith(start))?.slice(start.length);
}

function nameOf(line: string): string {
  const equals = line.indexOf('=');
  return equals === -1 ? line : line.slice(0, equals);
}
