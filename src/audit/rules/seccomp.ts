import type { Seccomp } from '../../spec/config.ts';
import type { AuditRule } from '../rule.ts';

/** Calls that containers hardly need and that attacks begin with. */
const dangerous = [
  'add_key',
  'bpf',
  'finit_module',
  'init_module',
  'io_uring_setup',
  'kexec_file_load',
  'kexec_load',
  'keyctl',
  'mount',
  'move_mount',
  'open_by_handle_at',
  'open_tree',
  'perf_event_open',
  'pivot_root',
  'process_vm_writev',
  'ptrace',
  'setns',
  'umount2',
  'unshare',
  'userfaultfd',
] as const;

const lets = (action: string): boolean => action === 'SCMP_ACT_ALLOW' || action === 'SCMP_ACT_LOG';

/** Allowed whatever the arguments are. */
function allowed(rules: NonNullable<Seccomp['syscalls']>, name: string): boolean {
  return rules.some(({ names, action, args }) => lets(action) && !args?.length && names.includes(name));
}

export const seccomp: AuditRule = {
  name: 'seccomp',
  asks: 'Is there a system call filter, and does it forbid what containers do not need?',
  why: 'Each system call is code of the kernel that the process can try for errors.',
  check({ config, inHostUsers }, report) {
    const profile = config.linux?.seccomp;
    if (profile === undefined) {
      const change = 'add linux.seccomp, such as the default profile of Docker or Podman';
      report(inHostUsers ? 'high' : 'medium', '/linux', 'there is no system call filter', change);
      return;
    }
    const { defaultAction, syscalls = [] } = profile;
    if (lets(defaultAction)) {
      const change = 'set it to "SCMP_ACT_ERRNO" and list what is needed';
      report(
        'medium',
        '/linux/seccomp/defaultAction',
        `what no rule names is allowed (${defaultAction})`,
        change,
      );
      const open = dangerous.filter(
        (name) => !syscalls.some(({ names, action }) => !lets(action) && names.includes(name)),
      );
      if (open.length > 0)
        report('medium', '/linux/seccomp/syscalls', `not forbidden: ${open.join(', ')}`, 'forbid them');
      return;
    }
    const open = dangerous.filter((name) => allowed(syscalls, name));
    if (open.length > 0)
      report(
        'low',
        '/linux/seccomp/syscalls',
        `allowed: ${open.join(', ')}`,
        'take out those that are not needed',
      );
  },
};
