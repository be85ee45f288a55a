import { hasErrno } from '../host/native.ts';
import { openStub } from '../launch/launch.ts';
import { type Notifications, readyLine } from './notify/notifications.ts';
import type { Context, Foreground } from './types.ts';

/** What stays behind for a foreground process. */
export interface SuperviseOptions {
  /** What the container tells the service manager is handed on in the name of this process. */
  readonly notifications?: Pick<Notifications, 'socket' | 'manager'>;
  /** Command, with an absolute path first, to run when the process has ended. */
  readonly afterwards?: readonly string[];
  /**
   * The state directory and the cgroups of a container of which nothing else is to be removed. Where that succeeds
   * `afterwards` is not run: starting the engine for it would take longer than all the rest of a short program.
   */
  readonly tidy?: readonly string[];
  /**
   * The state directory of a container that `afterwards` deletes: once that is gone, another container may have its
   * name.
   */
  readonly of?: string;
  /** `NAME=value` lines for that command. */
  readonly environment: readonly string[];
}

/**
 * Turns this process into the small supervisor of the stub: it forwards signals to the foreground process, relays its
 * terminal, waits for it, runs `afterwards`, and exits with the process's status, or 128 and the signal.
 * Everything that this process holds is gone. Returns only by throwing.
 */
export function supervise(context: Context, foreground: Foreground, options: SuperviseOptions): never {
  const { native } = context.host;
  const { pid, terminal, stub } = foreground;
  const state = options.tidy ? ['--tidy', ...options.tidy] : options.of ? ['--of', options.of] : [];
  const tidy = options.afterwards ? state : [];
  const afterwards = options.afterwards ? ['--', ...options.afterwards] : [];
  const streams = terminal === undefined ? [0, 1, 2] : [0, 1, 2, terminal];
  const notify = notifyArguments(context, streams.length, options.notifications);
  const program = {
    argv: [
      'tsoci-init',
      'supervise',
      String(pid),
      terminal === undefined ? '-1' : '3',
      ...notify.words,
      ...tidy,
      ...afterwards,
    ],
    environment: options.environment,
    descriptors: [...streams, ...notify.descriptors],
  };
  try {
    if (stub !== undefined) return native.execute({ file: stub, ...program });
  } catch (error) {
    // The container's process was this image: one beside it with CAP_SYS_PTRACE can open it for writing, which the
    // seals make useless but which execve(2) does not allow. Nobody there has ever seen a new one.
    if (!hasErrno(error, 'ETXTBSY')) throw error;
  }
  return native.execute({ file: openStub(context.host), ...program });
}

/**
 * The stub's `--notify`: of all that the container writes one line counts, and this process, whom the manager knows
 * as the service, is what it is told of: its status is the program's.
 */
function notifyArguments(
  { host: { native } }: Context,
  first: number,
  { socket, manager }: Partial<Pick<Notifications, 'socket' | 'manager'>> = {},
): { readonly words: readonly string[]; readonly descriptors: readonly number[] } {
  if (socket === undefined || manager === undefined) return { words: [], descriptors: [] };
  const message = `${readyLine}\nMAINPID=${native.processId()}\n`;
  return {
    words: ['--notify', String(first), String(first + 1), readyLine, message],
    descriptors: [socket, manager],
  };
}
