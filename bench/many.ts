import type { Arena } from './arena.ts';
import type { Contender } from './contender.ts';
import { createOne } from './lifecycle.ts';
import type { Place, Recorder } from './report.ts';

/** What is repeated with and without others alive. */
async function createSome(
  arena: Arena,
  contender: Contender,
  place: Place,
  note: (milliseconds: number) => void,
): Promise<void> {
  for (let turn = 0; turn < Math.ceil(place.rounds / 2); turn += 1) {
    const { id, pid, timing } = await createOne(arena, contender, place.bundles.sleep);
    note(timing.milliseconds);
    await remove(arena, contender, { id, pid });
  }
}

async function remove(arena: Arena, contender: Contender, { id, pid }: { id: string; pid: number }) {
  await arena.timer.mustRun(contender.command('delete', '--force', id));
  await arena.timer.reap(pid);
  arena.deleted(id);
}

/**
 * `list` over many running containers, and `create` among them and alone. One contender after the other: the memory of
 * all their containers at once would be another experiment.
 */
export async function many(arena: Arena, place: Place, recorder: Recorder): Promise<void> {
  for (const contender of arena.contenders) {
    const about = { scenario: 'many containers', arena: arena.name, contender: contender.name } as const;
    const note = (operation: string) => (milliseconds: number) =>
      recorder.add({ ...about, operation, unit: 'ms' }, milliseconds);
    await createSome(arena, contender, place, note('create, no others alive'));
    const alive: { id: string; pid: number }[] = [];
    for (let made = 0; made < place.containers; made += 1) {
      if (place.interrupted.aborted) throw new Error('interrupted');
      const container = await createOne(arena, contender, place.bundles.sleep);
      await arena.timer.mustRun(contender.command('start', container.id));
      alive.push(container);
    }
    await createSome(arena, contender, place, note(`create, ${place.containers} others alive`));
    for (let turn = 0; turn < 10; turn += 1) {
      const { milliseconds } = await arena.timer.mustRun(contender.command('list'));
      note(`list of ${place.containers}`)(milliseconds);
    }
    for (const container of alive) await remove(arena, contender, container);
  }
}
