import type { Severity } from '../finding.ts';
import type { AuditRule } from '../rule.ts';

/** Character devices by their path on the host: what they give. */
const known: Readonly<Record<string, readonly [Severity, string]>> = {
  '/dev/mem': ['critical', 'the machine’s memory'],
  '/dev/kmem': ['critical', 'the kernel’s memory'],
  '/dev/port': ['critical', 'the machine’s ports'],
  '/dev/nvram': ['high', 'the firmware’s settings'],
  '/dev/sg0': ['critical', 'a disk, in SCSI commands'],
  '/dev/kmsg': ['medium', 'the kernel’s log'],
  '/dev/console': ['medium', 'the host’s console'],
  '/dev/uinput': ['high', 'keys that the host takes for typed'],
  '/dev/vfio/vfio': ['medium', 'devices by direct memory access'],
  '/dev/kvm': ['low', 'virtual machines, and the errors of KVM'],
  '/dev/fuse': ['low', 'filesystems of its own, and the errors of FUSE'],
  '/dev/net/tun': ['low', 'network interfaces of its own'],
};

export const devices: AuditRule = {
  name: 'devices',
  asks: 'Which character devices beyond the default ones can the container open?',
  why: 'A device is a driver in the kernel, and some are a way around it.',
  check({ config, binds }, report) {
    const linux = config.linux ?? {};
    for (const [index, { path, type }] of (linux.devices ?? []).entries()) {
      const found = type === 'b' ? undefined : known[path];
      if (found !== undefined)
        report(found[0], `/linux/devices/${index}`, `${path} is ${found[1]}`, 'take this device out');
    }
    for (const { pointer, source } of binds) {
      const found = known[source];
      if (found !== undefined) report(found[0], pointer, `${source} is ${found[1]}`, 'take this mount out');
    }
    const rules = linux.resources?.devices ?? [];
    const last = rules.findLastIndex(({ type, major, minor }) => (type ?? 'a') === 'a' && !major && !minor);
    if (last < 0)
      report(
        'medium',
        '/linux/resources',
        'no rule forbids devices as a whole',
        'begin resources.devices with { "allow": false, "access": "rwm" }',
      );
    else if (rules[last]?.allow)
      report('high', `/linux/resources/devices/${last}`, 'every device may be used', 'set "allow" to false');
  },
};
