import { Failure } from '../../failure.ts';
import type { Host } from '../../host/host.ts';
import type { Native } from '../../host/native.ts';
import { isAlive } from '../process/process-identity.ts';
import type { Status } from '../types.ts';
import type { ContainerRecord } from './record.ts';
import type { RecordHead } from './record-text.ts';
import type { Store } from './store.ts';

/** What a command may do, by the status of the container (runtime.md, Operations). */
const allowed = {
  start: ['created'],
  exec: ['created', 'running'],
  kill: ['created', 'running', 'paused'],
  pause: ['created', 'running'],
  resume: ['paused'],
  delete: ['stopped'],
  update: ['created', 'running', 'paused'],
  events: ['created', 'running', 'paused'],
  mounts: ['created', 'running', 'paused'],
  checkpoint: ['running', 'paused'],
} as const satisfies Record<string, readonly Status[]>;

export type Verb = keyof typeof allowed;

/** The sentences that engines match are fixed; the rest says what is so and what would have to be. */
function refusal(verb: Verb, id: string, status: Status): string {
  const named = `container "${id}"`;
  switch (verb) {
    case 'start':
      if (status === 'stopped') return `cannot start a container that has stopped: ${named}`;
      return `cannot start ${named}: it is already ${status}`;
    case 'exec':
      return status === 'paused'
        ? `cannot exec in a paused container: ${named}`
        : `cannot exec in a ${status} container: container not running`;
    case 'kill':
    case 'update':
    case 'events':
    case 'mounts':
      return `container not running: ${named} is ${status}`;
    case 'checkpoint':
      return status === 'created'
        ? `cannot checkpoint ${named}: it was not started`
        : `container not running: ${named} is ${status}`;
    case 'pause':
      return status === 'paused'
        ? `${named} is already paused`
        : `container not running: ${named} is ${status}`;
    case 'resume':
      return `container not paused: ${named} is ${status}`;
    case 'delete':
      return `cannot delete ${named}: it is not stopped but ${status}`;
  }
}

const hints: Partial<Record<Verb, Partial<Record<Status, string>>>> = {
  exec: { paused: 'Resume it first, or use --ignore-paused to have the process wait until then' },
  delete: {
    created: 'It was never started: use --force, or end its process with `tsoci kill` first',
    running: 'Stop it with `tsoci kill`, or use --force',
    paused: 'Resume and stop it, or use --force',
    creating: 'Wait until it was created, or use --force',
  },
};

/** Throws `Failure` (`status`) unless `verb` is allowed now. */
export function requireStatus(verb: Verb, id: string, status: Status): void {
  if ((allowed[verb] as readonly Status[]).includes(status)) return;
  const hint = hints[verb]?.[status];
  throw new Failure('status', refusal(verb, id, status), { hint });
}

/** The container's init runs or waits for `start`. */
export function hasLiveInit(native: Native, record: ContainerRecord): boolean {
  return record.init !== undefined && isAlive(native, record.init);
}

/**
 * The status now, from the process and from what lies in the state directory. The cgroup is asked only when it can
 * matter.
 */
export function statusOf(
  host: Host,
  store: Store,
  record: Pick<RecordHead, 'id' | 'init'>,
  cgroup: { frozen(): boolean } | undefined,
): Status {
  const { native } = host;
  // A create that was killed left its record behind, but not its lock.
  if (record.init === undefined) return store.isLocked(record.id) ? 'creating' : 'stopped';
  if (!isAlive(native, record.init)) return 'stopped';
  if (cgroup?.frozen()) return 'paused';
  return store.hasStartSocket(record.id) ? 'created' : 'running';
}
