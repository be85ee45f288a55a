/** Mounts of a container that exists, which no process of it is made for. */
import type { OperationRow } from './row.ts';

export const liveMountsOperations = {
  'open-mount': {
    does: 'find a mount by its place and its number',
    subject: 'target',
    hints: {
      ENOENT: 'The container has moved it, or something above it',
      EINVAL: 'It is covered, or somewhere else: take off in the container what lies on it',
    },
    fields: {
      /** Stays empty when the mount is nowhere in the mount namespace: it was taken off already. */
      slot: 'fills',
      root: 'slot as understood',
      proc: 'slot as understood',
      target: 'string',
      /** The mount that it has to be (statx(2), stx_mnt_id): whatever else lies there is not touched. */
      number: 'u32',
    },
  },
  'tell-mount': {
    does: 'tell which mount it is',
    subject: 'target',
    fields: { mount: 'slot', target: 'string' },
  },
  unmount: {
    does: 'take a mount off, with all that is mounted below',
    subject: 'target',
    fields: {
      /** Empty where it was not made, when this takes it back, and where it is gone. */
      mount: 'slot',
      proc: 'slot as understood',
      target: 'string',
    },
  },
} as const satisfies Record<string, OperationRow>;
