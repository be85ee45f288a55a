import type { Process } from '../../spec/config.ts';
import { findingText } from '../finding.ts';
import { checkProcess } from '../rules/rules.ts';
import { validate } from './validate.ts';

/** A process document that can be trusted. */
export interface ValidatedProcess {
  readonly process: Process;
  /** What will work but probably not as meant, each with its place in the document. */
  readonly warnings: readonly string[];
}

/**
 * Checks the parsed document of `exec --process`: its shape, and what rules say beyond.
 *
 * @param name - What a person calls the document.
 * @throws InvalidDocument with everything that is wrong in it.
 */
export function validateProcess(value: unknown, name = 'process'): ValidatedProcess {
  const process = validate('Process', value, name);
  return { process, warnings: checkProcess(process, { name }).map(findingText) };
}
