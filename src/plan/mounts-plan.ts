import { Failure } from '../failure.ts';
import type { Config, NamespaceType } from '../spec/config.ts';
import { isBind } from '../spec/mount-options.ts';
import { hasNamespace } from '../spec/namespaces.ts';
import type { PlanBuilder } from './builder.ts';
import { type Compilation, type PlannedMount, plannedMounts } from './compilation.ts';
import type { CreateRequest, HostFacts } from './facts.ts';
import { type InsideWork, insidePlan, type RunningContainer } from './inside-plan.ts';
import { NO_SLOT, type Phase } from './operations.ts';
import type { Plan } from './plan.ts';
import { planMount, sealTmpfs } from './rootfs/mounts.ts';
import { openSource } from './rootfs/source-trees.ts';

/** A mount that was added: its destination, normalised, and its number in the container (statx(2), stx_mnt_id). */
export interface AddedMount {
  readonly destination: string;
  readonly number: number;
}

/** What of a create does not matter here. */
const noProcess: Omit<CreateRequest, 'bundle'> = {
  rootfs: '/',
  noPivot: false,
  startChannel: false,
  console: 'parent',
  preserve: 0,
  listenFds: 0,
  seccomp: undefined,
  keyring: undefined,
};

/** The namespace that a file system shows, which whoever makes it has to be in. */
const shown: Readonly<Record<string, NamespaceType>> = { sysfs: 'network', mqueue: 'ipc' };

/**
 * File systems that the kernel makes of nothing. Others take paths in their source or options, which would be looked
 * up in the container.
 */
const fromNothing = ['tmpfs', 'ramfs', 'devpts', 'mqueue', 'sysfs'];

/** Refuses what cannot be had, or taken off again, once the container is there. */
function refuseUnfit({ mount, from, options }: PlannedMount): void {
  const refuse = (message: string, hint: string): never => {
    throw new Failure('unsupported', message, { pointer: from, hint });
  };
  if (options.remount)
    refuse('a remount of a container that exists could not be taken back', 'Have it in config.json');
  if (options.copySymlink)
    refuse('"copy-symlink" makes a link, which is no mount', 'Leave the option out, or use "src-nofollow"');
  if (mount.type === 'proc' || mount.type === 'cgroup' || mount.type === 'cgroup2')
    refuse(
      `a file system of type "${mount.type}" shows the namespaces of whoever mounts it, which is not the container`,
      'Have it in config.json',
    );
  if (!isBind(mount, options) && !fromNothing.includes(mount.type ?? ''))
    refuse(
      `a file system of type "${mount.type ?? 'none'}" would look for what it is made of in the container`,
      'Mount it on the host, and bind it',
    );
}

function compilationOf(
  config: Config,
  bundle: string,
  facts: HostFacts,
  { plan, root }: Pick<Compilation, 'plan' | 'root'>,
): Compilation {
  const { maskedPaths: _masked, readonlyPaths: _readonly, ...linux } = config.linux ?? {};
  const mounts = plannedMounts(config, facts);
  return {
    config,
    linux,
    mounts,
    request: { ...noProcess, bundle },
    facts,
    plan,
    root,
    directory: NO_SLOT,
    null: NO_SLOT,
    ownMounts: true,
    joinedMounts: false,
    userNamespace: hasNamespace(linux, 'user'),
    trees: new Map(),
    // To be told of, and to be taken off.
    needed: new Set(mounts.keys()),
    handles: new Map(),
  };
}

/** The handle of a mount that was planned. */
function handleOf({ handles }: Compilation, { index }: PlannedMount): number {
  const handle = handles.get(index);
  if (handle === undefined) throw new Failure('internal', `mount ${index} has no handle`);
  return handle;
}

/** Mounts to add, by the same operations that would have made them with the container. */
class Adding implements InsideWork {
  readonly shows: readonly NamespaceType[];
  readonly #config: Config;
  readonly #bundle: string;
  readonly #facts: HostFacts;
  #compilation: Compilation | undefined;
  #proc = NO_SLOT;

  constructor(config: Config, bundle: string, facts: HostFacts) {
    this.#config = config;
    this.#bundle = bundle;
    this.#facts = facts;
    this.shows = (config.mounts ?? []).flatMap(({ type }) => shown[type ?? ''] ?? []);
  }

  ahead(plan: PlanBuilder, phase: Phase, root: number): void {
    const compilation = compilationOf(this.#config, this.#bundle, this.#facts, { plan, root });
    for (const planned of compilation.mounts) refuseUnfit(planned);
    this.#compilation = compilation;
    this.#proc = plan.slot();
    plan.add(phase, '', 'open-proc', { slot: this.#proc, processes: true });
    for (const planned of compilation.mounts) openSource(compilation, planned, phase);
  }

  inside(): void {
    const { compilation } = this;
    for (const planned of compilation.mounts) planMount(compilation, planned);
    sealTmpfs(compilation);
    for (const planned of compilation.mounts) {
      const { from, target } = planned;
      compilation.plan.add('confine', from, 'tell-mount', { mount: handleOf(compilation, planned), target });
    }
  }

  undo(plan: PlanBuilder): void {
    for (const planned of this.compilation.mounts.toReversed()) {
      const { from, target } = planned;
      plan.add('undo', from, 'unmount', {
        mount: handleOf(this.compilation, planned),
        proc: this.#proc,
        target,
      });
    }
  }

  private get compilation(): Compilation {
    if (this.#compilation === undefined) throw new Failure('internal', 'mounts are planned out of turn');
    return this.#compilation;
  }
}

/**
 * Compiles the plan of mounts into a container that exists. All or nothing: behind `finish` stands how they are taken
 * off again, which the stub does when one fails.
 *
 * @param config - The container's own, with these mounts instead of its own.
 * @param bundle - Absolute path of the bundle directory, to which sources may be relative.
 *
 * Throws `Failure`: `invalid`, `unsupported` for mounts that only a new container can have.
 */
export function addMountsPlan(
  config: Config,
  bundle: string,
  container: RunningContainer,
  facts: HostFacts,
): Plan {
  return insidePlan(config, container, facts, new Adding(config, bundle, facts));
}

/**
 * Compiles the plan that takes mounts off a container again: all are looked for first, each by its number, so that
 * nothing was taken off when one of them is not what it was. Of each the stub tells its number, or 0 when it is gone.
 */
export function removeMountsPlan(
  document: unknown,
  mounts: readonly AddedMount[],
  container: RunningContainer,
  facts: HostFacts,
): Plan {
  let proc = NO_SLOT;
  return insidePlan(document, container, facts, {
    ahead(plan, phase) {
      proc = plan.slot();
      plan.add(phase, '', 'open-proc', { slot: proc, processes: true });
    },
    inside(plan, root) {
      const found = mounts.map(({ destination, number }, index) => {
        const slot = plan.slot();
        const from = `/mounts/${index}`;
        plan.add('rootfs', from, 'open-mount', { slot, root, proc, target: destination, number });
        return { slot, from, target: destination };
      });
      // What lies deeper first: it would go with what it lies on.
      found.sort((one, other) => other.target.length - one.target.length);
      for (const { slot, from, target } of found)
        plan.add('confine', from, 'unmount', { mount: slot, proc, target });
    },
  });
}
