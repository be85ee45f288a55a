import { Failure } from '../failure.ts';
import type { Resources } from '../spec/config.ts';
import { CgroupfsCgroup } from './cgroupfs/cgroupfs.ts';

/**
 * The cgroup of a container that is to have none (--cgroup-manager=disabled): its processes stay in their creator's,
 * and nothing is touched.
 */
export class NoCgroup extends CgroupfsCgroup {
  override async create(): Promise<void> {}

  /** Every config has device rules, which here cannot hold; of other limits the caller is told. */
  override async apply(resources: Resources | undefined): Promise<void> {
    const { devices: _devices, ...limits } = resources ?? {};
    const names = Object.entries(limits)
      .filter(([, limit]) => Object.keys(limit ?? {}).length > 0)
      .map(([name]) => name);
    if (names.length > 0)
      this.warnings.push(
        `no cgroup, so without effect: linux.resources.${names.join(', ')} (--cgroup-manager=disabled)`,
      );
  }

  override async update(_resources: Resources, pointer: string): Promise<void> {
    throw new Failure('unsupported', 'the container has no cgroup, so no limits either', {
      pointer,
      hint: 'It was created with --cgroup-manager=disabled.',
    });
  }
}
