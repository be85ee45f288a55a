import type { Status } from '../types.ts';
import type { ContainerRecord } from './record.ts';

/** The state that hooks read on standard input, and that seccomp agents get (runtime.md, State). */
export function stateDocument(
  record: Pick<ContainerRecord, 'id' | 'ociVersion' | 'bundle' | 'annotations'>,
  status: Status,
  pid: number,
): string {
  return JSON.stringify({
    ociVersion: record.ociVersion,
    id: record.id,
    status,
    ...(status !== 'stopped' && { pid }),
    bundle: record.bundle,
    ...(record.annotations && { annotations: record.annotations }),
  });
}

/**
 * What a process gets along with the permission to execute its program: the state, and what a seccomp agent gets with
 * its listener.
 */
export function startAnswer(record: ContainerRecord, pid: number): { state: string; listener?: string } {
  const state = stateDocument(record, 'created', pid);
  if (record.seccompMetadata === undefined) return { state };
  const agent = { ...JSON.parse(record.seccompMetadata), pid, state: JSON.parse(state) };
  return { state, listener: JSON.stringify(agent) };
}
