/** A shim that is killed at a chosen place of what it is asked for, and what `delete` leaves of it. */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileProbe } from '../../support/probe.ts';
import { until } from '../../support/wait.ts';
import type { TaskClient } from './client.ts';
import type { Laboratory } from './laboratory.ts';

type Calls = (laboratory: Laboratory, client: TaskClient, id: string) => Promise<unknown>;

export interface Life {
  readonly id: string;
  /** Before the shim may be killed. */
  readonly before?: Calls;
  /** What it is killed in. */
  readonly asked: Calls;
}

const killer = (): string =>
  compileProbe('kill-server', readFileSync(join(import.meta.dirname, 'kill-server.c'), 'utf8'));

/**
 * A life with a shim that is killed at its Nth changing system call: the number of that call, or undefined when it
 * had fewer. Throws when something is left that `delete` has not removed.
 */
async function killedAt(
  laboratory: Laboratory,
  program: string,
  place: number,
  { id, before, asked }: Life,
): Promise<number | undefined> {
  laboratory.bundle(id, ['sleep', '1000']);
  const { address } = await laboratory.start(id);
  const client = await laboratory.connect(address);
  await before?.(laboratory, client, id);
  const { shim_pid } = await client.call('Connect', { id });
  const tracer = spawn(program, [String(shim_pid), String(place)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  tracer.stdout.on('data', (data) => {
    said += data;
  });
  const over = new Promise((resolve) => tracer.on('close', resolve));
  await until('the tracer is ready', () => said.includes('ready\n'));
  await asked(laboratory, client, id).catch((error) => {
    if (!/the connection ended|ECONNRESET|EPIPE/.test(String(error)))
      throw new Error(`place ${place}: ${error}`);
  });
  client.close();
  await over;
  const [call = -1] = (said.split('\n')[1] ?? '').split(' ').map(Number);
  assert.equal((await laboratory.delete(id)).exit_status, 137);
  // The second time there is nothing, which is fine too.
  await laboratory.delete(id);
  await until(
    `place ${place} (system call ${call}): nothing is left: ${laboratory.leftovers().join(', ')}`,
    () => laboratory.leftovers().every((line) => line.startsWith('unix:')),
  );
  return call === -1 ? undefined : call;
}

/**
 * Kills shims at some of the places, others each time, as all of them take minutes: TSOCI_KILL_STRIDE=1 for all.
 * Gives how many places there are, nearly.
 */
export async function killedEverywhere(
  laboratory: Laboratory,
  usualStride: number,
  life: (place: number) => Life,
): Promise<number> {
  const program = killer();
  const stride = Number(process.env['TSOCI_KILL_STRIDE'] ?? usualStride);
  let places = 0;
  for (let place = 1 + (Date.now() % stride); ; place += stride) {
    if ((await killedAt(laboratory, program, place, life(place))) === undefined) break;
    places++;
  }
  if (stride < usualStride) console.log(`${places} places`);
  return places * stride;
}
