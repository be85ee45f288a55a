import { Failure } from '../../failure.ts';

/**
 * Variables given as `NAME=value`; the value may be empty and may hold further equals signs.
 *
 * Throws `Failure` `invalid` for a word without a name or without `=`: the caller's own variables are never looked
 * up, so that nothing of the host leaks in by a slip.
 */
export function environment(given: readonly string[]): readonly string[] {
  for (const word of given) {
    if (word.indexOf('=') < 1) {
      throw new Failure('invalid', `--env "${word}": not of the form NAME=VALUE`, {
        hint: "The caller's own variables are not handed on: write the value out, or NAME= for an empty one.",
      });
    }
  }
  return given;
}
