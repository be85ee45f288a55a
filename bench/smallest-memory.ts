import { join } from 'node:path';
import type { Arena } from './arena.ts';
import { writeBundle } from './bundle.ts';
import type { Contender } from './contender.ts';
import type { Place, Recorder } from './report.ts';

/** The kernel counts in pages. */
const PAGE = 4096;
const ENOUGH = 32 * 1024 * 1024;
/** A limit counts as enough when that many starts in a row succeed. */
const REPEATS = 3;

async function works(arena: Arena, contender: Contender, bundle: string): Promise<boolean> {
  for (let turn = 0; turn < REPEATS; turn += 1) {
    const id = arena.newId(contender);
    const argv = contender.command('run', '--bundle', bundle, id);
    const { status } = await arena.timer.run(argv, { timeoutMilliseconds: 2000 });
    if (status !== 0) await arena.timer.run(contender.command('delete', '--force', id));
    arena.deleted(id);
    if (status !== 0) return false;
  }
  return true;
}

/** The smallest memory limit in config.json with which `run` of /bin/true succeeds, by bisection. */
export async function smallestMemory(arena: Arena, place: Place, recorder: Recorder): Promise<void> {
  for (const contender of arena.contenders) {
    const fits = (pages: number) => {
      const options = { args: ['/bin/true'], resources: { memory: { limit: pages * PAGE } } };
      const bundle = writeBundle(join(arena.directory, 'memory'), place.bundles.rootfs, options);
      return works(arena, contender, bundle);
    };
    let tooSmall = 0;
    let enough = ENOUGH / PAGE;
    if (!(await fits(enough))) throw new Error(`${contender.name}: /bin/true does not run within 32 MiB`);
    while (enough - tooSmall > 1) {
      if (place.interrupted.aborted) throw new Error('interrupted');
      const middle = Math.floor((enough + tooSmall) / 2);
      if (await fits(middle)) enough = middle;
      else tooSmall = middle;
    }
    recorder.add(
      {
        ...{ scenario: 'smallest memory limit', operation: 'smallest memory limit', unit: 'KiB' },
        ...{ arena: arena.name, contender: contender.name },
      },
      (enough * PAGE) / 1024,
    );
  }
}
