import { isInside } from '../../spec/path.ts';
import type { Severity } from '../finding.ts';
import type { AuditRule } from '../rule.ts';
import type { Bind } from '../subject.ts';

interface HostPath {
  readonly path: string;
  /** What it is to somebody who can write there. */
  readonly is: string;
  readonly writable: Severity;
  /** Where reading all of it is enough to do harm. */
  readonly readable?: Severity;
  /** The directory as a whole only, not each thing in it. */
  readonly alone?: true;
}

/** Places of the host whose content the host trusts. The longest that fits counts. */
const places: readonly HostPath[] = [
  { path: '/', is: 'the host’s root directory', writable: 'critical', readable: 'high', alone: true },
  {
    path: '/etc',
    is: 'the host’s configuration, with its passwords',
    writable: 'critical',
    readable: 'high',
  },
  { path: '/etc/shadow', is: 'the host’s passwords', writable: 'critical', readable: 'high' },
  { path: '/etc/kubernetes', is: 'the keys of the cluster', writable: 'critical', readable: 'critical' },
  { path: '/root/.ssh', is: 'the keys of the host’s root', writable: 'critical', readable: 'critical' },
  { path: '/etc/hosts', is: 'a file that containers are usually given', writable: 'medium' },
  { path: '/etc/resolv.conf', is: 'a file that containers are usually given', writable: 'medium' },
  { path: '/etc/hostname', is: 'a file that containers are usually given', writable: 'medium' },
  { path: '/etc/localtime', is: 'a file that containers are usually given', writable: 'medium' },
  { path: '/etc/ssl/certs', is: 'certificates that the host trusts', writable: 'high' },
  { path: '/etc/pki', is: 'certificates that the host trusts', writable: 'high' },
  { path: '/usr', is: 'programs of the host', writable: 'critical' },
  { path: '/bin', is: 'programs of the host', writable: 'critical' },
  { path: '/sbin', is: 'programs of the host', writable: 'critical' },
  { path: '/lib', is: 'libraries of the host', writable: 'critical' },
  { path: '/lib64', is: 'libraries of the host', writable: 'critical' },
  { path: '/opt', is: 'programs of the host', writable: 'high' },
  { path: '/boot', is: 'the host’s kernel', writable: 'critical' },
  { path: '/root', is: 'the home of the host’s root, with its keys', writable: 'critical', readable: 'high' },
  { path: '/home', is: 'the homes of the host’s users', writable: 'high', readable: 'medium', alone: true },
  { path: '/dev', is: 'the host’s devices', writable: 'critical', readable: 'high', alone: true },
  {
    path: '/proc',
    is: 'the host’s procfs, without the container’s masks',
    writable: 'critical',
    readable: 'high',
  },
  { path: '/sys', is: 'the host’s sysfs', writable: 'high', readable: 'low' },
  { path: '/sys/fs/cgroup', is: 'the host’s cgroups', writable: 'critical', readable: 'low' },
  { path: '/sys/kernel', is: 'controls of the host’s kernel', writable: 'critical', readable: 'medium' },
  { path: '/var', is: 'the host’s state', writable: 'high', readable: 'medium', alone: true },
  {
    path: '/var/lib',
    is: 'the state of the host’s services',
    writable: 'critical',
    readable: 'high',
    alone: true,
  },
  {
    path: '/var/lib/kubelet',
    is: 'the kubelet’s state, with the secrets of its pods',
    writable: 'critical',
    readable: 'high',
    alone: true,
  },
  {
    path: '/var/lib/docker',
    is: 'the files of all containers',
    writable: 'critical',
    readable: 'high',
    alone: true,
  },
  {
    path: '/var/lib/containerd',
    is: 'the files of all containers',
    writable: 'critical',
    readable: 'high',
    alone: true,
  },
  {
    path: '/var/lib/containers',
    is: 'the files of all containers',
    writable: 'critical',
    readable: 'high',
    alone: true,
  },
  {
    path: '/var/log',
    is: 'the host’s logs, which links make a way to any file of the host',
    writable: 'high',
    alone: true,
  },
  { path: '/var/spool/cron', is: 'commands that the host runs', writable: 'critical' },
];

function placeOf(source: string): HostPath | undefined {
  let best: HostPath | undefined;
  for (const place of places) {
    if (place.alone ? source !== place.path : !isInside(source, place.path)) continue;
    if (best === undefined || place.path.length > best.path.length) best = place;
  }
  return best;
}

function severityOf({ source, readonly, file }: Bind, place: HostPath): Severity | undefined {
  // The place of a single socket or device is another rule's.
  if (file !== undefined && file.kind !== 'directory' && file.kind !== 'file') return undefined;
  if (!readonly) return place.writable;
  return source === place.path ? place.readable : undefined;
}

export const hostPaths: AuditRule = {
  name: 'host-paths',
  asks: 'Which places of the host, that the host itself trusts, are mounted, and can they be written?',
  why: 'What the host reads, runs or believes becomes what the container says; what is secret there is secret no more.',
  check({ binds }, report) {
    for (const bind of binds) {
      const place = placeOf(bind.source);
      if (place === undefined) continue;
      const severity = severityOf(bind, place);
      if (severity === undefined) continue;
      const how = bind.readonly ? 'readable' : 'writable';
      const change = bind.readonly
        ? 'take this mount out, or mount only the files that are needed'
        : 'add "ro" to the options ("rro" with "rbind"), or mount only the files that are needed';
      report(severity, bind.pointer, `${bind.source} is ${place.is}, ${how} at ${bind.destination}`, change);
    }
  },
};
