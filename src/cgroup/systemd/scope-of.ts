import { Failure } from '../../failure.ts';
import type { SavedCgroup } from '../cgroup.ts';

/** What is known of a cgroup that systemd made. */
export interface Scope {
  readonly unit: string;
  readonly slice: string;
  readonly kind: 'system' | 'user';
  readonly path: string;
}

/** Throws `Failure` `internal` for a cgroup of the other driver. */
export function scopeOf({ scope, unified }: SavedCgroup): Scope {
  if (scope === undefined || unified === undefined)
    throw new Failure('internal', 'a cgroup of the systemd driver without a scope');
  return { ...scope, path: unified.path };
}
