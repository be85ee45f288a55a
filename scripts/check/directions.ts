import type { Import, Module, ModuleGraph } from './module-graph.ts';

interface RoomRule {
  /** Rooms whose code a room may run. */
  readonly values: readonly string[];
  /** Rooms of which it may know the types alone. */
  readonly types?: readonly string[];
}

const middle = ['bundle', 'plan', 'seccomp', 'network', 'launch', 'cgroup', 'criu', 'host'];

/** docs/architecture.md: arrows point down only. `generated/` and the files directly in src/ are free for all. */
const rooms: Readonly<Record<string, RoomRule>> = {
  entry: { values: ['cli', 'host', 'foreign'] },
  // Beside the command: neither loads the other.
  library: { values: ['container', ...middle, 'foreign', 'entry'] },
  cli: { values: ['container', ...middle, 'foreign'] },
  container: { values: middle },
  launch: { values: ['plan', 'host'], types: ['bundle'] },
  seccomp: { values: ['host'], types: ['bundle', 'plan'] },
  cgroup: { values: ['host', 'dbus'], types: ['bundle'] },
  network: { values: ['host'], types: ['bundle'] },
  criu: { values: ['host'] },
  bundle: { values: ['host'] },
  plan: { values: [], types: ['bundle'] },
  dbus: { values: ['host'] },
  foreign: { values: ['host'] },
  host: { values: [] },
};

/**
 * Tables that several rooms read, so that what is validated, planned and advertised cannot differ. Free for all like generated
 * code, and in return they import nothing but one another.
 */
const tables = ['capability-names', 'kernel-flags', 'mount-options'].map((name) => `src/plan/${name}.ts`);

/** `src/plan/mounts.ts` → `plan`; undefined outside the rooms. */
function roomOf(path: string): string | undefined {
  const [source, room, file] = path.split('/');
  return source === 'src' && file !== undefined ? room : undefined;
}

function mayImport(from: string, to: string, entry: Import): boolean {
  const rule = rooms[from];
  if (rule === undefined) return false;
  return rule.values.includes(to) || (entry.typeOnly && (rule.types ?? []).includes(to));
}

function importProblem(module: Module, entry: Import): string | undefined {
  const from = roomOf(module.path);
  if (from === undefined) return undefined;
  if (!entry.inside)
    return from === 'plan' && !entry.typeOnly
      ? `${module.path}: the planner is pure, but imports ${entry.target}`
      : undefined;
  const to = roomOf(entry.target);
  if (tables.includes(module.path) && !tables.includes(entry.target))
    return `${module.path}: a table for all rooms, so it must not import ${entry.target}`;
  if (to === from || tables.includes(entry.target) || entry.target.includes('/generated/')) return undefined;
  if (to === undefined) return entry.target.startsWith('src/') ? undefined : outside(module, entry);
  if (mayImport(from, to, entry)) return undefined;
  const what = entry.typeOnly ? 'types of' : 'code of';
  return `${module.path}: ${from} must not know ${what} ${to} (${entry.target})`;
}

function outside(module: Module, entry: Import): string {
  return `${module.path}: imports ${entry.target}, which is not part of the program`;
}

/** Imports that point up or sideways in the house, and rooms that nobody described. */
export function checkDirections(graph: ModuleGraph): string[] {
  const problems = new Set<string>();
  for (const module of graph.values()) {
    if (!module.path.startsWith('src/')) continue;
    const room = roomOf(module.path);
    if (room !== undefined && rooms[room] === undefined)
      problems.add(`src/${room}/: a room that scripts/check/directions.ts does not know`);
    for (const entry of module.imports) {
      if (entry.inside && !graph.has(entry.target))
        problems.add(`${module.path}: imports ${entry.target}, which is not there`);
      const problem = importProblem(module, entry);
      if (problem !== undefined) problems.add(problem);
    }
  }
  return [...problems];
}

/** Circles of files that load one another. Types do not count, nor what is imported when it is needed. */
export function checkCircles(graph: ModuleGraph): string[] {
  const state = new Map<string, 'open' | 'done'>();
  const problems: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      problems.push(`circle: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`);
      return;
    }
    state.set(path, 'open');
    for (const entry of graph.get(path)?.imports ?? [])
      if (entry.inside && !entry.typeOnly && !entry.dynamic) visit(entry.target, [...trail, path]);
    state.set(path, 'done');
  };
  for (const path of graph.keys()) visit(path, []);
  return problems;
}
