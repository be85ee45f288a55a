import type { Resources } from '../../spec/config.ts';
import { findingText } from '../finding.ts';
import { checkResources } from '../rules/rules.ts';
import { validate } from './validate.ts';

/** Limits that can be trusted. */
export interface ValidatedResources {
  readonly resources: Resources;
  /** What will work but probably not as meant, each with its place in the document. */
  readonly warnings: readonly string[];
}

/**
 * Checks the parsed document of `update --resources`: its shape, and what rules say beyond.
 *
 * @param name - What a person calls the document.
 * @throws InvalidDocument with everything that is wrong in it.
 */
export function validateResources(value: unknown, name = 'resources'): ValidatedResources {
  const resources = validate('Resources', value, name);
  return { resources, warnings: checkResources(resources, { name }).map(findingText) };
}
