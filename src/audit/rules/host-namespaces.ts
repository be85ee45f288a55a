import type { NamespaceType } from '../../spec/config.ts';
import type { Severity } from '../finding.ts';
import type { AuditRule } from '../rule.ts';

/**
 * What is the host's where the container has no namespace of its own (namespaces(7)). The user namespace has a rule
 * to itself.
 */
const shared: readonly (readonly [NamespaceType, Severity, string])[] = [
  ['mount', 'critical', 'the host’s mounts: what it mounts and unmounts, the host has'],
  ['pid', 'high', 'the host’s processes: it sees, and may signal, all of its user'],
  ['network', 'high', 'the host’s network: its addresses, what listens on loopback only, abstract sockets'],
  ['ipc', 'medium', 'the host’s shared memory, semaphores and message queues'],
  ['uts', 'low', 'the host’s name'],
  ['cgroup', 'low', 'where in the host’s cgroups it is'],
];

export const hostNamespaces: AuditRule = {
  name: 'host-namespaces',
  asks: 'Which namespaces does the container share with the host?',
  why: 'What it has no namespace of, it has in common with the host’s processes.',
  check({ config, shares }, report) {
    for (const [type, severity, what] of shared)
      if (shares(type) === 'host')
        report(severity, '/linux/namespaces', `it shares ${what}`, `add { "type": "${type}" }`);
    for (const [index, { path }] of (config.linux?.namespaces ?? []).entries())
      if (path !== undefined && /^\/proc\/(?:1|self)\/(?:task\/\d+\/)?ns\//.test(path))
        report('high', `/linux/namespaces/${index}/path`, `${path} is the host’s own`, 'take "path" out');
  },
};
