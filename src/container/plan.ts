import { loadBundle } from '../bundle/load-bundle.ts';
import { validateMounts } from '../bundle/schema/validate-mounts.ts';
import { controllersOf } from '../cgroup/layout/cgroup-layout.ts';
import { planResources } from '../cgroup/limits/resources.ts';
import type { CgroupStep } from '../cgroup/limits/step.ts';
import { Failure } from '../failure.ts';
import { ask } from '../host/files.ts';
import type { Native } from '../host/native.ts';
import { addMountsPlan } from '../plan/mounts-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { type RuntimeStep, runtimeSteps } from '../plan/runtime-steps.ts';
import { createsNamespace, mapsRoot } from '../spec/namespaces.ts';
import { completeBundle } from './create/complete-bundle.ts';
import { forbidsSetGroups } from './create/id-maps.ts';
import { prepare } from './create/prepare.ts';
import { factsForMounts, type MountList } from './mounts.ts';
import { directoriesOf } from './process/clear-cgroup.ts';
import { tellUnknown } from './tell-unknown.ts';
import type { Context, CreateOptions } from './types.ts';

/**
 * Everything that a container would do to the machine: its cgroup's limits, what the runtime does itself, the stub's
 * operations.
 */
export interface PlannedContainer {
  readonly limits: readonly CgroupStep[];
  readonly runtime: readonly RuntimeStep[];
  readonly plan: Plan;
  /**
   * What this caller's config has beside what its file says, each with its place: a user namespace for an ordinary
   * user.
   */
  readonly added: readonly string[];
  /** Why this caller could not do it, and what would help; empty for who could. The plan is root's then. */
  readonly refused: readonly string[];
}

/**
 * `plan`: what creating a container of this bundle would do, operation by operation. Needs no root, whatever the
 * config asks for, and changes nothing.
 *
 * Throws `Failure` for everything that would make `create` refuse root before it does anything.
 */
export async function planFor(context: Context, options: CreateOptions): Promise<PlannedContainer> {
  const { native } = context.host;
  if (native.userId() === 0) return { ...(await planAs(context, options)), refused: [] };
  try {
    const planned = await planAs(context, options);
    return { ...planned, refused: unlimited(native, planned) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const planned = await planAs(forRoot(context), options);
    return { ...planned, refused: [refusalText(error), ...unlimited(native, planned)] };
  }
}

interface Planned extends Omit<PlannedContainer, 'refused'> {
  /** Where the container's cgroup would be. */
  readonly directories: readonly string[];
}

async function planAs(context: Context, options: CreateOptions): Promise<Planned> {
  const mode = { waits: true, ownTerminal: true } as const;
  const { bundle, added, layout, plan, cgroup, close } = await prepare(context, options, mode);
  close();
  const { steps } = planResources(controllersOf(layout), bundle.config.linux?.resources, {
    pointer: '/linux/resources',
  });
  const directories = directoriesOf(cgroup.saved);
  return { limits: steps, runtime: runtimeSteps(bundle.config), plan, added, directories };
}

/**
 * `plan --mounts`: what `mounts add` of a list would do in a container of this bundle. Changes nothing.
 *
 * Throws `Failure` for everything that would make it refuse.
 */
export function planMounts(
  context: Context,
  { bundle, config: file }: Pick<CreateOptions, 'bundle' | 'config'>,
  list: MountList,
): PlannedContainer {
  const { native } = context.host;
  const { config, directory } = completeBundle(native, loadBundle(native, bundle, file)).bundle;
  const { mounts, warnings } = validateMounts(list.mounts, config, list.name);
  for (const warning of warnings) context.warn(warning);
  tellUnknown(context, 'Config', { mounts });
  const container = {
    namespaces: (config.linux?.namespaces ?? []).map(({ type }) => type),
    root: createsNamespace(config.linux, 'mount') ? undefined : '/proc/PID/root',
    mapsRoot: mapsRoot(config.linux ?? {}),
    noSetGroups: forbidsSetGroups(context.host, config.linux ?? {}),
  };
  const facts = factsForMounts(context.host, config);
  const plan = addMountsPlan({ ...config, mounts }, directory, container, facts);
  return { limits: [], runtime: [], plan, added: [], refused: [] };
}

/** The same machine, asked by its root. Nothing is done in that name: planning only looks. */
function forRoot(context: Context): Context {
  const native = Object.create(context.host.native, {
    userId: { value: () => 0 },
    groupId: { value: () => 0 },
    permittedCapabilities: { value: () => (1n << 63n) - 1n },
  }) as Native;
  return Object.create(context, {
    host: { value: { ...context.host, native } },
    rootless: { value: false },
    // Said once already.
    warn: { value: () => undefined },
  }) as Context;
}

function refusalText({ message, hint }: Failure): string {
  return hint === undefined ? message : `${message} (${hint})`;
}

/**
 * Limits are written by whoever owns the cgroup that the container's is made in; device rules are left out for
 * others.
 */
function unlimited(native: Native, { limits, directories }: Planned): string[] {
  if (limits.every(({ controller }) => controller === 'devices')) return [];
  const uid = native.userId();
  const foreign = directories.find((directory) => ownerAbove(native, directory) !== uid);
  return foreign === undefined
    ? []
    : [`limits need a cgroup that is delegated to user ${uid}, which "${foreign}" could not be made in`];
}

/** Whose the nearest directory is that exists. */
function ownerAbove(native: Native, directory: string): number | undefined {
  for (let path = directory; path !== ''; path = path.slice(0, path.lastIndexOf('/'))) {
    const status = ask('look at', path, () => native.status(path, true));
    if (status !== undefined) return status.uid;
  }
  return undefined;
}
