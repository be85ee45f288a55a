import type { AuditRule } from '../rule.ts';

export const newPrivileges: AuditRule = {
  name: 'new-privileges',
  asks: 'Can a program in the container have more privileges than its caller?',
  why: 'A set-user-ID program in the image makes an ordinary user of the container its root.',
  check({ config }, report) {
    if (config.process === undefined || config.process.noNewPrivileges === true) return;
    report(
      'medium',
      '/process/noNewPrivileges',
      'set-user-ID programs and file capabilities count',
      'set process.noNewPrivileges to true',
    );
  },
};
