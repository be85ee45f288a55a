import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Import, Module, ModuleGraph } from './module-graph.ts';

interface RoomRule {
  /** Rooms whose code a room may run. */
  readonly values: readonly string[];
  /** Rooms of which it may know the types alone. */
  readonly types?: readonly string[];
}

const middle = ['bundle', 'plan', 'seccomp', 'network', 'launch', 'cgroup', 'resctrl', 'criu', 'host'];

/** docs/architecture.md: arrows point down only. `generated/` and the files directly in src/ are free for all. */
const rooms: Readonly<Record<string, RoomRule>> = {
  entry: { values: ['cli', 'shim', 'host', 'foreign'] },
  shim: { values: ['container', 'host'], types: ['bundle', 'cgroup'] },
  // Beside the command: neither loads the other.
  library: { values: ['container', 'audit', 'doctor', ...middle, 'foreign', 'entry'] },
  cli: { values: ['container', 'audit', 'doctor', ...middle, 'foreign'] },
  container: { values: middle },
  launch: { values: ['plan', 'host'] },
  seccomp: { values: ['host'] },
  cgroup: { values: ['host', 'dbus'] },
  network: { values: ['host'] },
  criu: { values: ['host'] },
  bundle: { values: ['host'] },
  plan: { values: [] },
  dbus: { values: ['host'] },
  foreign: { values: ['host'] },
  resctrl: { values: ['host'] },
  doctor: { values: ['cgroup', 'dbus', 'host'] },
  audit: { values: ['bundle', 'host'] },
  host: { values: [] },
  spec: { values: [] },
};

/** The specification's words: free for all like generated code, and in return they import nothing but one another. */
const ground = 'spec';

/** `src/plan/rootfs/mounts.ts` → `plan`; undefined outside the rooms. */
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
  if (to === from || to === ground || entry.target.includes('/generated/')) return undefined;
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

/** @param page the text of docs/architecture.md: its table has a row for each room, and for no other */
export function roomsPageProblems(page: string): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith('Rooms\n')) ?? '';
  const named = [...section.matchAll(/^\| `(\w+)\/` \|/gm)].map(([, room = '']) => room);
  return [
    ...Object.keys(rooms)
      .filter((room) => !named.includes(room))
      .map((room) => `docs/architecture.md: src/${room}/ is not in the table of rooms`),
    ...named
      .filter((room) => rooms[room] === undefined)
      .map((room) => `docs/architecture.md: there is no room src/${room}/ (scripts/check/directions.ts)`),
  ];
}

export function checkRoomsPage(root: string): string[] {
  return roomsPageProblems(readFileSync(join(root, 'docs/architecture.md'), 'utf8'));
}
