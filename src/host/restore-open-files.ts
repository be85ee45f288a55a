import { isCompiled } from './libexec.ts';
import type { Native } from './native.ts';

/**
 * Gives this process, and so containers and hooks, the soft limit of open files that the caller gave us.
 *
 * Both engines raise it to the hard limit before any of our code runs. The shipped executable notes it before that
 * (csrc/entry/entry.c); on Node nobody knows it any more, and the hard limit stays.
 */
export function restoreOpenFiles(native: Native): void {
  const noted = isCompiled() ? process.env['TSOCI_OPEN_FILES'] : undefined;
  if (noted === undefined || noted === '') return;
  const limit = Number(noted);
  if (Number.isInteger(limit) && limit >= 0 && limit < 1e9) native.limitOpenFiles(limit);
}
