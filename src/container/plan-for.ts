import { controllersOf } from '../cgroup/cgroup-layout.ts';
import type { CgroupStep } from '../cgroup/cgroup-step.ts';
import { planResources } from '../cgroup/plan-resources.ts';
import { Failure } from '../failure.ts';
import { ask } from '../host/files.ts';
import type { Native } from '../host/native.ts';
import type { Plan } from '../plan/plan.ts';
import { type RuntimeStep, runtimeSteps } from '../plan/runtime-steps.ts';
import { directoriesOf } from './clear-cgroup.ts';
import { prepare } from './prepare.ts';
import type { Context, CreateOptions } from './types.ts';

/** Everything that a container would do to the machine: its cgroup's limits, what the runtime does itself, the stub's operations. */
export interface PlannedContainer {
  readonly limits: readonly CgroupStep[];
  readonly runtime: readonly RuntimeStep[];
  readonly plan: Plan;
  /** Why this caller could not do it, and what would help; empty for who could. The plan is root's then. */
  readonly refused: readonly string[];
}

/**
 * `plan`: what creating a container of this bundle would do, operation by operation. Needs no root, whatever the config asks for, and changes
 * nothing.
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
  const { bundle, layout, plan, cgroup, close } = await prepare(context, options, mode);
  close();
  const { steps } = planResources(controllersOf(layout), bundle.config.linux?.resources, {
    pointer: '/linux/resources',
  });
  const directories = directoriesOf(cgroup.saved);
  return { limits: steps, runtime: runtimeSteps(bundle.config), plan, directories };
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

/** Limits are written by whoever owns the cgroup that the container's is made in. */
function unlimited(native: Native, { limits, directories }: Planned): string[] {
  if (limits.length === 0) return [];
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
