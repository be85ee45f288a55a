import { Failure } from '../../failure.ts';
import type { Host } from '../../host/host.ts';
import { connectTo } from '../process/sockets.ts';
import type { RestoreOptions } from './types.ts';

const smallFile = 4096;

/**
 * The master of a restored terminal: kept for a foreground command, handed to the console socket otherwise, and
 * closed then. Throws `Failure` (`invalid`) when nobody takes it.
 */
export async function takeTerminal(
  host: Host,
  { consoleSocket, detach }: Pick<RestoreOptions, 'consoleSocket' | 'detach'>,
  master: number,
): Promise<number | undefined> {
  const { native } = host;
  if (consoleSocket === undefined && !detach) return master;
  try {
    if (consoleSocket === undefined)
      throw new Failure('invalid', 'the container was saved with a terminal, but nobody takes it', {
        hint: 'Give --console-socket, or restore in the foreground',
      });
    const text = native.readText(`/proc/self/fdinfo/${master}`, smallFile);
    const index = /^tty-index:\s*(\d+)$/m.exec(text)?.[1] ?? '0';
    const socket = await connectTo(host, consoleSocket, 'console socket');
    try {
      native.send(socket, new TextEncoder().encode(`/dev/pts/${index}`), [master]);
    } finally {
      native.close(socket);
    }
    return undefined;
  } finally {
    native.close(master);
  }
}
