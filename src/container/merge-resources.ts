import type { Resources } from '../bundle/config.ts';

/** Fields where 0, or an empty text, means "leave it as it is" (as everywhere, see docs/cgroups.md). */
const zeroIsAbsent = new Set(['memory', 'cpu']);
const zeroCounts = new Set(['swappiness', 'idle', 'burst']);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The limits that hold after `changes` were laid over `before`: section by section, member by member; lists are replaced. */
export function mergeResources(before: Resources | undefined, changes: Resources): Resources {
  const merged: Record<string, unknown> = { ...before };
  for (const [section, value] of Object.entries(changes)) {
    const old = merged[section];
    if (!isObject(value) || !isObject(old)) {
      merged[section] = value;
      continue;
    }
    const kept = Object.entries(value).filter(([name, given]) => {
      const empty = given === 0 || given === 0n || given === '';
      return !(empty && zeroIsAbsent.has(section) && !zeroCounts.has(name));
    });
    merged[section] = { ...old, ...Object.fromEntries(kept) };
  }
  return merged as Resources;
}
