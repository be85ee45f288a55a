import { Failure } from '../failure.ts';
import { pathOf, pointerPart, quote } from '../spec/pointer.ts';

export { pathOf, pointerPart, quote };

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

/** Any value of the document, for a message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
