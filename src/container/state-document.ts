import type { ContainerRecord } from './record.ts';
import type { Status } from './types.ts';

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
