import type { Arena } from './arena.ts';
import type { Contender } from './contender.ts';
import { createOne, removeOne } from './lifecycle.ts';
import type { Place, Recorder } from './report.ts';

type Note = (operation: string, milliseconds: number) => void;

/** How often the commands that look at every container are measured. */
const LOOKS = 10;

/** Commands about one container, again and again with a new one; `among` tells how many others are alive. */
async function meetOne(arena: Arena, contender: Contender, place: Place, among: string, note: Note) {
  // the first two turns fill caches and are not counted
  for (let turn = -2; turn < Math.ceil(place.rounds / 2); turn += 1) {
    const container = await createOne(arena, contender, place.bundles.limited);
    const start = await arena.timer.mustRun(contender.command('start', container.id));
    const state = await arena.timer.mustRun(contender.command('state', container.id));
    // crun has no such command
    const events =
      contender.name === 'crun'
        ? undefined
        : await arena.timer.mustRun(contender.command('events', '--stats', container.id));
    const deletion = await removeOne(arena, contender, container);
    if (turn < 0) continue;
    note(`create, ${among}`, container.timing.milliseconds);
    note(`start, ${among}`, start.milliseconds);
    note(`state, ${among}`, state.milliseconds);
    if (events !== undefined) note(`events --stats, ${among}`, events.milliseconds);
    note(`delete --force, ${among}`, deletion.milliseconds);
  }
}

async function lookAtAll(arena: Arena, contender: Contender, count: number, note: Note) {
  for (let turn = 0; turn < LOOKS; turn += 1) {
    note(`list of ${count}`, (await arena.timer.mustRun(contender.command('list'))).milliseconds);
    if (contender.name !== 'tsoci') continue;
    const stats = await arena.timer.mustRun(contender.command('stats', '--no-stream'));
    note(`stats of ${count}`, stats.milliseconds);
  }
}

/**
 * Commands with none and with many running containers that have limits. One contender after the other: the memory of
 * all their containers at once would be another experiment.
 */
export async function many(arena: Arena, place: Place, recorder: Recorder): Promise<void> {
  for (const contender of arena.contenders) {
    const about = { scenario: 'many containers', arena: arena.name, contender: contender.name } as const;
    const note: Note = (operation, milliseconds) =>
      recorder.add({ ...about, operation, unit: 'ms' }, milliseconds);
    await meetOne(arena, contender, place, 'no others alive', note);
    await lookAtAll(arena, contender, 0, note);
    const alive: { id: string; pid: number }[] = [];
    for (let made = 0; made < place.containers; made += 1) {
      if (place.interrupted.aborted) throw new Error('interrupted');
      const container = await createOne(arena, contender, place.bundles.limited);
      await arena.timer.mustRun(contender.command('start', container.id));
      alive.push(container);
    }
    await meetOne(arena, contender, place, `${place.containers} others alive`, note);
    await lookAtAll(arena, contender, place.containers, note);
    for (const container of alive) await removeOne(arena, contender, container);
  }
}
