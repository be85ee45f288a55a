import { type Export, type Module, type ModuleGraph, reachable } from './module-graph.ts';

/** Files that something outside TypeScript starts or imports. */
const roots =
  /^(?:src\/(?:entry\/(?:node|executable)|index)\.ts$|scripts\/[^/]+\.ts$|test\/.*\.test\.ts$|test\/inside\/[^/]+\.ts$|test\/engines\/compare\.ts$|bench\/[^/]+\.ts$|conformance\/(?:tests\/)?[^/]+\.ts$)/;

const isTest = (path: string) => path.startsWith('test/');

/** Names that other files import from each file. */
function usedNames(graph: ModuleGraph): Map<string, Set<string>> {
  const used = new Map<string, Set<string>>();
  for (const module of graph.values())
    for (const entry of module.imports) {
      if (!entry.inside) continue;
      const names = used.get(entry.target) ?? new Set();
      for (const name of entry.names) names.add(name);
      used.set(entry.target, names);
    }
  return used;
}

/** An export is dead when no file imports it and its own file does not use it either. */
function deadExports(module: Module, used: ReadonlySet<string>): readonly Export[] {
  if (roots.test(module.path) || module.path.includes('/generated/') || used.has('*')) return [];
  return module.exports.filter((entry) => !used.has(entry.name) && entry.mentions < 2);
}

/** Files of src/ that the program never loads, helpers that nobody loads, and exports that nobody uses. */
export function checkDeadCode(graph: ModuleGraph): string[] {
  const starts = [...graph.keys()].filter((path) => roots.test(path));
  const all = reachable(graph, starts);
  const program = reachable(
    graph,
    starts.filter((path) => !isTest(path)),
  );
  const used = usedNames(graph);
  const problems: string[] = [];
  for (const module of graph.values()) {
    if (!all.has(module.path)) problems.push(`${module.path}: nothing imports it`);
    else if (module.path.startsWith('src/') && !program.has(module.path))
      problems.push(`${module.path}: only tests import it`);
    else
      for (const entry of deadExports(module, used.get(module.path) ?? new Set()))
        problems.push(`${module.path}:${entry.line}: nobody uses "${entry.name}"`);
  }
  return problems;
}
