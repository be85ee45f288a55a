import type { Cgroup } from '../cgroup/cgroup.ts';
import { cgroupFromState } from '../cgroup/open-cgroup.ts';
import { Failure } from '../failure.ts';
import { requireStatus, statusOf, type Verb } from './lifecycle.ts';
import type { ContainerRecord } from './record.ts';
import { Store } from './store.ts';
import type { Context, Status } from './types.ts';

/** A container that has processes, and its cgroup. */
export interface Observed {
  readonly record: ContainerRecord;
  readonly status: Status;
  readonly cgroup: Cgroup;
}

/**
 * A container with its cgroup, for commands that look or change limits.
 * Throws `Failure`: `not-found`, `status` unless `verb` is allowed now, `unsupported` without a cgroup.
 */
export function observe(context: Context, id: string, verb: Verb): Observed {
  const { host } = context;
  const store = new Store(host.native, context.root);
  const record = store.read(id);
  const cgroup = record.cgroup && cgroupFromState(host, record.cgroup);
  const status = statusOf(host, store, record, cgroup);
  requireStatus(verb, id, status);
  if (cgroup === undefined || (cgroup.saved.hierarchies.length === 0 && cgroup.saved.unified === undefined))
    throw new Failure('unsupported', `container "${id}" has no cgroup of its own`, {
      hint: 'it was created by an ordinary user without a delegated cgroup',
    });
  return { record, status, cgroup };
}
