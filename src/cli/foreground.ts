import { stateDirectory } from '../container/record/state-directory.ts';
import type { RunningContainer } from '../container/run.ts';
import { supervise } from '../container/supervise.ts';
import type { Context } from '../container/types.ts';
import type { Invocation } from './table/command.ts';

/**
 * Turns this process into the small supervisor of a container's own process, which answers with the program's exit
 * status and, unless it is to be kept, has the container deleted. Returns only by throwing.
 */
export async function superviseContainer(
  call: Pick<Invocation, 'again' | 'flush'>,
  context: Context,
  { tidy, notifications, ...foreground }: RunningContainer,
  { id, keep }: { readonly id: string; readonly keep: boolean },
): Promise<never> {
  const { argv, environment } = await call.again(['delete', '--force', '--ended', id]);
  call.flush();
  return supervise(context, foreground, {
    environment,
    ...(notifications && { notifications }),
    ...(!keep && { afterwards: argv, ...(tidy ? { tidy } : { of: stateDirectory(context, id) }) }),
  });
}
