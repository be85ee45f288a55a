import { mountAttribute } from '../../spec/kernel-flags.ts';
import { attributesOf, isBind } from '../../spec/mount-options.ts';
import { hasNamespace } from '../../spec/namespaces.ts';
import { type Compilation, opensAhead, type PlannedMount } from '../compilation.ts';
import { NO_SLOT } from '../operations.ts';
import { cgroupRoot, handleFor, hostCgroups, placeOf } from './mount-handles.ts';

/**
 * `"type": "cgroup"`: the container's view of its cgroups. With a cgroup namespace each hierarchy is mounted afresh
 * and shows the container's own cgroup as its root; without one that directory of the host is bound. On v1 a tmpfs
 * holds the hierarchies under their usual names.
 */
export function planCgroupMount(
  compilation: Compilation,
  { index, from, target, options }: PlannedMount,
): void {
  const { facts, plan, root } = compilation;
  const attributes = attributesOf(options);
  if (facts.cgroups.mode === 'v2') {
    const { delegated, unified } = facts.cgroups;
    const place = { from, target, within: NO_SLOT, attributes, index };
    mountHierarchy(compilation, place, { type: 'cgroup2', options: [], directory: delegated ?? unified });
    return;
  }
  const handle = handleFor(compilation, index);
  const directory = handle === NO_SLOT && facts.cgroups.hierarchies.length > 0 ? plan.slot() : handle;
  plan.add('rootfs', from, 'mount', {
    root,
    directory: NO_SLOT,
    target,
    noFollow: false,
    type: 'tmpfs',
    source: 'cgroup',
    options: ['mode=755'],
    attributes: attributes & ~mountAttribute.rdonly,
    propagation: options.propagation,
    propagationRecursive: options.propagationRecursive,
    copyUp: false,
    keepMode: false,
    instead: '',
    insteadType: 0,
    handle: directory,
  });
  const at = (name: string): Place => ({
    from,
    target: `${target}/${name}`,
    within: directory,
    attributes,
    index: -1,
  });
  for (const { name, options: named, directory: own } of facts.cgroups.hierarchies)
    mountHierarchy(compilation, at(name), { type: 'cgroup', options: named, directory: own });
  for (const link of facts.cgroups.links) {
    const path = `${target}/${link.name}`;
    plan.add('rootfs', from, 'symlink', {
      root: NO_SLOT,
      directory,
      path,
      target: link.target,
      exact: false,
    });
  }
  if (facts.cgroups.mode === 'hybrid')
    mountHierarchy(compilation, at('unified'), {
      type: 'cgroup2',
      options: [],
      directory: facts.cgroups.unified,
    });
}

/** Where a hierarchy is shown. */
interface Place {
  readonly from: string;
  readonly target: string;
  /** The mount in which that lies, when it is open, or NO_SLOT. */
  readonly within: number;
  readonly attributes: number;
  /** Of the mount in the config, when it is all of it. */
  readonly index: number;
}

interface Hierarchy {
  readonly type: 'cgroup' | 'cgroup2';
  readonly options: readonly string[];
  /** The container's own directory, on the host. */
  readonly directory: string | undefined;
}

function mountHierarchy(
  compilation: Compilation,
  { from, target, within, attributes, index }: Place,
  { type, options, directory }: Hierarchy,
): void {
  const { plan, linux } = compilation;
  const root = within === NO_SLOT ? compilation.root : NO_SLOT;
  if (hasNamespace(linux, 'cgroup')) {
    plan.add('rootfs', from, 'mount', {
      root,
      directory: within,
      target,
      noFollow: false,
      type,
      source: 'cgroup',
      options,
      attributes,
      propagation: 0,
      propagationRecursive: false,
      copyUp: false,
      keepMode: false,
      instead: '',
      insteadType: 0,
      handle: handleFor(compilation, index),
    });
    return;
  }
  if (directory === undefined) return;
  const key = `${from} ${directory}`;
  let tree = compilation.trees.get(key);
  if (tree === undefined) {
    tree = plan.slot();
    plan.add('rootfs', from, 'open-tree', { slot: tree, path: directory, recursive: false, noFollow: false });
  }
  if (index >= 0) compilation.handles.set(index, tree);
  plan.add('rootfs', from, 'bind', {
    root,
    directory: within,
    target,
    noFollow: false,
    tree,
    set: attributes,
    clear: 0,
    setRecursive: 0,
    clearRecursive: 0,
    propagation: 0,
    propagationRecursive: false,
  });
}

/** Stage 0: the cgroup directories that will be bound, while the caller's privileges reach them. */
export function openCgroups(compilation: Compilation): void {
  const { mounts, facts, linux, ownMounts, plan, trees } = compilation;
  if (!ownMounts || !opensAhead(compilation) || hasNamespace(linux, 'cgroup')) return;
  const { hierarchies, delegated, unified } = facts.cgroups;
  const own = delegated ?? unified;
  const directories = [...hierarchies.map(({ directory }) => directory), ...(own === undefined ? [] : [own])];
  for (const { mount, from, options } of mounts) {
    if (mount.type !== 'cgroup' || options.remount || isBind(mount, options)) continue;
    for (const path of directories) {
      const slot = plan.slot();
      plan.add('prepare', from, 'open-tree', { slot, path, recursive: false, noFollow: false });
      trees.set(`${from} ${path}`, slot);
    }
  }
}

/**
 * Whoever is no root of the machine, and shows the host's cgroups in a container, shows them to be read: those that
 * the user may write belong to more than this container (CVE-2023-25809). A private cgroup namespace shows the
 * container's own alone.
 */
export function sealCgroups(compilation: Compilation): void {
  const index = hostCgroups(compilation);
  if (index < 0) return;
  compilation.plan.add('confine', `/mounts/${index}`, 'readonly-path', {
    path: cgroupRoot,
    ...placeOf(compilation, cgroupRoot),
  });
}
