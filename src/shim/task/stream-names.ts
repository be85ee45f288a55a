import { Failure } from '../../failure.ts';

/** What a client says of a process's streams; the empty name is none. */
export interface StreamNames {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

/** A program that takes the output: `binary://PATH?KEY=VALUE…`. */
export interface LoggerAddress {
  readonly kind: 'logger';
  readonly path: string;
  /** Each key and its value. */
  readonly args: readonly string[];
  /** It has to say that it is ready; that it closed the pipe is not enough. */
  readonly mustSay: boolean;
}

/** Where output goes: a scheme is looked for in the name of standard output alone, and speaks for both. */
export type OutputAddress =
  | { readonly kind: 'names' }
  | { readonly kind: 'file'; readonly path: string }
  | LoggerAddress;

const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s;

function decode(text: string, name: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new Failure('invalid', `the name of a standard stream, "${name}", is no URL`, { cause });
  }
}

/** Keys in the URL's order, each with its first value: the logger's arguments. */
function argumentsOf(query: string, name: string): string[] {
  const seen = new Map<string, string>();
  for (const part of query.split('&')) {
    if (part === '') continue;
    const [key = '', ...value] = part.split('=');
    const word = decode(key.replaceAll('+', ' '), name);
    if (!seen.has(word)) seen.set(word, decode(value.join('=').replaceAll('+', ' '), name));
  }
  return [...seen].flat();
}

/** Throws `Failure` `invalid` for a scheme that is not known, or a path that is not absolute. */
export function outputAddress(name: string): OutputAddress {
  const [, kind = '', rest = ''] = scheme.exec(name) ?? [];
  if (kind === '' || kind === 'fifo') return { kind: 'names' };
  const [withoutFragment = ''] = rest.split('#', 1);
  const [path = ''] = withoutFragment.split('?', 1);
  const query = withoutFragment.slice(path.length + 1);
  if (!['file', 'binary', 'binary-v2'].includes(kind))
    throw new Failure('invalid', `unknown STDIO scheme ${kind}`, {
      hint: 'Standard output goes to a fifo, file:///PATH, or binary:///PATH?KEY=VALUE',
    });
  const decoded = decode(path, name);
  if (!decoded.startsWith('/'))
    throw new Failure('invalid', `the path in "${name}" must be absolute`, {
      hint: `Write ${kind}:///PATH, with three slashes`,
    });
  if (kind === 'file') return { kind: 'file', path: decoded };
  return {
    kind: 'logger',
    path: decoded,
    args: argumentsOf(query, name),
    mustSay: kind === 'binary-v2',
  };
}

/** The path of a name that is a fifo's, with or without its scheme. */
export function fifoPath(name: string): string {
  const [, kind, rest = ''] = scheme.exec(name) ?? [];
  return kind === 'fifo' ? decode(rest, name) : name;
}
