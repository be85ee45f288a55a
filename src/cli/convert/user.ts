import { Failure } from '../../failure.ts';

/** The largest id that the kernel takes: (uid_t) -1 means "leave it alone" in setresuid(2) and is refused. */
const largest = 0xffff_fffe;

export interface User {
  readonly uid: number;
  readonly gid?: number;
}

/**
 * A user given as `uid` or `uid:gid`. Digits only: a sign, a blank, an empty part or a name is an error and never a
 * silent 0 (the class of CVE-2026-30892).
 *
 * Throws `Failure` `invalid`.
 */
export function user(given: string): User {
  const colon = given.indexOf(':');
  if (colon < 0) return { uid: numericId(given, given) };
  return { uid: numericId(given.slice(0, colon), given), gid: numericId(given.slice(colon + 1), given) };
}

/** Supplementary groups, one or (separated by commas) several a word. Throws `Failure` `invalid`. */
export function groups(given: readonly string[]): number[] {
  return given.flatMap((word) => word.split(',').map((part) => groupId(part, word)));
}

function groupId(part: string, given: string): number {
  const id = parseId(part);
  if (id !== undefined) return id;
  throw new Failure('invalid', `--additional-gids "${given}": not a numeric group id`, {
    hint: `Give numbers from 0 to ${largest}.`,
  });
}

function numericId(part: string, given: string): number {
  const id = parseId(part);
  if (id !== undefined) return id;
  throw new Failure('invalid', `--user "${given}": not of the form UID[:GID] with numbers`, {
    hint: `Names are not looked up: give numbers from 0 to ${largest}, such as --user 1000:1000.`,
  });
}

function parseId(digits: string): number | undefined {
  if (!/^\d{1,10}$/.test(digits)) return undefined;
  const id = Number(digits);
  return id <= largest ? id : undefined;
}
