/** `start` of a shim, timed by a helper in C: Node itself takes longer for starting a program. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Laboratory } from '../test/integration/shim/support/laboratory.ts';
import { Samples } from './shim-samples.ts';
import { compileSpawnTimer, SpawnTimer } from './spawn-timer.ts';

interface Contender {
  readonly name: 'tsoci' | 'runc';
  readonly laboratory: Laboratory;
}

export async function starts(contenders: readonly Contender[], rounds: number): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'tsoci-bench-'));
  const timer = new SpawnTimer(compileSpawnTimer(work), join(work, 'errors'));
  const samples = new Samples();
  try {
    for (let round = 0; round <= rounds; round++)
      for (const contender of contenders) {
        const { laboratory } = contender;
        const id = `s${round}`;
        await timer.enter(laboratory.bundle(id, ['true']));
        const words = [
          ...[laboratory.shim, '-namespace', laboratory.namespace],
          ...['-address', join(laboratory.directory, 'containerd.sock')],
          ...['-publish-binary', '/usr/bin/containerd', '-id', id],
        ];
        const started = await timer.mustRun([...words, 'start']);
        const address = readFileSync(join(laboratory.bundleOf(id), 'address'), 'utf8');
        const client = await laboratory.connect(address);
        await client.call('Shutdown', { id }).catch(() => undefined);
        client.close();
        await timer.enter(work);
        // Nothing was made of it.
        rmSync(laboratory.bundleOf(id), { recursive: true });
        // The first warms the machine.
        if (round === 0) continue;
        samples.add(contender, 'start of a shim', started.milliseconds);
      }
  } finally {
    timer.close();
    rmSync(work, { recursive: true, force: true });
  }
  samples.row('start of a shim', 'ms', '≤ 0.25 ×');
}
