import { propagationType } from '../../spec/kernel-flags.ts';
import type { AuditRule } from '../rule.ts';

export const propagation: AuditRule = {
  name: 'propagation',
  asks: 'Do mounts that the container makes appear on the host?',
  why: 'The process can put a filesystem of its own over what the host uses.',
  check({ config, mounts }, report) {
    const root = config.linux?.rootfsPropagation;
    if (root === 'shared' || root === 'rshared')
      report('high', '/linux/rootfsPropagation', `is ${root}`, 'take it out, or set it to "rslave"');
    for (const { pointer, mount, options, bind } of mounts)
      if (bind && options.propagation === propagationType.shared)
        report(
          'high',
          `${pointer}/options`,
          `mounts below ${mount.destination} appear on the host below ${mount.source ?? ''}`,
          'say "rslave" or "rprivate"',
        );
  },
};
