import { Failure } from '../../failure.ts';
import { askLater } from '../../host/files.ts';
import { O_APPEND, O_CLOEXEC, O_CREAT, O_NOCTTY, O_WRONLY } from '../../host/open-flags.ts';
import type { Wait } from '../../host/wait.ts';

/**
 * Opens the file that takes a process's output, before anything is made; undefined where none is named.
 *
 * Throws `Failure`: `invalid` beside a terminal, `system` when it cannot be written.
 */
export async function openOutput(
  wait: Pick<Wait, 'open'>,
  path: string | undefined,
  terminal: boolean,
): Promise<number | undefined> {
  if (path === undefined) return undefined;
  if (terminal) {
    throw new Failure('invalid', '--output is for a process without a terminal', {
      pointer: '/process/terminal',
      hint: 'Set process.terminal to false, or leave out --output',
    });
  }
  const flags = O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC;
  return askLater([], 'write the output to', path, () => wait.open(path, flags, 0o600));
}
