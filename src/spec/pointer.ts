/** A JSON pointer as people write such places: `/mounts/3/destination` is `mounts[3].destination`. */
export function pathOf(pointer: string): string {
  let path = '';
  for (const key of pointerParts(pointer)) {
    if (/^\d+$/.test(key)) path += `[${key}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(key)) path += path === '' ? key : `.${key}`;
    else path += `[${quote(key)}]`;
  }
  return path;
}

/** The keys of a JSON pointer. */
export function pointerParts(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A key as one part of a JSON pointer (RFC 6901). */
export function pointerPart(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Longest piece of a document that a message shows. */
const SHOWN = 60;

/** Text from the document, for a message: quoted, escaped, cut when long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}
