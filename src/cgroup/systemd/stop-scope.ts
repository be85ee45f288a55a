import { waitUntil } from '../../host/wait.ts';
import type { CgroupHost } from '../cgroup-host.ts';
import type { SavedCgroup } from '../saved-cgroup.ts';
import { scopeOf } from './scope-of.ts';
import { refused, stopUnit } from './unit-manager.ts';

/** Milliseconds that systemd gets to stop a scope. */
const patience = 10_000;

/**
 * A scope ends by itself with its last process; one that never had any, or was left, is stopped. Throws `Failure`
 * when systemd refuses.
 */
export async function stopScope(host: CgroupHost, saved: SavedCgroup): Promise<void> {
  const { unit, kind, path } = scopeOf(saved);
  const gone = () => host.native.status(path, false) === undefined;
  if (gone()) return;
  try {
    await stopUnit(host, kind, unit);
  } catch (error) {
    // It may have ended by itself meanwhile.
    if (!gone()) throw refused('stop', unit, error);
  }
  await waitUntil(host.wait, patience, gone);
}
