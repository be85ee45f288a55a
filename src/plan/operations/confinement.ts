/** Confinement. */
import type { OperationRow } from './row.ts';

const noLowerScore = "Lowering oom_score_adj below the caller's takes CAP_SYS_RESOURCE";

export const confinementOperations = {
  sysctl: {
    does: 'set a kernel parameter',
    subject: 'path',
    fields: { proc: 'slot as understood', path: 'string', value: 'string' },
  },
  mask: {
    does: 'hide a path',
    subject: 'path',
    fields: {
      path: 'string',
      null: 'slot as understood',
      empty: 'slot as understood',
      /** The mount in which it lies, and its path from there. */
      mount: 'slot',
      inside: 'string as inside',
    },
  },
  'readonly-path': {
    does: 'make a path read-only',
    subject: 'path',
    fields: { path: 'string', mount: 'slot', inside: 'string as inside' },
  },
  keyring: { does: 'join a new session keyring', subject: 'name', fields: { name: 'string' } },
  'oom-score': {
    does: 'set oom_score_adj',
    hints: { EACCES: noLowerScore, EPERM: noLowerScore },
    fields: { proc: 'slot as understood', value: 'i32' },
  },
  rlimit: {
    does: 'set a resource limit',
    hints: { EPERM: 'Raising a limit above the present hard limit takes CAP_SYS_RESOURCE' },
    fields: { resource: 'u32 as resource', soft: 'u64 as limit', hard: 'u64 as limit' },
  },
  affinity: { does: 'set the CPU affinity', fields: { mask: 'bytes as set' } },
  scheduler: {
    does: 'set the scheduling policy',
    fields: {
      policy: 'u32',
      flags: 'u64',
      nice: 'i32',
      priority: 'u32',
      runtime: 'u64',
      deadline: 'u64',
      period: 'u64',
    },
  },
  'io-priority': { does: 'set the I/O priority', fields: { value: 'u32' } },
  'memory-policy': { does: 'set the NUMA memory policy', fields: { mode: 'u32', nodes: 'bytes as set' } },
  personality: { does: 'set the execution domain', fields: { persona: 'u32' } },
  label: {
    does: 'set the security label for the next exec, and read it back',
    subject: 'attribute',
    fields: { proc: 'slot as understood', attribute: 'string', value: 'string' },
  },
} as const satisfies Record<string, OperationRow>;
