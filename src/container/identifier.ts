import { Failure } from '../failure.ts';

/** Ids become path parts: word characters, `+`, `-` and `.` alone, as callers of runc are used to. */
const pattern = /^[\w+.-]+$/;

/** Longest id. A file name has 255 bytes at most, which Linux checks itself with a clear error. */
const maximumLength = 1024;

/** `id` is a usable container id. */
export function isId(id: string): boolean {
  return id.length <= maximumLength && pattern.test(id) && id !== '.' && id !== '..';
}

/** Throws `Failure` (`invalid`) unless `id` is a usable container id. */
export function checkId(id: string): void {
  if (isId(id)) return;
  const shown = id.length > 80 ? `${id.slice(0, 80)}…` : id;
  throw new Failure('invalid', `invalid container id ${JSON.stringify(shown)}`, {
    hint: `an id has 1 to ${maximumLength} characters: letters, digits and "_", "+", "-", ".", and is not "." or ".."`,
  });
}
