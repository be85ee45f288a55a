import { ProtocolError } from './protocol-error.ts';

/** Nesting that the D-Bus specification allows: of arrays, and of structures. */
const deepest = 32;

const basic = 'ybnqiuxtdsogh';

/** The end of the complete type that begins at `at`. Throws `ProtocolError` for what is no type. */
export function endOfType(signature: string, at: number, arrays = 0, structures = 0): number {
  if (arrays > deepest || structures > deepest) throw new ProtocolError('a signature is nested too deeply');
  const first = signature[at];
  if (first !== undefined && (basic.includes(first) || first === 'v')) return at + 1;
  if (first === 'a') {
    if (signature[at + 1] === '{') return endOfEntry(signature, at + 1, arrays + 1, structures);
    return endOfType(signature, at + 1, arrays + 1, structures);
  }
  if (first === '(' && signature[at + 1] !== ')') {
    let end = at + 1;
    while (signature[end] !== ')') end = endOfType(signature, end, arrays, structures + 1);
    return end + 1;
  }
  throw new ProtocolError(`"${signature}" is no signature of D-Bus`);
}

/** Of a dictionary's entry: a basic type as key, and one complete type. */
function endOfEntry(signature: string, at: number, arrays: number, structures: number): number {
  const key = signature[at + 1];
  if (key !== undefined && basic.includes(key)) {
    const end = endOfType(signature, at + 2, arrays, structures + 1);
    if (signature[end] === '}') return end + 1;
  }
  throw new ProtocolError(`"${signature}" is no signature of D-Bus`);
}

/** The complete types that a signature is made of. */
export function typesOf(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length; ) {
    const end = endOfType(signature, at);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

/** What the first letter of a type is aligned to. */
export function alignmentOf(type: string): number {
  const first = type[0] ?? '';
  if ('ygv'.includes(first)) return 1;
  if ('nq'.includes(first)) return 2;
  return 'xtd({'.includes(first) ? 8 : 4;
}
