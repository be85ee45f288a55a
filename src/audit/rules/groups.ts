import type { AuditRule } from '../rule.ts';

export const groups: AuditRule = {
  name: 'groups',
  asks: 'Is an ordinary user of the container in root’s group of the host?',
  why: 'Files and devices that the host gives to that group are the process’s too.',
  check({ config, inHostUsers }, report) {
    const user = config.process?.user;
    if (user === undefined || user.uid === 0 || !inHostUsers) return;
    if (user.gid === 0)
      report('low', '/process/user/gid', 'is the host’s group 0', 'give it a group of its own');
    const index = user.additionalGids?.indexOf(0) ?? -1;
    if (index >= 0)
      report('low', `/process/user/additionalGids/${index}`, 'is the host’s group 0', 'take it out');
  },
};
