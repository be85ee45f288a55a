import { type Compilation, hasNamespace, isBind, opensAhead } from './compilation.ts';
import { mountAttribute } from './kernel-flags.ts';
import { cgroupRoot, handleFor, hostCgroups, placeOf } from './mount-handles.ts';
import { attributesOf, type ParsedMountOptions, parseMountOptions } from './mount-options.ts';

/**
 * `"type": "cgroup"`: the container's view of its cgroups. With a cgroup namespace each hierarchy is mounted afresh and shows
 * the container's own cgroup as its root; without one that directory of the host is bound. On v1 a tmpfs holds the
 * hierarchies under their usual names.
 */
export function planCgroupMount(
  compilation: Compilation,
  index: number,
  target: string,
  options: ParsedMountOptions,
): void {
  const from = `/mounts/${index}`;
  const { facts, plan, root } = compilation;
  const attributes = attributesOf(options);
  if (facts.cgroups.mode === 'v2') {
    const { unified } = facts.cgroups;
    mountHierarchy(compilation, from, target, 'cgroup2', [], unified, attributes, index);
    return;
  }
  plan.add('rootfs', from, 'mount', {
    root,
    target,
    type: 'tmpfs',
    source: 'cgroup',
    options: ['mode=755'],
    attributes: attributes & ~mountAttribute.rdonly,
    propagation: options.propagation,
    propagationRecursive: options.propagationRecursive ? 1 : 0,
    copyUp: 0,
    keepMode: 0,
    instead: '',
    insteadType: 0,
    handle: handleFor(compilation, index),
  });
  for (const each of facts.cgroups.hierarchies) {
    mountHierarchy(
      compilation,
      from,
      `${target}/${each.name}`,
      'cgroup',
      each.options,
      each.directory,
      attributes,
    );
  }
  for (const link of facts.cgroups.links) {
    plan.add('rootfs', from, 'symlink', { root, path: `${target}/${link.name}`, target: link.target });
  }
  if (facts.cgroups.mode === 'hybrid') {
    mountHierarchy(compilation, from, `${target}/unified`, 'cgroup2', [], facts.cgroups.unified, attributes);
  }
}

function mountHierarchy(
  compilation: Compilation,
  from: string,
  target: string,
  type: 'cgroup' | 'cgroup2',
  options: readonly string[],
  directory: string | undefined,
  attributes: number,
  index = -1,
): void {
  const { plan, root, linux } = compilation;
  if (hasNamespace(linux, 'cgroup')) {
    const common = {
      propagation: 0,
      propagationRecursive: 0,
      copyUp: 0,
      keepMode: 0,
      instead: '',
      insteadType: 0,
    };
    plan.add('rootfs', from, 'mount', {
      root,
      target,
      type,
      source: 'cgroup',
      options,
      attributes,
      ...common,
      handle: handleFor(compilation, index),
    });
    return;
  }
  if (directory === undefined) return;
  const key = `${from} ${directory}`;
  let tree = compilation.trees.get(key);
  if (tree === undefined) {
    tree = plan.slot();
    plan.add('rootfs', from, 'open-tree', { slot: tree, path: directory, recursive: 0 });
  }
  if (index >= 0) compilation.handles.set(index, tree);
  plan.add('rootfs', from, 'bind', {
    root,
    target,
    tree,
    set: attributes,
    clear: 0,
    setRecursive: 0,
    clearRecursive: 0,
    propagation: 0,
    propagationRecursive: 0,
  });
}

/** Stage 0: the cgroup directories that will be bound, while the caller's privileges reach them. */
export function openCgroups(compilation: Compilation): void {
  const { config, facts, linux, ownMounts, plan, trees } = compilation;
  if (!ownMounts || !opensAhead(compilation) || hasNamespace(linux, 'cgroup')) return;
  const directories: string[] = [];
  for (const { directory } of facts.cgroups.hierarchies) directories.push(directory);
  if (facts.cgroups.unified !== undefined) directories.push(facts.cgroups.unified);
  for (const [index, mount] of (config.mounts ?? []).entries()) {
    const options = parseMountOptions(mount.options);
    if (mount.type !== 'cgroup' || options.remount || isBind(mount, options)) continue;
    for (const path of directories) {
      const slot = plan.slot();
      plan.add('prepare', `/mounts/${index}`, 'open-tree', { slot, path, recursive: 0 });
      trees.set(`/mounts/${index} ${path}`, slot);
    }
  }
}

/**
 * Whoever is no root of the machine, and shows the host's cgroups in a container, shows them to be read: those that the user may
 * write belong to more than this container (CVE-2023-25809). A private cgroup namespace shows the container's own alone.
 */
export function sealCgroups(compilation: Compilation): void {
  const index = hostCgroups(compilation);
  if (index < 0) return;
  compilation.plan.add('confine', `/mounts/${index}`, 'readonly-path', {
    path: cgroupRoot,
    ...placeOf(compilation, cgroupRoot),
  });
}
