/**
 * How engines make cgroups here: by systemd where it is PID 1 of a machine with cgroup v2, as they choose themselves;
 * else by files.
 */
import { existsSync } from 'node:fs';
import { pureV2 } from '../../integration/support/cgroup-of.ts';

export const bySystemd: boolean = pureV2 && existsSync('/run/systemd/system');

/** The parent of an engine's cgroups: a path, or a slice directly below the root. */
export const cgroupParent = (name: string): string => (bySystemd ? `${name}.slice` : `/${name}`);
