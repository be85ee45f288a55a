import type { Host } from './host.ts';
import { type ExitStatus, hasErrno, type Native, type SpawnOptions } from './native.ts';
import { O_CLOEXEC, O_RDONLY } from './open-flags.ts';
import { SIGKILL } from './signals.ts';

/** What children need of the machine. */
export interface ChildHost {
  readonly native: Pick<
    Native,
    'spawn' | 'kill' | 'pidfdOpen' | 'open' | 'read' | 'close' | 'scratchFile' | 'sealedBytes'
  >;
  readonly wait: Pick<Host['wait'], 'child' | 'readable'>;
}

/** How a child ended. */
export interface ChildResult extends ExitStatus {
  /** It took too long and was killed for that. */
  readonly timedOut: boolean;
}

/**
 * Runs a program until it ends. What it starts and leaves behind is not waited for.
 *
 * @param milliseconds patience, after which the child and its process group are killed: give it a session of its own
 * @throws SystemError when it cannot be executed
 */
export async function runChild(
  host: ChildHost,
  options: SpawnOptions,
  milliseconds?: number,
): Promise<ChildResult> {
  const pid = host.native.spawn(options);
  const timedOut = milliseconds !== undefined && !(await endsWithin(host, pid, milliseconds));
  if (timedOut) endGroup(host.native, pid);
  return { ...(await host.wait.child(pid)), timedOut };
}

async function endsWithin({ native, wait }: ChildHost, pid: number, milliseconds: number): Promise<boolean> {
  const pidfd = native.pidfdOpen(pid);
  try {
    return (await wait.readable([pidfd], milliseconds)).length > 0;
  } finally {
    native.close(pidfd);
  }
}

/** Ends a child, not yet reaped, and all that it started and that did not leave its process group. */
function endGroup(native: Pick<Native, 'kill'>, leader: number): void {
  try {
    native.kill(-leader, SIGKILL);
  } catch (error) {
    if (!hasErrno(error, 'ESRCH')) throw error;
  }
}

/**
 * Lends memory files for what a child says: nobody has to read them while it runs, unlike pipes, and a daemon that it
 * leaves behind may keep them.
 */
export async function withScratch<T>(
  native: Pick<Native, 'scratchFile' | 'close'>,
  name: string,
  body: (file: number) => Promise<T>,
): Promise<T> {
  const file = native.scratchFile(name);
  try {
    return await body(file);
  } finally {
    native.close(file);
  }
}

/** The text in a memory file from its start, wherever its writer stopped: at most so many bytes. */
export function readScratch(
  native: Pick<Native, 'open' | 'read' | 'close'>,
  file: number,
  maximum: number,
): string {
  const descriptor = native.open(`/proc/self/fd/${file}`, O_RDONLY | O_CLOEXEC, 0);
  try {
    return new TextDecoder().decode(native.read(descriptor, maximum));
  } finally {
    native.close(descriptor);
  }
}
