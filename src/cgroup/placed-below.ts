import { Failure } from '../failure.ts';
import type { Native } from '../host/native.ts';
import { cgroupNames, delegateAnnotation, subgroupAnnotation } from '../spec/annotations.ts';
import type { CgroupRequest } from './cgroup-request.ts';
import type { SavedCgroup } from './saved-cgroup.ts';

const maximum = 16 * 1024 * 1024;

/**
 * A container's cgroup with those below it that annotations ask for (crun(1)): the subgroup of systemd's scope, which
 * is the container's then, and in that what is delegated.
 * @throws Failure `unsupported` for delegation without cgroup v2, where it is not safe
 */
export function placedBelow(native: Native, saved: SavedCgroup, request: CgroupRequest): SavedCgroup {
  const { subgroup, delegated } = cgroupNames(request.annotations);
  if (subgroup === undefined && delegated === undefined) return saved;
  const warn = request.warn ?? (() => undefined);
  if (request.manager === 'disabled') {
    const given = [subgroup && subgroupAnnotation, delegated && delegateAnnotation].filter(Boolean);
    warn(`no cgroup, so without effect: ${given.join(', ')} (--cgroup-manager=disabled)`);
    return saved;
  }
  if (delegated !== undefined && saved.mode !== 'v2')
    throw new Failure('unsupported', `a container cannot be given a cgroup to manage on cgroup v1`, {
      pointer: `/annotations/${delegateAnnotation}`,
      hint: 'Remove the annotation, or boot with systemd.unified_cgroup_hierarchy=1.',
    });
  const placed = subgroup === undefined ? saved : inSubgroup(saved, subgroup, warn);
  if (delegated === undefined || placed.unified === undefined) return placed;
  if (!keepsLimits(native))
    warn(
      `cgroup2 is mounted without nsdelegate: root in the container can change its limits, unless it has a user namespace (annotation ${delegateAnnotation})`,
    );
  return { ...placed, delegated: `${placed.unified.path}/${delegated}` };
}

function inSubgroup(saved: SavedCgroup, subgroup: string, warn: (sentence: string) => void): SavedCgroup {
  const { mode, scope, unified } = saved;
  if (mode !== 'v2' || scope === undefined || unified === undefined) {
    const lacks = scope === undefined ? '--systemd-cgroup' : 'cgroup v2';
    warn(`annotation ${subgroupAnnotation} is without effect: it needs ${lacks}`);
    return saved;
  }
  return {
    ...saved,
    unified: { ...unified, path: `${unified.path}/${subgroup}` },
    scope: { ...scope, subgroup },
  };
}

/** Nobody in a cgroup namespace writes to the control files of its root (cgroup-v2.rst, "Delegation Containment"). */
function keepsLimits(native: Native): boolean {
  const mounts = native.readText('/proc/self/mountinfo', maximum).split('\n');
  return mounts.some((line) => / - cgroup2 \S+ (?:\S+,)?nsdelegate(?:,|$)/.test(line));
}
