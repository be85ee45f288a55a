import { Failure } from '../../failure.ts';
import { mountContextType } from '../../spec/annotations.ts';
import type { Mount } from '../../spec/config.ts';
import { filesystemTypes, mountAttribute, propagationType } from '../../spec/kernel-flags.ts';
import { attributesOf, isBind } from '../../spec/mount-options.ts';
import { createsNamespace, hasNamespace } from '../../spec/namespaces.ts';
import { isInside, normalizePath } from '../../spec/path.ts';
import type { Compilation, PlannedMount } from '../compilation.ts';
import { NO_SLOT } from '../operations.ts';
import { planCgroupMount } from './cgroup-mounts.ts';
import { handleFor, isSealed, mountOn } from './mount-handles.ts';
import { sourceTree, treeFor } from './source-trees.ts';

/**
 * Filesystems whose superblock is shared or made by the kernel: `ro` belongs to the mount alone. A tmpfs gets it
 * last, when the mount points below it have been made.
 */
const attributeOnly = [
  'proc',
  'sysfs',
  'tmpfs',
  'ramfs',
  'devpts',
  'mqueue',
  'cgroup',
  'cgroup2',
  'securityfs',
  'bpf',
];

/** Files of procfs over which a bind mount is common practice and harmless (lxcfs and the like). */
const procFiles = [
  '/proc/cpuinfo',
  '/proc/diskstats',
  '/proc/meminfo',
  '/proc/stat',
  '/proc/swaps',
  '/proc/uptime',
  '/proc/loadavg',
  '/proc/slabinfo',
  '/proc/net/dev',
  '/proc/sys/kernel/ns_last_pid',
  '/proc/sys/crypto/fips_enabled',
];

/**
 * procfs is where the kernel is told things: what is mounted there must be procfs (CVE-2019-16884, CVE-2023-28642).
 */
function guardProc(mount: Mount, target: string, bind: boolean, pointer: string): void {
  if (!isInside(target, '/proc')) return;
  if (target === '/proc') {
    const source = normalizePath(mount.source ?? '');
    if (mount.type === 'proc' || (bind && source === '/proc')) return;
    throw new Failure(
      'invalid',
      `mount over "/proc" with type "${mount.type ?? 'none'}": only procfs may be mounted there`,
      {
        pointer,
      },
    );
  }
  if (bind && procFiles.includes(target)) return;
  throw new Failure(
    'invalid',
    `mount destination "${target}" is inside /proc: only ${procFiles.join(', ')} may be`,
    {
      pointer,
      hint: 'Use linux.maskedPaths or linux.readonlyPaths to hide or protect a part of /proc',
    },
  );
}

/** The root filesystem becomes a mount of its own, to which everything below is relative. */
export function mountRoot(compilation: Compilation): void {
  const { plan, linux, request, joinedMounts } = compilation;
  const shared = linux.rootfsPropagation?.endsWith('shared') ?? false;
  const isPrivate = linux.rootfsPropagation?.endsWith('private') ?? false;
  // Nothing that is mounted in the container may reach the host, unless the config says that the root is shared.
  const type = isPrivate ? propagationType.private : propagationType.slave;
  // What is mounted in a joined namespace already is not ours to change, but for the one mount that ours is attached
  // to.
  if (!shared && !joinedMounts) {
    plan.add('rootfs', '/linux/rootfsPropagation', 'propagation', { type, recursive: true });
  }
  const tree = treeFor(compilation, {
    key: 'root',
    from: '/root/path',
    path: request.rootfs,
    recursive: true,
  });
  plan.add('rootfs', '/root/path', 'mount-root', {
    tree,
    directory: compilation.directory,
    path: request.rootfs,
    privateParent: shared || joinedMounts,
  });
}

/** One entry of `mounts`. */
export function planMount(compilation: Compilation, planned: PlannedMount): void {
  const { mount, from, target, options } = planned;
  const bind = isBind(mount, options);
  guardProc(mount, target, bind, from);
  if (options.remount) planRemount(compilation, planned);
  else if (bind) planBind(compilation, planned);
  else if (mount.type === 'cgroup') planCgroupMount(compilation, planned);
  else planFilesystem(compilation, planned);
}

function planRemount(compilation: Compilation, { index, from, target, options }: PlannedMount): void {
  const mount = mountOn(compilation, target, index);
  compilation.plan.add('rootfs', from, 'remount', {
    mount,
    root: mount === NO_SLOT ? compilation.root : NO_SLOT,
    target,
    set: attributesOf(options),
    clear: (options.clearRecursive & ~options.set) | options.clear,
    recursive: (options.setRecursive | options.clearRecursive) !== 0,
    options: options.data,
    propagation: options.propagation,
    propagationRecursive: options.propagationRecursive,
  });
}

function planBind(compilation: Compilation, planned: PlannedMount): void {
  const { mount, index, from, target, options, link } = planned;
  const { plan, linux, root } = compilation;
  if (mount.source === undefined)
    throw new Failure('invalid', 'a bind mount needs a source', { pointer: `${from}/source` });
  if (link !== undefined) {
    plan.add('rootfs', from, 'symlink', {
      root,
      directory: NO_SLOT,
      path: target,
      target: link,
      exact: true,
    });
    return;
  }
  const tree = treeFor(compilation, sourceTree(compilation, planned));
  // The tree is the mount, once it is attached.
  compilation.handles.set(index, tree);
  // A clone of a shared mount is its peer: what the container mounts below would appear on the host.
  const keep = linux.rootfsPropagation?.endsWith('shared') ?? false;
  const silent = options.propagation === 0 && !keep;
  plan.add('rootfs', from, 'bind', {
    root,
    directory: NO_SLOT,
    target,
    noFollow: options.destinationNoFollow,
    tree,
    set: options.set,
    clear: options.clear,
    setRecursive: options.setRecursive,
    clearRecursive: options.clearRecursive,
    propagation: silent ? propagationType.slave : options.propagation,
    propagationRecursive: silent || options.propagationRecursive,
  });
}

function planFilesystem(
  compilation: Compilation,
  { mount, index, from, target, options }: PlannedMount,
): void {
  const { plan, root } = compilation;
  const type = mount.type ?? '';
  if (type === '' || type === 'none') {
    throw new Failure('invalid', `mount of "${target}" needs a type`, {
      pointer: `${from}/type`,
      hint: 'For a bind mount add "bind" or "rbind" to its options',
    });
  }
  const attributes = attributesOf(options);
  const data = [...options.data, ...labelOption(compilation, type, options.data)];
  const readonly = (attributes & mountAttribute.rdonly) !== 0;
  if (readonly && !attributeOnly.includes(type)) data.push('ro');
  const late = readonly && type === 'tmpfs';
  plan.add('rootfs', from, 'mount', {
    root,
    directory: NO_SLOT,
    target,
    noFollow: options.destinationNoFollow,
    type,
    source: mount.source ?? type,
    options: data,
    attributes: late ? attributes & ~mountAttribute.rdonly : attributes,
    propagation: options.propagation,
    propagationRecursive: options.propagationRecursive,
    copyUp: options.copyUp && type === 'tmpfs',
    keepMode: type === 'tmpfs' && !names(data, 'mode='),
    ...insteadOf(compilation, type, readonly),
    handle: handleFor(compilation, index),
  });
}

/**
 * What may stand in for a filesystem that the kernel makes only for the owner of a namespace. The container shares
 * that namespace with the host, so the host's mount shows what its own would; of sysfs, which also shows network
 * devices of the host when the namespace was joined, only as much as reading.
 */
function insteadOf(
  { linux }: Compilation,
  type: string,
  readonly: boolean,
): { readonly instead: string; readonly insteadType: number } {
  if (type === 'sysfs' && readonly && !createsNamespace(linux, 'network'))
    return { instead: '/sys', insteadType: filesystemTypes.sysfs };
  if (type === 'mqueue' && !hasNamespace(linux, 'ipc'))
    return { instead: '/dev/mqueue', insteadType: filesystemTypes.mqueue };
  if (type === 'proc' && !hasNamespace(linux, 'pid'))
    return { instead: '/proc', insteadType: filesystemTypes.proc };
  return { instead: '', insteadType: 0 };
}

/** linux.mountLabel goes to filesystems that live in memory, as a `context` option, where SELinux is on. */
function labelOption(compilation: Compilation, type: string, data: readonly string[]): readonly string[] {
  const label = compilation.linux.mountLabel;
  if (!label || !compilation.facts.selinux || ['proc', 'sysfs'].includes(type)) return [];
  const kind = mountContextType(compilation.config.annotations);
  return names(data, `${kind}=`) ? [] : [`${kind}=${label}`];
}

/** An option that begins so is among them. */
function names(data: readonly string[], beginning: string): boolean {
  return data.some((option) => option.startsWith(beginning));
}

/** After everything was made below them, the tmpfs mounts with `ro` become read-only. */
export function sealTmpfs(compilation: Compilation): void {
  for (const planned of compilation.mounts) {
    if (!isSealed(compilation, planned)) continue;
    const { from, index, target } = planned;
    compilation.plan.add('confine', from, 'remount', {
      mount: compilation.handles.get(index) ?? NO_SLOT,
      root: NO_SLOT,
      target,
      set: mountAttribute.rdonly,
      clear: 0,
      recursive: false,
      options: [],
      propagation: 0,
      propagationRecursive: false,
    });
  }
}
