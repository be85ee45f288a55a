/** What /proc tells of a process of the host (proc(5)). */
import { readFileSync } from 'node:fs';

/** The lines of /proc/PID/status by their names. */
export function statusOf(pid: number | 'self'): Readonly<Record<string, string>> {
  const lines = readFileSync(`/proc/${pid}/status`, 'utf8').trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(/:\s*/, 2) as [string, string]));
}

/** Capability numbers as a mask (linux/capability.h). */
const capabilityNumbers: Readonly<Record<string, number>> = {
  CAP_CHOWN: 0,
  CAP_DAC_OVERRIDE: 1,
  CAP_FOWNER: 3,
  CAP_KILL: 5,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_RAW: 13,
  CAP_SYS_RESOURCE: 24,
  CAP_MKNOD: 27,
};

/** The mask of a set as /proc/PID/status writes it. */
export function maskOf(names: readonly string[]): string {
  let mask = 0n;
  for (const name of names) mask |= 1n << BigInt(capabilityNumbers[name] ?? 63);
  return mask.toString(16).padStart(16, '0');
}

/** Soft and hard limits by the names of /proc/PID/limits. */
export function limitsOf(
  pid: number | 'self',
): ReadonlyMap<string, { readonly soft: string; readonly hard: string }> {
  const [, ...lines] = readFileSync(`/proc/${pid}/limits`, 'utf8').trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const [soft = '', hard = ''] = line.slice(26).trim().split(/\s+/);
      return [line.slice(0, 26).trim(), { soft, hard }];
    }),
  );
}
