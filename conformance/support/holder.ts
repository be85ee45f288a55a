/** Processes of the host in namespaces of their own, for containers to join. */
import { spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import type { Box } from './box.ts';
import { until } from './wait.ts';

/**
 * Starts `unshare OPTIONS… sleep`; gives the pid of the sleeping process once it is in its namespaces. It ends with
 * the box.
 */
export async function holdNamespaces(box: Box, ...options: string[]): Promise<number> {
  const child = spawn('unshare', [...options, 'sleep', '1000'], { stdio: 'ignore' });
  const parent = child.pid ?? 0;
  const pids: number[] = [parent];
  box.onClose(() => {
    for (const pid of pids.reverse()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone already.
      }
    }
  });
  const forks = options.includes('--fork');
  return until('the namespaces are there', () => {
    const pid = forks
      ? Number(readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim())
      : parent;
    if (!pid || !readlinkSync(`/proc/${pid}/exe`).includes('sleep')) return undefined;
    if (forks) pids.push(pid);
    return pid;
  });
}
