import type { CgroupInUse, SavedCgroup } from './cgroup.ts';
import type { CgroupHost } from './cgroup-host.ts';
import { ExistingCgroup } from './existing-cgroup.ts';
import { ExistingScope } from './systemd/existing-scope.ts';

/** The cgroup of a container that exists, from its state.json, for whoever neither changes limits nor measures. */
export function cgroupInUse(host: CgroupHost, saved: SavedCgroup): CgroupInUse {
  return saved.driver === 'systemd' ? new ExistingScope(host, saved) : new ExistingCgroup(host, saved);
}
