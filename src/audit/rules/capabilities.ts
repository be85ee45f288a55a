import type { Severity } from '../finding.ts';
import type { AuditRule } from '../rule.ts';
import type { Subject } from '../subject.ts';

interface Meaning {
  readonly severity: Severity;
  readonly gives: string;
  /** In a user namespace of its own it counts for the container's things alone. */
  readonly harmlessInside?: true;
}

/** Capabilities that amount to root of the host, or come near it (capabilities(7)). */
const meanings: Readonly<Record<string, Meaning>> = {
  CAP_SYS_ADMIN: { severity: 'critical', gives: 'mounts, namespaces, and most of what root can do' },
  CAP_SYS_MODULE: { severity: 'critical', gives: 'code in the kernel', harmlessInside: true },
  CAP_SYS_RAWIO: { severity: 'critical', gives: 'the machine’s memory and ports', harmlessInside: true },
  CAP_SYS_BOOT: { severity: 'high', gives: 'another kernel (kexec), a restart', harmlessInside: true },
  CAP_SYS_PTRACE: { severity: 'high', gives: 'the memory of every process that it sees' },
  CAP_DAC_READ_SEARCH: {
    severity: 'critical',
    gives: 'files of the host by handle (open_by_handle_at)',
    harmlessInside: true,
  },
  CAP_BPF: { severity: 'high', gives: 'programs in the kernel', harmlessInside: true },
  CAP_PERFMON: { severity: 'high', gives: 'what every processor does', harmlessInside: true },
  CAP_MAC_ADMIN: { severity: 'high', gives: 'the policy of AppArmor or Smack', harmlessInside: true },
  CAP_MAC_OVERRIDE: { severity: 'high', gives: 'a way past it', harmlessInside: true },
  CAP_SYS_TIME: { severity: 'medium', gives: 'the host’s clock', harmlessInside: true },
  CAP_SYSLOG: { severity: 'medium', gives: 'the kernel’s log and addresses', harmlessInside: true },
  CAP_AUDIT_CONTROL: { severity: 'medium', gives: 'the host’s audit rules', harmlessInside: true },
  CAP_CHECKPOINT_RESTORE: { severity: 'medium', gives: 'process ids of its choice', harmlessInside: true },
  CAP_SYS_RESOURCE: { severity: 'medium', gives: 'more than its limits', harmlessInside: true },
  CAP_SYS_NICE: { severity: 'low', gives: 'precedence over the host’s processes', harmlessInside: true },
  CAP_NET_RAW: { severity: 'low', gives: 'forged packets on its network' },
  CAP_MKNOD: {
    severity: 'low',
    gives: 'device files, which the device rules then have to stop',
    harmlessInside: true,
  },
};

function severityOf(
  name: string,
  { severity, harmlessInside }: Meaning,
  subject: Subject,
): Severity | undefined {
  if (!subject.inHostUsers) return harmlessInside ? undefined : 'low';
  if (name === 'CAP_SYS_PTRACE' && subject.shares('pid') === 'host') return 'critical';
  if (name === 'CAP_NET_RAW' && subject.shares('network') === 'host') return 'high';
  return severity;
}

/** The first set of the config in which it stands. */
function placeOf(name: string, { config }: Subject): string {
  const sets = config.process?.capabilities ?? {};
  for (const set of ['effective', 'permitted', 'bounding', 'ambient'] as const) {
    const index = sets[set]?.indexOf(name) ?? -1;
    if (index >= 0) return `/process/capabilities/${set}/${index}`;
  }
  return '/process/capabilities';
}

export const capabilities: AuditRule = {
  name: 'capabilities',
  asks: 'Which capabilities that amount to root does the process have, or can it gain?',
  why: 'They are root’s powers one by one: each of these reaches past the container.',
  check(subject, report) {
    for (const name of subject.capabilities) {
      const meaning = meanings[name];
      const severity = meaning && severityOf(name, meaning, subject);
      if (severity === undefined) continue;
      const change =
        'take it out of every set of process.capabilities, or give the container a user namespace';
      report(severity, placeOf(name, subject), `${name} gives ${meaning?.gives}`, change);
    }
    if (
      subject.inHostUsers &&
      subject.capabilities.has('CAP_NET_ADMIN') &&
      subject.shares('network') === 'host'
    )
      report(
        'high',
        placeOf('CAP_NET_ADMIN', subject),
        'CAP_NET_ADMIN gives the host’s interfaces, routes and firewall',
        'take it out, or add a namespace of type "network"',
      );
  },
};
