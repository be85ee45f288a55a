import { Failure } from '../failure.ts';
import { ask } from '../host/files.ts';
import type { Native } from '../host/native.ts';
import { O_APPEND, O_CLOEXEC, O_CREAT, O_NOCTTY, O_WRONLY } from '../host/open-flags.ts';

/**
 * Opens the file that takes a process's output, before anything is made; undefined where none is named.
 *
 * Throws `Failure`: `invalid` beside a terminal, `system` when it can't be written.
 */
export function openOutput(native: Native, path: string | undefined, terminal: boolean): number | undefined {
  if (path === undefined) return undefined;
  if (terminal) {
    throw new Failure('invalid', '--output is for a process without a terminal', {
      pointer: '/process/terminal',
      hint: 'set process.terminal to false, or leave --output away',
    });
  }
  const flags = O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC;
  return ask('write the output to', path, () => native.open(path, flags, 0o600));
}
