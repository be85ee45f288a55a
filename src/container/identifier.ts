import { Failure } from '../failure.ts';

/** Ids become path parts: word characters, `+`, `-` and `.` alone, as callers of runc are used to. */
function isAllowed(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f ||
    code === 0x2b ||
    code === 0x2d ||
    code === 0x2e
  );
}

/** Longest id: it is the name of a directory, which Linux lets have 255 bytes (NAME_MAX). */
const maximumLength = 255;

/** `id` is a usable container id. */
export function isId(id: string): boolean {
  if (id.length === 0 || id.length > maximumLength || id === '.' || id === '..') return false;
  // Not a regular expression: the first one of a process costs more than all this.
  for (let index = 0; index < id.length; index++) if (!isAllowed(id.charCodeAt(index))) return false;
  return true;
}

/** Throws `Failure` (`invalid`) unless `id` is a usable container id. */
export function checkId(id: string): void {
  if (isId(id)) return;
  const shown = id.length > 80 ? `${id.slice(0, 80)}…` : id;
  throw new Failure('invalid', `invalid container id ${JSON.stringify(shown)}`, {
    hint: `an id has 1 to ${maximumLength} characters: letters, digits and "_", "+", "-", ".", and is not "." or ".."`,
  });
}
