import type { ModuleGraph } from './module-graph.ts';

/** What an engine's call loads: the entry, and the commands that engines call for every container. */
const roots = [
  'src/entry/node.ts',
  ...['create', 'start', 'state', 'kill', 'delete', 'exec'].map((name) => `src/cli/commands/${name}.ts`),
];

/** Packages and `node:` modules that a file of the hot path may import statically, with the reason. */
const allowed: Readonly<Record<string, string>> = {};

/**
 * Imports that every call would pay for: `node:fs` costs 1.1 ms, yargs 10 ms. System calls go through src/host/native.ts; what
 * is needed rarely is imported where it is needed.
 */
export function checkHotPath(graph: ModuleGraph): string[] {
  const problems: string[] = [];
  const cameFrom = new Map<string, string | undefined>(
    roots.filter((path) => graph.has(path)).map((path) => [path, undefined]),
  );
  // A Map hands out what is added while it is walked.
  for (const path of cameFrom.keys())
    for (const entry of graph.get(path)?.imports ?? []) {
      if (entry.typeOnly || entry.dynamic) continue;
      if (entry.inside) {
        if (!cameFrom.has(entry.target)) cameFrom.set(entry.target, path);
      } else if (allowed[entry.target] === undefined)
        problems.push(`${trail(cameFrom, path)} imports ${entry.target} on the path of every call`);
    }
  return problems;
}

function trail(cameFrom: ReadonlyMap<string, string | undefined>, path: string): string {
  const before = cameFrom.get(path);
  return before === undefined ? path : `${trail(cameFrom, before)} → ${path}`;
}
