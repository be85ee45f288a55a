import type { Mount } from '../bundle/config.ts';
import { Failure } from '../failure.ts';
import { planCgroupMount } from './cgroup-mounts.ts';
import { type Compilation, createsNamespace, hasNamespace, isBind, opensAhead } from './compilation.ts';
import { isIdmapped, mapTree, onlyBinds } from './idmapped-mounts.ts';
import { mountAttribute, propagationType } from './kernel-flags.ts';
import { handleFor, isSealed, mountOn } from './mount-handles.ts';
import { attributesOf, type ParsedMountOptions, parseMountOptions } from './mount-options.ts';
import { NO_SLOT, type Phase } from './operations.ts';
import { isInside, normalizePath, resolvePath } from './path.ts';

/**
 * Filesystems whose superblock is shared or made by the kernel: `ro` belongs to the mount alone. A tmpfs gets it last, when
 * the mount points below it have been made.
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

/** procfs is where the kernel is told things: what is mounted there must be procfs (CVE-2019-16884, CVE-2023-28642). */
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
      hint: 'use linux.maskedPaths or linux.readonlyPaths to hide or protect a part of /proc',
    },
  );
}

/** Opens a source tree, ahead or now, and remembers its slot under `key`. */
function openTree(
  compilation: Compilation,
  phase: Phase,
  key: string,
  from: string,
  path: string,
  recursive: boolean,
): void {
  // The root's own tree stays open as the handle to which everything else is relative.
  const slot = key === 'root' ? compilation.root : compilation.plan.slot();
  compilation.plan.add(phase, from, 'open-tree', { slot, path, recursive: recursive ? 1 : 0 });
  compilation.trees.set(key, slot);
}

/** Stage 0: the root filesystem and every bind source, while the caller's privileges still reach them. */
export function openSources(compilation: Compilation): void {
  if (!compilation.ownMounts) return;
  const ahead = opensAhead(compilation);
  if (ahead) openTree(compilation, 'prepare', 'root', '/root/path', compilation.request.rootfs, true);
  for (const [index, mount] of (compilation.config.mounts ?? []).entries()) {
    const options = parseMountOptions(mount.options);
    const from = `/mounts/${index}`;
    const mapped = isIdmapped(mount, options);
    if (mapped && !isBind(mount, options)) throw onlyBinds(from);
    if (options.remount || !isBind(mount, options) || !(ahead || mapped)) continue;
    openTree(compilation, 'prepare', from, from, sourceOf(compilation, mount), options.bind !== 'bind');
    const tree = compilation.trees.get(from);
    if (mapped && tree !== undefined) mapTree(compilation, mount, options, from, tree);
  }
}

function sourceOf({ request }: Compilation, mount: Mount): string {
  return resolvePath(request.bundle, mount.source ?? '');
}

/** The slot of a tree that was opened ahead, or one that is opened now. */
export function treeFor(compilation: Compilation, key: string, path: string, recursive: boolean): number {
  const ahead = compilation.trees.get(key);
  if (ahead !== undefined) return ahead;
  openTree(compilation, 'rootfs', key, key === 'root' ? '/root/path' : key, path, recursive);
  return compilation.trees.get(key) ?? NO_SLOT;
}

/** The root filesystem becomes a mount of its own, to which everything below is relative. */
export function mountRoot(compilation: Compilation): void {
  const { plan, linux, request, joinedMounts } = compilation;
  const shared = linux.rootfsPropagation?.endsWith('shared') ?? false;
  const isPrivate = linux.rootfsPropagation?.endsWith('private') ?? false;
  // Nothing that is mounted in the container may reach the host, unless the config says that the root is shared.
  const type = isPrivate ? propagationType.private : propagationType.slave;
  // What is mounted in a joined namespace already is not ours to change, but for the one mount that ours is attached to.
  if (!shared && !joinedMounts) {
    plan.add('rootfs', '/linux/rootfsPropagation', 'propagation', { type, recursive: 1 });
  }
  const tree = treeFor(compilation, 'root', request.rootfs, true);
  plan.add('rootfs', '/root/path', 'mount-root', {
    tree,
    directory: compilation.directory,
    path: request.rootfs,
    privateParent: shared || joinedMounts ? 1 : 0,
  });
}

/** One entry of `mounts`. */
export function planMount(compilation: Compilation, mount: Mount, index: number): void {
  const from = `/mounts/${index}`;
  const options = parseMountOptions(mount.options);
  const target = normalizePath(mount.destination);
  const bind = isBind(mount, options);
  guardProc(mount, target, bind, from);
  if (options.remount) planRemount(compilation, index, target, options);
  else if (bind) planBind(compilation, index, target, mount, options);
  else if (mount.type === 'cgroup') planCgroupMount(compilation, index, target, options);
  else planFilesystem(compilation, index, target, mount, options);
}

function planRemount(
  compilation: Compilation,
  index: number,
  target: string,
  options: ParsedMountOptions,
): void {
  const mount = mountOn(compilation, target, index);
  compilation.plan.add('rootfs', `/mounts/${index}`, 'remount', {
    mount,
    root: mount === NO_SLOT ? compilation.root : NO_SLOT,
    target,
    set: attributesOf(options),
    clear: (options.clearRecursive & ~options.set) | options.clear,
    recursive: options.setRecursive | options.clearRecursive ? 1 : 0,
    options: options.data,
    propagation: options.propagation,
    propagationRecursive: options.propagationRecursive ? 1 : 0,
  });
}

function planBind(
  compilation: Compilation,
  index: number,
  target: string,
  mount: Mount,
  options: ParsedMountOptions,
): void {
  const { plan, linux, root } = compilation;
  const from = `/mounts/${index}`;
  if (mount.source === undefined)
    throw new Failure('invalid', 'a bind mount needs a source', { pointer: `${from}/source` });
  const tree = treeFor(compilation, from, sourceOf(compilation, mount), options.bind !== 'bind');
  // The tree is the mount, once it is attached.
  compilation.handles.set(index, tree);
  // A clone of a shared mount is its peer: what the container mounts below would appear on the host.
  const keep = linux.rootfsPropagation?.endsWith('shared') ?? false;
  const silent = options.propagation === 0 && !keep;
  plan.add('rootfs', from, 'bind', {
    root,
    target,
    tree,
    set: options.set,
    clear: options.clear,
    setRecursive: options.setRecursive,
    clearRecursive: options.clearRecursive,
    propagation: silent ? propagationType.slave : options.propagation,
    propagationRecursive: silent || options.propagationRecursive ? 1 : 0,
  });
}

function planFilesystem(
  compilation: Compilation,
  index: number,
  target: string,
  mount: Mount,
  options: ParsedMountOptions,
): void {
  const { plan, root } = compilation;
  const from = `/mounts/${index}`;
  const type = mount.type ?? '';
  if (type === '' || type === 'none') {
    throw new Failure('invalid', `mount of "${target}" needs a type`, {
      pointer: `${from}/type`,
      hint: 'for a bind mount add "bind" or "rbind" to its options',
    });
  }
  const attributes = attributesOf(options);
  const data = [...options.data, ...labelOption(compilation, type, options.data)];
  const readonly = (attributes & mountAttribute.rdonly) !== 0;
  if (readonly && !attributeOnly.includes(type)) data.push('ro');
  const late = readonly && type === 'tmpfs';
  plan.add('rootfs', from, 'mount', {
    root,
    target,
    type,
    source: mount.source ?? type,
    options: data,
    attributes: late ? attributes & ~mountAttribute.rdonly : attributes,
    propagation: options.propagation,
    propagationRecursive: options.propagationRecursive ? 1 : 0,
    copyUp: options.copyUp && type === 'tmpfs' ? 1 : 0,
    keepMode: type === 'tmpfs' && !names(data, 'mode=') ? 1 : 0,
    ...insteadOf(compilation, type, readonly),
    handle: handleFor(compilation, index),
  });
}

/**
 * What may stand in for a filesystem that the kernel makes only for the owner of a namespace. The container shares that namespace with the
 * host, so the host's mount shows what its own would; of sysfs, which also shows network devices of the host when the namespace was
 * joined, only as much as reading.
 */
function insteadOf(
  { linux }: Compilation,
  type: string,
  readonly: boolean,
): { readonly instead: string; readonly insteadType: number } {
  if (type === 'sysfs' && readonly && !createsNamespace(linux, 'network'))
    return { instead: '/sys', insteadType: 0x62656572 };
  if (type === 'mqueue' && !hasNamespace(linux, 'ipc'))
    return { instead: '/dev/mqueue', insteadType: 0x19800202 };
  if (type === 'proc' && !hasNamespace(linux, 'pid')) return { instead: '/proc', insteadType: 0x9fa0 };
  return { instead: '', insteadType: 0 };
}

/** linux.mountLabel goes to filesystems that live in memory, as a `context` option, where SELinux is on. */
function labelOption(compilation: Compilation, type: string, data: readonly string[]): readonly string[] {
  const label = compilation.linux.mountLabel;
  if (!label || !compilation.facts.selinux || ['proc', 'sysfs'].includes(type)) return [];
  return names(data, 'context=') ? [] : [`context=${label}`];
}

/** An option that begins so is among them. */
function names(data: readonly string[], beginning: string): boolean {
  for (const option of data) if (option.startsWith(beginning)) return true;
  return false;
}

/** After everything was made below them, the tmpfs mounts with `ro` become read-only. */
export function sealTmpfs(compilation: Compilation): void {
  for (const [index, mount] of (compilation.config.mounts ?? []).entries()) {
    if (!isSealed(compilation, mount, parseMountOptions(mount.options))) continue;
    compilation.plan.add('confine', `/mounts/${index}`, 'remount', {
      mount: compilation.handles.get(index) ?? NO_SLOT,
      root: NO_SLOT,
      target: normalizePath(mount.destination),
      set: mountAttribute.rdonly,
      clear: 0,
      recursive: 0,
      options: [],
      propagation: 0,
      propagationRecursive: 0,
    });
  }
}
