import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Arena } from './arena.ts';
import type { Contender } from './contender.ts';
import type { Place, Recorder } from './report.ts';

/** Resident and private memory of one process, KiB. */
function memoryOf(pid: number): { resident: number; own: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return { resident: field('Rss'), own: field('Private_Dirty') + field('Private_Clean') };
}

function childrenOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task/${pid}/children`;
  return readFileSync(tasks, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

/** The processes that stay outside the container: from `pid` down, without the container's own. */
function staying(pid: number, inside: number): number[] {
  if (pid === inside) return [];
  return [pid, ...childrenOf(pid).flatMap((child) => staying(child, inside))];
}

async function pidIn(file: string): Promise<number> {
  for (let turn = 0; turn < 300; turn += 1) {
    if (existsSync(file)) {
      const pid = Number(readFileSync(file, 'utf8'));
      if (pid > 0) return pid;
    }
    await sleep(10);
  }
  throw new Error(`no pid appeared in ${file}`);
}

async function weigh(
  arena: Arena,
  contender: Contender,
  operation: string,
  words: string[],
  recorder: Recorder,
) {
  const pidFile = join(arena.directory, 'resident.pid');
  rmSync(pidFile, { force: true });
  const argv = words.map((word) => (word === 'PIDFILE' ? pidFile : word));
  const monitor = await arena.timer.background(argv);
  const inside = await pidIn(pidFile);
  // What only the start needed has been given back by then.
  await sleep(300);
  const all = staying(monitor, inside).map(memoryOf);
  const about = {
    scenario: 'stays resident',
    arena: arena.name,
    contender: contender.name,
    unit: 'KiB',
  } as const;
  const sum = (of: 'resident' | 'own') => all.reduce((total, memory) => total + memory[of], 0);
  recorder.add({ ...about, operation: `beside a foreground ${operation}: resident` }, sum('resident'));
  recorder.add({ ...about, operation: `beside a foreground ${operation}: private` }, sum('own'));
  return { monitor, inside };
}

/** What a runtime keeps in memory while a foreground `run` and `exec` wait for their program. */
export async function resident(arena: Arena, place: Place, recorder: Recorder): Promise<void> {
  for (const contender of arena.contenders) {
    const id = arena.newId(contender);
    const run = contender.command('run', '--bundle', place.bundles.sleep, '--pid-file', 'PIDFILE', id);
    const running = await weigh(arena, contender, 'run', run, recorder);
    const exec = contender.command('exec', '--pid-file', 'PIDFILE', id, '/bin/sleep', '1000');
    const inside = await weigh(arena, contender, 'exec', exec, recorder);
    await arena.timer.run(contender.command('kill', id, 'KILL'));
    await arena.timer.reap(inside.monitor);
    await arena.timer.reap(running.monitor);
    arena.deleted(id);
  }
}
