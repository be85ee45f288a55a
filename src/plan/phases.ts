/** Phases in their only order; the stub refuses a plan in which one goes back. */
export const phases = [
  'prepare',
  'namespaces',
  'ids',
  'rootfs',
  'pivot',
  'confine',
  'identity',
  'ready',
  'seal',
  'exec',
  // What takes back the rest, only carried out when something before it failed.
  'undo',
] as const;
export type Phase = (typeof phases)[number];

/**
 * What the stub may ask its parent, and wait for the answer of; of its cgroup it is told unasked (`await-cgroup`).
 */
export const questions = ['id-maps', 'create-runtime', 'commit', 'cgroup'] as const;
export type Question = (typeof questions)[number];

/** Those that it does ask. */
export type Asked = Exclude<Question, 'cgroup'>;
