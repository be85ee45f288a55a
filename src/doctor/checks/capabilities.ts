import { capabilityNames } from '../../spec/capability-names.ts';
import { type Check, ok, problem, warning } from '../check.ts';

/** What root needs to make containers, and what is missing without. */
const needed: Readonly<Record<string, string>> = {
  CAP_SYS_ADMIN: 'namespaces and mounts cannot be made at all',
  CAP_SYS_CHROOT: 'the root filesystem cannot be entered',
  CAP_SETUID: 'processes cannot run as other users',
  CAP_SETGID: 'processes cannot run in other groups',
  CAP_SETPCAP: 'capabilities cannot be taken away',
};
const useful: Readonly<Record<string, string>> = {
  CAP_SYS_RESOURCE:
    'limits (process.rlimits) above the caller’s own are refused, and so is a lower oomScoreAdj',
  CAP_MKNOD: 'devices are bound from the host instead of made',
  CAP_NET_ADMIN: 'network devices cannot be moved, nor loopback raised',
  CAP_DAC_OVERRIDE: 'root filesystems of other users cannot be prepared',
  CAP_CHOWN: 'terminals and cgroups cannot be given to the container’s user',
  CAP_KILL: 'processes of other users cannot be signalled',
};

export const capabilities: Check = {
  name: 'capabilities',
  asks: 'Does root have what it takes, or is it locked up itself?',
  look({ uid, capabilities: mask }) {
    if (uid !== 0) return [];
    const has = (name: string): boolean =>
      ((mask >> BigInt(capabilityNames.indexOf(name as never))) & 1n) === 1n;
    const mend = 'start the service, container or shell that calls with this capability';
    const answers = [
      ...Object.entries(needed).flatMap(([name, means]) =>
        has(name) ? [] : [problem(`no ${name}`, means, mend)],
      ),
      ...Object.entries(useful).flatMap(([name, means]) =>
        has(name) ? [] : [warning(`no ${name}`, means, mend)],
      ),
    ];
    return answers.length > 0 ? answers : [ok('all that matter', 'nothing is withheld from root')];
  },
};
