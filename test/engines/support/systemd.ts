/** What engines and their containers are to systemd, where it makes the cgroups. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupsNamed } from '../../integration/support/leftovers.ts';
import { expectSuccess } from '../../integration/support/sandbox.ts';
import { bySystemd } from './cgroup-manager.ts';
import type { Containerd } from './containerd.ts';
import type { Laboratory } from './laboratory.ts';
import { withPod } from './pod.ts';

/** machines.test.ts starts a virtual machine for these, where this machine is not one. */
export const needs = bySystemd ? [] : ['/run/systemd/system=a machine with systemd and cgroup v2 alone'];

const mebibyte = 1 << 20;
export const loop = 'trap "exit 3" TERM; echo up; while :; do sleep 0.2; done';

/** A file of the one scope that systemd made for a container. */
export function read(id: string, file: string): string {
  const [scope, ...others] = cgroupsNamed(id).filter(
    (path) => path.endsWith('.scope') && !/conmon/.test(path),
  );
  assert.ok(scope !== undefined && others.length === 0, `${scope} ${others}`);
  return readFileSync(join(scope, file), 'utf8').trim();
}

/** systemd knows the unit, and the limit as a property of it. */
export async function unit(engine: Pick<Laboratory, 'command'>, id: string): Promise<string> {
  const scope = cgroupsNamed(id).find((path) => path.endsWith('.scope') && !/conmon/.test(path)) ?? '';
  const properties = ['--property', 'ActiveState,Delegate,MemoryMax', '--value'];
  const show = await engine.command(['systemctl', 'show', ...properties, scope.split('/').at(-1) ?? '']);
  return expectSuccess(show).stdout.trim().split('\n').sort().join(' ');
}

/** A pod whose cgroups systemd makes: its limits are the unit's, also when they are changed, and nothing stays. */
export const podBySystemd = (engine: Containerd): Promise<void> =>
  withPod(engine, 'systemd', async (pod) => {
    const limits = (memory: number) => [[4, memory * mebibyte] as const];
    const id = await pod.start('main', ['sh', '-c', loop], [[1, limits(64)]]);
    assert.equal(read(id, 'memory.max'), String(64 * mebibyte));
    assert.equal(await unit(engine, id), `${64 * mebibyte} active yes`);
    const exec = await pod.cri.call('ExecSync', [
      [1, id],
      [2, 'echo'],
      [2, 'inside'],
      [3, 60],
    ]);
    assert.deepEqual([exec.text(1), exec.number(3)], ['inside\n', 0]);
    await pod.cri.call('UpdateContainerResources', [
      [1, id],
      [2, limits(96)],
    ]);
    assert.equal(read(id, 'memory.max'), String(96 * mebibyte));
    assert.equal(await unit(engine, id), `${96 * mebibyte} active yes`);
    await pod.remove(id);
    assert.deepEqual(cgroupsNamed(id), []);
  });
