import { Failure } from '../failure.ts';

/** One thing that is wrong, or odd, in a document. */
export interface Finding {
  /** Name of the rule that found it; `schema` for the JSON schema. Stable, for tests and programs. */
  readonly rule: string;
  /** JSON pointer (RFC 6901) of the place. */
  readonly pointer: string;
  /** What was there and what may be there; reads on after the place. */
  readonly message: string;
}

/** A document was read and is wrong. `message` names every finding; `pointer` is the first one's. */
export class InvalidDocument extends Failure {
  readonly findings: readonly Finding[];

  constructor(name: string, findings: readonly Finding[]) {
    const lines = findings.map(findingText);
    const text =
      lines.length === 1
        ? `${name}: ${lines[0]}`
        : `${name} has ${lines.length} errors:\n  ${lines.join('\n  ')}`;
    super('invalid', text, findings[0] === undefined ? {} : { pointer: findings[0].pointer });
    this.findings = findings;
  }
}

/** `mounts[3].destination: …` */
export function findingText({ pointer, message }: Finding): string {
  return pointer === '' ? message : `${pathOf(pointer)}: ${message}`;
}

/** A JSON pointer as people write such places: `/mounts/3/destination` is `mounts[3].destination`. */
export function pathOf(pointer: string): string {
  let path = '';
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (/^\d+$/.test(key)) path += `[${key}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(key)) path += path === '' ? key : `.${key}`;
    else path += `[${quote(key)}]`;
  }
  return path;
}

/** A key as a part of a JSON pointer. */
export function pointerPart(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Longest piece of the document that a message shows. */
const SHOWN = 60;

/** Text from the document, for a message: quoted, escaped, cut when long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}

/** Any value of the document, for a message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
