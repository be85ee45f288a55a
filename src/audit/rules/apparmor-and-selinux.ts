import type { AuditRule } from '../rule.ts';

const appArmor = '/sys/kernel/security/apparmor';
const seLinux = '/sys/fs/selinux/enforce';

export const appArmorAndSelinux: AuditRule = {
  name: 'apparmor-and-selinux',
  asks: 'Is the process confined by the security module that this host runs?',
  why: 'It is the wall that still stands when a capability or a mount was one too many.',
  check({ config, look }, report) {
    const { apparmorProfile, selinuxLabel } = config.process ?? {};
    if (look(appArmor) !== undefined && (apparmorProfile ?? 'unconfined') === 'unconfined') {
      const change = 'name a profile that is loaded, such as "docker-default"';
      report('medium', '/process/apparmorProfile', 'AppArmor does not confine it', change);
    }
    if (look(seLinux) !== undefined && (selinuxLabel ?? '') === '') {
      const change = 'set it, such as to "system_u:system_r:container_t:s0:c1,c2"';
      report('medium', '/process/selinuxLabel', 'SELinux does not confine it', change);
    }
  },
};
