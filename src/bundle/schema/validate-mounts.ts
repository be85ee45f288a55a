import type { Config, Mount } from '../../spec/config.ts';
import { findingText } from '../finding.ts';
import { checkConfig } from '../rules/rules.ts';
import { validate } from './validate.ts';

/** Mounts that can be trusted. */
export interface ValidatedMounts {
  readonly mounts: readonly Mount[];
  /** What will work but probably not as meant, each with its place in the document. */
  readonly warnings: readonly string[];
}

/**
 * Checks the parsed document of `mounts add`, a list as `mounts` of a config is, by the rules that hold for it
 * there.
 *
 * @param config - The container's, which was checked when it was created.
 * @param name - What a person calls the document.
 * @throws InvalidDocument with everything that is wrong in it.
 */
export function validateMounts(value: unknown, config: Config, name = 'mounts'): ValidatedMounts {
  const whole = validate('Config', { ...config, mounts: value ?? [] }, name);
  const warnings = checkConfig(whole, { name }).filter(({ pointer }) => pointer.startsWith('/mounts'));
  return { mounts: whole.mounts ?? [], warnings: warnings.map(findingText) };
}

/**
 * Checks the shape of the document of `mounts remove`, of which destinations alone matter.
 *
 * @throws InvalidDocument as `validateMounts`.
 */
export function validateDestinations(value: unknown, config: Config, name = 'mounts'): readonly string[] {
  const whole = validate('Config', { ...config, mounts: value ?? [] }, name);
  return (whole.mounts ?? []).map(({ destination }) => destination);
}
