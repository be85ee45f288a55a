import { Failure } from '../../failure.ts';

/** Ids become path parts: word characters, `+`, `-` and `.` alone, as callers of runc are used to. */
const allowed = /^[\w+.-]+$/;

/** Longest id: it is the name of a directory, which Linux lets have 255 bytes (NAME_MAX). */
const maximumLength = 255;

/** `id` is a usable container id. */
export function isId(id: string): boolean {
  return id.length <= maximumLength && id !== '.' && id !== '..' && allowed.test(id);
}

/** Throws `Failure` (`invalid`) unless `id` is a usable container id. */
export function checkId(id: string): void {
  if (isId(id)) return;
  const shown = id.length > 80 ? `${id.slice(0, 80)}…` : id;
  throw new Failure('invalid', `invalid container id ${JSON.stringify(shown)}`, {
    hint: `An id has 1 to ${maximumLength} characters: letters, digits and "_", "+", "-", ".", and is not "." or ".."`,
  });
}
