import type { ContainerRecord } from './record.ts';
import { stateDocument } from './state-document.ts';

/** What a process gets along with the permission to execute its program. */
export function startAnswer(record: ContainerRecord, pid: number): { state: string; listener?: string } {
  const state = stateDocument(record, 'created', pid);
  if (record.seccompMetadata === undefined) return { state };
  const agent = { ...JSON.parse(record.seccompMetadata), pid, state: JSON.parse(state) };
  return { state, listener: JSON.stringify(agent) };
}
