import { isBind } from '../../spec/mount-options.ts';
import { resolvePath } from '../../spec/path.ts';
import { type Compilation, opensAhead, type PlannedMount } from '../compilation.ts';
import { NO_SLOT, type Phase } from '../operations.ts';
import { isIdmapped, mapTree, onlyBinds } from './idmapped-mounts.ts';

/** A tree of the host that is cloned. */
interface SourceTree {
  /** `root`, or the pointer of the mount. */
  readonly key: string;
  readonly from: string;
  readonly path: string;
  readonly recursive: boolean;
  /** A link is itself meant. */
  readonly noFollow?: boolean;
}

/** Opens a source tree, ahead or now, and remembers its slot under its key. */
function openTree(compilation: Compilation, phase: Phase, tree: SourceTree): void {
  const { key, from, path, recursive, noFollow = false } = tree;
  // The root's own tree stays open as the handle to which everything else is relative.
  const slot = key === 'root' ? compilation.root : compilation.plan.slot();
  compilation.plan.add(phase, from, 'open-tree', {
    slot,
    path,
    recursive,
    noFollow,
  });
  compilation.trees.set(key, slot);
}

/** Stage 0: the root filesystem and every bind source, while the caller's privileges still reach them. */
export function openSources(compilation: Compilation): void {
  if (!compilation.ownMounts) return;
  const ahead = opensAhead(compilation);
  if (ahead)
    openTree(compilation, 'prepare', {
      key: 'root',
      from: '/root/path',
      path: compilation.request.rootfs,
      recursive: true,
    });
  for (const planned of compilation.mounts) openSource(compilation, planned, ahead ? 'prepare' : undefined);
}

/** Opens the source of a bind mount ahead, when a phase for that is given, or its ids are to be mapped. */
export function openSource(compilation: Compilation, planned: PlannedMount, ahead: Phase | undefined): void {
  const { mount, from, options, link } = planned;
  const mapped = isIdmapped(mount, options);
  if (mapped && !isBind(mount, options)) throw onlyBinds(from);
  if (options.remount || link !== undefined || !isBind(mount, options) || (ahead === undefined && !mapped))
    return;
  openTree(compilation, ahead ?? 'prepare', sourceTree(compilation, planned));
  const tree = compilation.trees.get(from);
  if (mapped && tree !== undefined) mapTree(compilation, planned, tree);
}

/** The tree that a bind mount shows. */
export function sourceTree({ request }: Compilation, { mount, from, options }: PlannedMount): SourceTree {
  return {
    key: from,
    from,
    path: resolvePath(request.bundle, mount.source ?? ''),
    recursive: options.bind !== 'bind',
    noFollow: options.sourceNoFollow,
  };
}

/** The slot of a tree that was opened ahead, or one that is opened now. */
export function treeFor(compilation: Compilation, tree: SourceTree): number {
  const ahead = compilation.trees.get(tree.key);
  if (ahead !== undefined) return ahead;
  openTree(compilation, 'rootfs', tree);
  return compilation.trees.get(tree.key) ?? NO_SLOT;
}
