import type { AuditRule } from '../rule.ts';

export const cgroupMounts: AuditRule = {
  name: 'cgroup-mounts',
  asks: 'Can the process write to cgroups?',
  why: 'It can lift its own limits; on cgroup v1 with CAP_SYS_ADMIN it names a program that the host runs (release_agent).',
  check({ mounts, capabilities, inHostUsers, shares }, report) {
    for (const { pointer, mount, readonly, bind } of mounts) {
      const cgroup = mount.type === 'cgroup' || mount.type === 'cgroup2';
      if (!cgroup || readonly || bind) continue;
      const change = 'add "ro" to the options';
      if (inHostUsers && capabilities.has('CAP_SYS_ADMIN'))
        report('critical', pointer, 'cgroups can be written, by a process with CAP_SYS_ADMIN', change);
      else if (shares('cgroup') === 'own')
        report('low', pointer, 'the container’s own cgroup can be written', change);
      else report('medium', pointer, 'cgroups can be written, without a cgroup namespace', change);
    }
  },
};
