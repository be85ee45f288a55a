import { lookAt } from '../audit/look.ts';
import { type AuditFinding, audit as auditConfig } from '../audit/mod.ts';
import { loadBundle } from '../bundle/mod.ts';
import * as container from '../container/mod.ts';
import type { Mount } from '../spec/config.ts';
import { createDefaults } from './lifecycle.ts';
import type { Runtime } from './runtime.ts';
import { spoken, spokenEach } from './words.ts';

/** The state document of a container. Throws `Failure` (`not-found`). */
export const state = spoken(
  (runtime: Runtime, id: string): Promise<container.State> => container.state(runtime, id),
);

/** All containers of the runtime's root, also those whose record is damaged. */
export const list = spoken((runtime: Runtime): Promise<container.State[]> => container.list(runtime));

/** The pids of a container's processes, as the host numbers them. Throws `Failure` (`not-found`). */
export const processes = spoken(
  (runtime: Runtime, id: string): Promise<number[]> => container.processes(runtime, id),
);

/** What a container uses, once. Throws `Failure`: `not-found`, `status`, `unsupported` without cgroups. */
export const statistics = spoken(
  (runtime: Runtime, id: string): Promise<container.StatisticsDocument> => container.statistics(runtime, id),
);

/**
 * Statistics of a container each `interval` milliseconds, and at once when it runs out of memory, until its process
 * has ended.
 */
export function events(
  runtime: Runtime,
  id: string,
  { interval = 5000 }: { readonly interval?: number } = {},
): AsyncGenerator<container.ContainerEvent, void> {
  return spokenEach(container.events(runtime, id, { interval }));
}

/** What several containers use (all, when no ids are given), each `interval` milliseconds. */
export function stats(
  runtime: Runtime,
  ids: readonly string[] = [],
  { interval = 1000 }: { readonly interval?: number } = {},
): AsyncGenerator<container.ContainerUsage[], void> {
  return spokenEach(container.stats(runtime, ids, { interval }));
}

/** Freezes all processes of a container. Throws `Failure`: `not-found`, `status`, `unsupported`. */
export const pause = spoken((runtime: Runtime, id: string): Promise<void> => container.pause(runtime, id));

/** Lets them go on. Throws `Failure`: `not-found`, `status`, `unsupported`. */
export const resume = spoken((runtime: Runtime, id: string): Promise<void> => container.resume(runtime, id));

/**
 * Changes limits, all or nothing: when one is refused, those in force before are back.
 *
 * Throws `Failure`: `invalid`, `not-found`, `status` when it has stopped, `unsupported`, `system`.
 */
export const update = spoken(
  (runtime: Runtime, id: string, options: container.UpdateOptions): Promise<void> =>
    container.update(runtime, id, options),
);

/**
 * Mounts into a container that exists, all or nothing, in the form of `mounts` of config.json.
 *
 * Throws `Failure`: `invalid`, `not-found`, `status` when it has stopped, `unsupported` for mounts that only a new
 * container can have, `system` for what failed, with everything taken back.
 */
export const addMounts = spoken(
  (runtime: Runtime, id: string, mounts: readonly Mount[]): Promise<void> =>
    container.addMounts(runtime, id, { mounts }),
);

/**
 * Takes mounts off again that `addMounts` has added, by their destinations, and nothing else.
 *
 * Throws `Failure`: `invalid` for a destination where nothing was added, `not-found`, `status` when it has stopped,
 * `system` when what lies there is another mount.
 */
export const removeMounts = spoken(
  (runtime: Runtime, id: string, mounts: readonly Pick<Mount, 'destination'>[]): Promise<void> =>
    container.removeMounts(runtime, id, { mounts }),
);

/** What this runtime and this machine can do. */
export const features = spoken((runtime: Runtime) => container.features(runtime));

/** What a bundle leaves open to its process, worst first (docs/audit.md). Throws `Failure` (`invalid`). */
export const audit = spoken(
  async ({ host }: Runtime, { bundle }: { readonly bundle: string }): Promise<AuditFinding[]> => {
    const { config, directory } = loadBundle(host.native, bundle);
    return auditConfig(config, directory, lookAt(host.native));
  },
);

/**
 * What creating the container of a bundle would do to this machine, without doing it. Throws `Failure` (`invalid`).
 */
export const planFor = spoken((runtime: Runtime, options: { readonly id: string; readonly bundle: string }) =>
  container.planFor(runtime, { ...createDefaults, ...options }),
);
