import type { Severity } from '../finding.ts';
import type { AuditRule } from '../rule.ts';

/** Filesystems that are the kernel's controls. */
const kinds: Readonly<Record<string, readonly [Severity, string]>> = {
  debugfs: ['critical', 'the insides of the kernel and its drivers'],
  tracefs: ['high', 'what the whole kernel does'],
  securityfs: ['high', 'the policy of security modules'],
  bpf: ['high', 'programs and maps in the kernel'],
  bpffs: ['high', 'programs and maps in the kernel'],
  configfs: ['high', 'kernel objects'],
  efivarfs: ['critical', 'the variables of the firmware'],
  binfmt_misc: ['critical', 'which program the host starts for a kind of file'],
};

export const kernelFilesystems: AuditRule = {
  name: 'kernel-filesystems',
  asks: 'Are there kernel filesystems beyond a masked /proc and a read-only /sys?',
  why: 'Writing there changes the kernel of all containers.',
  check({ mounts }, report) {
    for (const { pointer, mount, destination, readonly } of mounts) {
      const { type = '' } = mount;
      const found = kinds[type];
      if (found !== undefined)
        report(readonly ? 'medium' : found[0], pointer, `${type} is ${found[1]}`, 'take this mount out');
      else if (type === 'sysfs' && !readonly)
        report('high', pointer, 'sysfs can be written', 'add "ro" to the options');
      else if (type === 'proc' && destination !== '/proc') {
        const change = 'take this mount out, or mask the same files there';
        report('high', pointer, `a second procfs at ${destination}, which no mask covers`, change);
      }
    }
  },
};
