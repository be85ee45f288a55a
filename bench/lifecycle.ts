import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Arena } from './arena.ts';
import type { Contender } from './contender.ts';
import type { Place, Recorder } from './report.ts';
import type { RunOptions, Timing } from './spawn-timer.ts';

/** The commands in the order in which a container meets them. */
export const operations = ['version', 'create', 'state', 'start', 'exec', 'kill', 'delete'] as const;
export type Operation = (typeof operations)[number];

export interface LifecycleOptions {
  readonly scenario: string;
  readonly rounds: number;
  /** Rest before each create. */
  readonly restMilliseconds: number;
}

/** A container that waits for `start`, its pid read. */
export async function createOne(
  arena: Arena,
  contender: Contender,
  bundle: string,
  options?: RunOptions,
): Promise<{ id: string; pid: number; timing: Timing }> {
  const id = arena.newId(contender);
  const pidFile = join(arena.directory, `${id}.pid`);
  const words = contender.command('create', '--bundle', bundle, '--pid-file', pidFile, id);
  const timing = await arena.timer.mustRun(words, options);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  rmSync(pidFile);
  return { id, pid, timing };
}

/** Deletes it by force, however it is. */
export async function removeOne(
  arena: Arena,
  contender: Contender,
  { id, pid }: { id: string; pid: number },
) {
  const timing = await arena.timer.mustRun(contender.command('delete', '--force', id));
  await arena.timer.reap(pid);
  arena.deleted(id);
  return timing;
}

/** One container's life; what each command cost. */
async function live(
  arena: Arena,
  contender: Contender,
  bundle: string,
  restMilliseconds: number,
): Promise<Record<Operation, Timing>> {
  const { timer } = arena;
  const version = await timer.mustRun(contender.command('--version'));
  const { id, pid, timing } = await createOne(arena, contender, bundle, { restMilliseconds });
  const state = await timer.mustRun(contender.command('state', id));
  const start = await timer.mustRun(contender.command('start', id));
  const exec = await timer.mustRun(contender.command('exec', id, '/bin/true'));
  const kill = await timer.mustRun(contender.command('kill', id, 'KILL'));
  await timer.reap(pid);
  const deletion = await timer.mustRun(contender.command('delete', id));
  arena.deleted(id);
  return { version, create: timing, state, start, exec, kill, delete: deletion };
}

/** Contenders take turns, each round beginning with another one, so that the machine's moods meet all of them. */
export async function eachInTurn<T>(
  members: readonly T[],
  rounds: number,
  interrupted: AbortSignal,
  act: (member: T, warm: boolean) => Promise<void>,
): Promise<void> {
  for (let round = -2; round < rounds; round += 1) {
    for (let turn = 0; turn < members.length; turn += 1) {
      if (interrupted.aborted) throw new Error('interrupted');
      const member = members[(turn + round + 2) % members.length];
      // The first two rounds fill caches and are not counted.
      if (member !== undefined) await act(member, round >= 0);
    }
  }
}

export async function lifecycleRounds(
  arena: Arena,
  place: Place,
  recorder: Recorder,
  { scenario, rounds, restMilliseconds }: LifecycleOptions,
): Promise<void> {
  await eachInTurn(arena.contenders, rounds, place.interrupted, async (contender, warm) => {
    const timings = await live(arena, contender, place.bundles.sleep, warm ? restMilliseconds : 0);
    if (!warm) return;
    const about = { scenario, arena: arena.name, contender: contender.name } as const;
    for (const operation of operations) {
      recorder.add({ ...about, operation, unit: 'ms' }, timings[operation].milliseconds);
    }
    const { create, start, delete: deletion } = timings;
    const sum = create.milliseconds + start.milliseconds + deletion.milliseconds;
    recorder.add({ ...about, operation: 'create+start+delete', unit: 'ms' }, sum);
    recorder.add({ ...about, operation: 'peak memory of create', unit: 'KiB' }, create.peakKib);
    recorder.add({ ...about, operation: 'peak memory of exec', unit: 'KiB' }, timings.exec.peakKib);
  });
}
