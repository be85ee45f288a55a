import type { Arena } from './arena.ts';
import { filtered } from './filtered.ts';
import { lifecycleRounds } from './lifecycle.ts';
import { many } from './many.ts';
import type { Place, Recorder } from './report.ts';
import { resident } from './resident.ts';
import { runTrue } from './run-true.ts';
import { smallestMemory } from './smallest-memory.ts';

export interface Scenario {
  readonly name: string;
  readonly arena: 'compared' | 'each';
  run(arena: Arena, place: Place, recorder: Recorder): Promise<void>;
}

/**
 * A rest makes the kernel leave the fast path that waiting for a grace period keeps it in: what an engine sees now
 * and then.
 */
const REST_MILLISECONDS = 200;

/** In the order in which they are run and shown. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'tight loop',
    arena: 'each',
    run: (arena, place, recorder) =>
      lifecycleRounds(arena, place, recorder, {
        scenario: 'tight loop',
        rounds: place.rounds,
        restMilliseconds: 0,
      }),
  },
  {
    name: 'rested',
    arena: 'each',
    run: (arena, place, recorder) =>
      lifecycleRounds(arena, place, recorder, {
        scenario: 'rested',
        rounds: Math.ceil(place.rounds / 2),
        restMilliseconds: REST_MILLISECONDS,
      }),
  },
  { name: 'seccomp', arena: 'compared', run: filtered },
  { name: 'run of /bin/true', arena: 'compared', run: runTrue },
  { name: 'many containers', arena: 'compared', run: many },
  { name: 'stays resident', arena: 'compared', run: resident },
  { name: 'smallest memory limit', arena: 'compared', run: smallestMemory },
];
