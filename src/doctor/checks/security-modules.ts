import { type Answer, type Check, note, ok, warning } from '../check.ts';

export const securityModules: Check = {
  name: 'security-modules',
  asks: 'Which security modules confine containers?',
  look({ read, names }) {
    const answers: Answer[] = [];
    if (read('/sys/module/apparmor/parameters/enabled')?.trim() === 'Y') {
      answers.push(ok('AppArmor', 'process.apparmorProfile works'));
      if (names('/sys/kernel/security').length === 0)
        answers.push(
          warning(
            'no securityfs at /sys/kernel/security',
            'which profiles are loaded cannot be seen',
            'mount -t securityfs securityfs /sys/kernel/security',
          ),
        );
    }
    const enforce = read('/sys/fs/selinux/enforce')?.trim();
    if (enforce === '1')
      answers.push(ok('SELinux, enforcing', 'process.selinuxLabel and linux.mountLabel work'));
    else if (enforce !== undefined)
      answers.push(
        warning('SELinux, permissive', 'labels are written and nothing is forbidden', 'setenforce 1'),
      );
    if (answers.length > 0) return answers;
    return [
      note(
        'neither AppArmor nor SELinux',
        'containers are confined by namespaces, capabilities and seccomp alone',
      ),
    ];
  },
};
