import { quote } from '../bundle/finding.ts';
import { validateDestinations, validateMounts } from '../bundle/schema/validate-mounts.ts';
import { Failure } from '../failure.ts';
import type { Host } from '../host/host.ts';
import { carryOut } from '../launch/carry-out.ts';
import type { HostFacts } from '../plan/facts.ts';
import type { RunningContainer } from '../plan/inside-plan.ts';
import { type AddedMount, addMountsPlan, removeMountsPlan } from '../plan/mounts-plan.ts';
import type { Plan } from '../plan/plan.ts';
import type { Config } from '../spec/config.ts';
import { createsNamespace, mapsRoot } from '../spec/namespaces.ts';
import { normalizePath } from '../spec/path.ts';
import { gatherFacts } from './create/host-facts.ts';
import { openProcess } from './process/process-identity.ts';
import { type OpenContainer, withContainer } from './record/open-container.ts';
import type { ContainerRecord } from './record/record.ts';
import { tellUnknown } from './tell-unknown.ts';
import type { Context } from './types.ts';

/** A list of mounts, as JSON has it, and what messages call it. */
export interface MountList {
  /** As `mounts` of config.json; checked here. */
  readonly mounts: unknown;
  readonly name?: string;
}

/** What the planner needs to know of this machine for mounts alone. */
export function factsForMounts(host: Host, { linux }: Config): HostFacts {
  const none = {
    mode: 'none',
    hierarchies: [],
    links: [],
    unified: undefined,
    join: [],
    made: 'before',
  } as const;
  return gatherFacts(host, none, [], linux === undefined ? {} : { linux });
}

function containerOf(config: Config, record: ContainerRecord): RunningContainer {
  const own = createsNamespace(config.linux, 'mount');
  return {
    namespaces: record.namespaces,
    root: own || record.init === undefined ? undefined : `/proc/${record.init.pid}/root`,
    mapsRoot: mapsRoot(config.linux ?? {}),
    noSetGroups: record.noSetGroups,
  };
}

/** Without a mount namespace the container's mounts are the host's. */
function requireOwnMounts({ id, namespaces }: ContainerRecord): void {
  if (namespaces.includes('mount')) return;
  throw new Failure('unsupported', `container "${id}" has no mount namespace: its mounts are the host's`, {
    hint: 'Mount on the host, below its root filesystem',
  });
}

/** A pidfd of the container's process. Throws `Failure` (`status`) when that has ended. */
function openInit({ host }: Context, { id, init }: ContainerRecord): number {
  const pidfd = init && openProcess(host.native, init);
  if (pidfd === undefined) throw new Failure('status', `container not running: container "${id}" is stopped`);
  return pidfd;
}

/** Has a plan carried out in the container, and keeps what it then has mounted. No plan is nothing to do there. */
async function mountIn(
  context: Context,
  { store, record }: OpenContainer,
  plan: Plan | undefined,
  after: (numbers: readonly number[]) => readonly AddedMount[],
): Promise<void> {
  const { host } = context;
  const init = openInit(context, record);
  try {
    if (plan === undefined) return;
    await carryOut(host, plan, { process: init }, (numbers) =>
      store.write({ ...record, mounts: after(numbers) }),
    );
  } finally {
    host.native.close(init);
  }
}

/**
 * `mounts add`: mounts into a container that exists, all or nothing, as its create would have made them.
 *
 * Throws `Failure`: `invalid`, `not-found`, `status` when it has stopped, `unsupported` for mounts that only a new
 * container can have, `system` for what failed, with everything taken back.
 */
export async function addMounts(context: Context, id: string, list: MountList): Promise<void> {
  await withContainer(context, id, 'mounts', async (container) => {
    const { record } = container;
    const config = container.config();
    const { mounts, warnings } = validateMounts(list.mounts, config, list.name);
    for (const warning of warnings) context.warn(warning);
    tellUnknown(context, 'Config', { mounts });
    requireOwnMounts(record);
    const facts = factsForMounts(context.host, config);
    const plan =
      mounts.length === 0
        ? undefined
        : addMountsPlan({ ...config, mounts }, record.bundle, containerOf(config, record), facts);
    const targets = mounts.map(({ destination }) => normalizePath(destination));
    await mountIn(context, container, plan, (numbers) => [
      ...(record.mounts ?? []),
      ...targets.map((destination, index) => ({ destination, number: numbers[index] ?? 0 })),
    ]);
  });
}

/** The mounts that destinations mean: on each the one that was added last. Throws `Failure` (`invalid`). */
export function meant(added: readonly AddedMount[], destinations: readonly string[]): readonly AddedMount[] {
  const found = new Map<string, AddedMount>();
  for (const [index, written] of destinations.entries()) {
    const destination = normalizePath(written);
    const refuse = (message: string, hint: string): never => {
      throw new Failure('invalid', `mounts[${index}].destination: ${quote(written)} ${message}`, {
        pointer: `/mounts/${index}/destination`,
        hint,
      });
    };
    if (found.has(destination))
      refuse('is in the list already', 'Of several on one place remove the last one first, then the next');
    const mount = added.findLast((each) => each.destination === destination);
    if (mount === undefined)
      return refuse(
        'was not added by "mounts add"',
        added.length === 0
          ? 'Nothing was added to this container; what config.json has mounted stays'
          : `What was added: ${added.map((each) => each.destination).join(', ')}`,
      );
    found.set(destination, mount);
  }
  return [...found.values()];
}

/**
 * `mounts remove`: takes mounts off that `mounts add` has added, with all that is mounted below them by now. A mount
 * is known by its number: what else lies on its place is not touched, and then nothing is. One that the container has
 * taken off itself is forgotten, with a warning.
 *
 * Throws `Failure`: `invalid` for a destination where nothing was added, `not-found`, `status` when it has stopped,
 * `system` when what lies there is another mount.
 */
export async function removeMounts(context: Context, id: string, list: MountList): Promise<void> {
  await withContainer(context, id, 'mounts', async (container) => {
    const { record } = container;
    const config = container.config();
    const destinations = validateDestinations(list.mounts, config, list.name);
    requireOwnMounts(record);
    const gone = meant(record.mounts ?? [], destinations);
    const document = { mounts: destinations };
    const facts = factsForMounts(context.host, config);
    const plan =
      gone.length === 0 ? undefined : removeMountsPlan(document, gone, containerOf(config, record), facts);
    const missing: string[] = [];
    await mountIn(context, container, plan, (numbers) => {
      missing.push(...gone.flatMap(({ destination }, index) => (numbers[index] === 0 ? [destination] : [])));
      return (record.mounts ?? []).filter((each) => !gone.includes(each));
    });
    for (const destination of missing)
      context.warn(`what was added on "${destination}" was gone: the container has taken it off`, 'always');
  });
}
