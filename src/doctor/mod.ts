import { type Answer, type Check, type Verdict, verdicts } from './check.ts';
import { capabilities } from './checks/capabilities.ts';
import { cgroups } from './checks/cgroups.ts';
import { criu } from './checks/criu.ts';
import { enginesConfigured } from './checks/engines.ts';
import { idmappedMounts } from './checks/idmapped-mounts.ts';
import { kernel } from './checks/kernel.ts';
import { memoryFiles } from './checks/memory-files.ts';
import { proc } from './checks/proc.ts';
import { seccomp } from './checks/seccomp.ts';
import { securityModules } from './checks/security-modules.ts';
import { stateDirectory } from './checks/state-directory.ts';
import { subordinateIds } from './checks/subordinate-ids.ts';
import { systemd } from './checks/systemd.ts';
import { userNamespaces } from './checks/user-namespaces.ts';
import type { Machine } from './machine.ts';

export { type Answer, type Verdict, verdicts } from './check.ts';
export { type Machine, thisMachine } from './machine.ts';

/** Every check, in the order in which docs/doctor.md lists them. */
export const doctorChecks: readonly Check[] = [
  kernel,
  capabilities,
  cgroups,
  userNamespaces,
  subordinateIds,
  stateDirectory,
  proc,
  memoryFiles,
  seccomp,
  securityModules,
  idmappedMounts,
  systemd,
  criu,
  enginesConfigured,
];

/** An answer, and whose it is. */
export interface Diagnosis extends Answer {
  readonly check: string;
}

/** What a machine can do for its caller, and what is in the way. Changes nothing. */
export async function examine(machine: Machine): Promise<Diagnosis[]> {
  const found: Diagnosis[] = [];
  for (const { name, look } of doctorChecks)
    for (const answer of await look(machine)) found.push({ check: name, ...answer });
  return found;
}

/** The worst of them. */
export function worst(answers: readonly Answer[]): Verdict {
  const most = Math.max(0, ...answers.map(({ verdict }) => verdicts.indexOf(verdict)));
  return verdicts[most] ?? 'ok';
}
