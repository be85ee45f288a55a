import type { Arena } from './arena.ts';
import { createOne, eachInTurn, removeOne } from './lifecycle.ts';
import type { Place, Recorder } from './report.ts';

/** What a seccomp profile adds to `create`: the same container without and with one, in turn. */
export async function filtered(arena: Arena, place: Place, recorder: Recorder): Promise<void> {
  await eachInTurn(arena.contenders, place.rounds, place.interrupted, async (contender, warm) => {
    for (const [operation, bundle] of [
      ['create without a filter', place.bundles.sleep],
      ['create with a filter', place.bundles.filtered],
    ] as const) {
      const { timing, ...made } = await createOne(arena, contender, bundle);
      await removeOne(arena, contender, made);
      if (!warm) continue;
      recorder.add(
        { scenario: 'seccomp', arena: arena.name, contender: contender.name, operation, unit: 'ms' },
        timing.milliseconds,
      );
    }
  });
}
