import type { Arena } from './arena.ts';
import { eachInTurn } from './lifecycle.ts';
import type { Place, Recorder } from './report.ts';

/** One `run` of /bin/true from beginning to end, also by those that can do nothing else. */
export async function runTrue(arena: Arena, place: Place, recorder: Recorder): Promise<void> {
  const runtimes = arena.contenders.map((contender) => ({
    name: contender.name,
    words: () => {
      const id = arena.newId(contender);
      return { id, argv: contender.command('run', '--bundle', place.bundles.true, id) };
    },
  }));
  const launchers = place.launchers.map((launcher) => ({
    name: launcher.name,
    words: () => ({ id: '', argv: launcher.runTrue(place.bundles.rootfs, `bench-${process.pid}`) }),
  }));
  await eachInTurn([...runtimes, ...launchers], place.rounds, place.interrupted, async (member, warm) => {
    const { id, argv } = member.words();
    const timing = await arena.timer.mustRun(argv);
    arena.deleted(id);
    if (!warm) return;
    const about = { scenario: 'run of /bin/true', arena: arena.name, contender: member.name } as const;
    recorder.add({ ...about, operation: 'run /bin/true', unit: 'ms' }, timing.milliseconds);
    recorder.add({ ...about, operation: 'peak memory of run', unit: 'KiB' }, timing.peakKib);
  });
}
