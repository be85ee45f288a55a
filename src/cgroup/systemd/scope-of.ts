import { Failure } from '../../failure.ts';
import { hierarchyWith, type SavedCgroup } from '../saved-cgroup.ts';

/** What is known of a cgroup that systemd made. */
export interface Scope {
  readonly unit: string;
  readonly slice: string;
  readonly kind: 'system' | 'user';
  /** The directory by which systemd itself follows it: in its named hierarchy on v1, in the unified one otherwise. */
  readonly path: string;
}

/** Throws `Failure` `internal` for a cgroup of the other driver. */
export function scopeOf({ scope, unified, hierarchies }: SavedCgroup): Scope {
  const path = unified?.path ?? hierarchyWith({ hierarchies }, 'name=systemd')?.path;
  if (scope === undefined || path === undefined)
    throw new Failure('internal', 'a cgroup of the systemd driver without a scope');
  const { subgroup, ...unit } = scope;
  return { ...unit, path: subgroup === undefined ? path : path.slice(0, -`/${subgroup}`.length) };
}
