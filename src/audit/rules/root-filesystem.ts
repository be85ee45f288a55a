import type { AuditRule } from '../rule.ts';

export const rootFilesystem: AuditRule = {
  name: 'root-filesystem',
  asks: 'Can the process change the programs of its own image?',
  why: 'What an intruder installs there stays, and runs at the next start.',
  check({ config }, report) {
    if (config.root !== undefined && config.root.readonly !== true)
      report(
        'low',
        '/root',
        'the root filesystem can be written',
        'set root.readonly to true, and mount a tmpfs where it writes',
      );
  },
};
