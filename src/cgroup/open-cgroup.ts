import type { Cgroup } from './cgroup.ts';
import type { CgroupHost } from './cgroup-host.ts';
import { CgroupfsCgroup } from './cgroupfs/cgroupfs.ts';
import { NoCgroup } from './no-cgroup.ts';
import type { SavedCgroup } from './saved-cgroup.ts';
import { SystemdCgroup } from './systemd/systemd-cgroup.ts';

/**
 * The cgroup that `saved` describes: of a container that exists, from its state.json, or of one that is to be made.
 */
export function openCgroup(host: CgroupHost, saved: SavedCgroup): Cgroup {
  const driver = { cgroupfs: CgroupfsCgroup, systemd: SystemdCgroup, none: NoCgroup }[saved.driver];
  return new driver(host, saved);
}
