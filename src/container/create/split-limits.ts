import type { Resources } from '../../spec/config.ts';

/** Limits by when they can be set. */
interface SplitLimits {
  readonly before: Resources | undefined;
  /** Once the container's process is in the cgroup. */
  readonly after: Resources | undefined;
}

/**
 * A limit of no tasks (config-linux.md, PIDs: 0 is a limit) keeps everybody from being cloned into the cgroup, though
 * not from staying there: the container's process comes first, and then the limit.
 */
export function splitLimits(resources: Resources | undefined): SplitLimits {
  if (resources?.pids?.limit !== 0) return { before: resources, after: undefined };
  const { pids, ...before } = resources;
  return { before, after: { pids } };
}
