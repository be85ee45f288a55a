import type { AuditRule } from '../rule.ts';

export const blockDevices: AuditRule = {
  name: 'block-devices',
  asks: 'Can the container open a disk of the host?',
  why: 'A disk that can be read gives every file on it past all permissions; one that can be written, the host.',
  check({ config, binds }, report) {
    for (const { pointer, source, file } of binds)
      if (file?.kind === 'block device')
        report('critical', pointer, `${source} is a block device`, 'take this mount out');
    for (const [index, { type, path }] of (config.linux?.devices ?? []).entries())
      if (type === 'b')
        report('critical', `/linux/devices/${index}`, `${path} is a block device`, 'take this device out');
    for (const [index, rule] of (config.linux?.resources?.devices ?? []).entries())
      if (rule.allow && rule.type === 'b')
        report(
          'high',
          `/linux/resources/devices/${index}`,
          `block devices ${rule.major ?? '*'}:${rule.minor ?? '*'} may be used (${rule.access ?? 'rwm'})`,
          'take this rule out, or name the numbers that are needed with access "r"',
        );
  },
};
