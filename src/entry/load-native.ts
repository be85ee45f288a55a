import { Failure, messageOf } from '../failure.ts';
import type { Native } from '../host/native.ts';

/**
 * Loads the addon from a libexec directory. `process.dlopen` of an absolute path: `require` would scan directories
 * first (1.5 ms instead of 0.4) and could be led elsewhere.
 *
 * @throws Failure `internal` when the addon is missing, of another architecture, or built for another host
 */
export function loadNative(libexec: string): Native {
  const path = `${libexec}/tsoci.node`;
  const module = { exports: {} };
  try {
    process.dlopen(module, path);
  } catch (cause) {
    throw new Failure('internal', `loading the addon "${path}": ${messageOf(cause)}`, {
      cause,
      hint: 'Build it with `make build`, or install tsoci again: its executable, tsoci-init and tsoci.node lie in one directory.',
    });
  }
  return module.exports as Native;
}
