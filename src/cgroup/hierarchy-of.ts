import type { SavedCgroup } from './cgroup.ts';

/** The v1 hierarchy of a cgroup that has a controller, if any. A loop, as every command asks: see docs/performance.md. */
export function hierarchyOf(
  { hierarchies }: Pick<SavedCgroup, 'hierarchies'>,
  controller: string,
): SavedCgroup['hierarchies'][number] | undefined {
  for (const hierarchy of hierarchies) if (hierarchy.controllers.includes(controller)) return hierarchy;
  return undefined;
}
