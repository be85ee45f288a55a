import type { AuditRule } from '../rule.ts';

export const userNamespace: AuditRule = {
  name: 'user-namespace',
  asks: 'Is root in the container root of the host?',
  why: 'A file of the host, or an error in the kernel, that the process reaches is then reached as root.',
  check({ config, shares, rootIsHostRoot }, report) {
    if (!rootIsHostRoot) return;
    const uid = config.process?.user?.uid ?? 0;
    if (shares('user') !== 'host') {
      const index = config.linux?.uidMappings?.findIndex(({ hostID, size }) => hostID === 0 && size > 0) ?? 0;
      const map = `/linux/uidMappings/${index}/hostID`;
      report(
        'high',
        map,
        'the user namespace contains user 0 of the host',
        'map to ids that nobody on the host has',
      );
    } else if (uid === 0) {
      const change =
        'add a namespace of type "user" with uidMappings and gidMappings, or run as another user';
      report('medium', '/process/user/uid', 'the process is user 0 of the host', change);
    }
  },
};
