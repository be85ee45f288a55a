import type { ModuleGraph } from './module-graph.ts';

/**
 * A test of the suite is a box's user, and a box is what a test fails with: these know one another's types, and
 * nothing is loaded twice for it.
 */
const allowed: readonly (readonly string[])[] = [
  ['conformance/support/box.ts', 'conformance/support/container.ts', 'conformance/support/host-mounts.ts'],
];

/**
 * Groups of files each of which leads to all others of its group, by whatever it imports: types count, as a circle of
 * them is as hard to read. Tarjan's algorithm: a group is complete when the walk leaves the first of its files that
 * it met.
 */
export function circlesOf(graph: ModuleGraph): string[][] {
  const met = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const groups: string[][] = [];
  const visit = (path: string): void => {
    met.set(path, met.size);
    lowest.set(path, met.size - 1);
    open.push(path);
    const lower = (to: number) => lowest.set(path, Math.min(lowest.get(path) ?? 0, to));
    for (const { inside, target } of graph.get(path)?.imports ?? []) {
      if (!inside || !graph.has(target)) continue;
      if (!met.has(target)) {
        visit(target);
        lower(lowest.get(target) ?? 0);
      } else if (open.includes(target)) lower(met.get(target) ?? 0);
    }
    if (lowest.get(path) === met.get(path)) groups.push(open.splice(open.indexOf(path)).sort());
  };
  for (const path of graph.keys()) if (!met.has(path)) visit(path);
  return groups.filter((group) => group.length > 1);
}

/** Circles of files, types included, but for those that are allowed. */
export function checkCircles(graph: ModuleGraph): string[] {
  return circlesOf(graph)
    .filter((group) => !allowed.some((files) => files.join() === group.join()))
    .map((group) => `circle: ${group.join(' ⇄ ')}`);
}
