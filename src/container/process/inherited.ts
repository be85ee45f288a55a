import { ask } from '../../host/files.ts';
import type { Host } from '../../host/host.ts';
import type { Inherited } from '../../plan/plan.ts';
import { connectTo } from './sockets.ts';

/** Sockets that a plan may want of us, by their paths. */
export interface SocketPaths {
  /** Takes the master of a new terminal. */
  readonly console?: string | undefined;
  /** Made here: on it the process waits for `start`. */
  readonly start?: string | undefined;
  /** Of the seccomp agent. */
  readonly agent?: string | undefined;
}

/** Our ends of them, by the names that plans have for them. */
export interface OpenSockets {
  readonly descriptors: Readonly<Partial<Record<Inherited, number>>>;
  close(): void;
}

/** Opens what a plan inherits. Throws `Failure`, `invalid` where nobody listens; nothing is left open then. */
export async function openSockets(host: Host, { console, start, agent }: SocketPaths): Promise<OpenSockets> {
  const { native } = host;
  const descriptors: Partial<Record<Inherited, number>> = {};
  const close = (): void => {
    for (const descriptor of Object.values(descriptors)) native.close(descriptor);
  };
  try {
    if (console !== undefined)
      descriptors['console-socket'] = await connectTo(host, console, 'console socket');
    if (start !== undefined)
      descriptors['start-socket'] = ask('make the socket for start', start, () => native.listen(start));
    if (agent !== undefined) descriptors['seccomp-socket'] = await connectTo(host, agent, 'seccomp agent');
    return { descriptors, close };
  } catch (error) {
    close();
    throw error;
  }
}
