/**
 * A config with every property of the schema that this runtime takes: what the refusals below spoil in one place
 * each.
 */
import { fullConfig, otherPlatforms } from '../../schemas/documents.ts';

const { ociVersion: _version, vm: _refused, ...foreign } = otherPlatforms;
const types = ['pid', 'network', 'mount', 'uts', 'user', 'cgroup', 'time'];

export const wholeConfig = {
  ...fullConfig,
  ...foreign,
  windows: {
    ...foreign.windows,
    resources: {
      ...foreign.windows.resources,
      cpu: { ...foreign.windows.resources.cpu, affinity: [{ mask: 1, group: 0 }] },
    },
  },
  linux: {
    ...fullConfig.linux,
    namespaces: [{ type: 'ipc', path: '/proc/1/ns/ipc' }, ...types.map((type) => ({ type }))],
    seccomp: {
      ...fullConfig.linux.seccomp,
      syscalls: [
        { ...fullConfig.linux.seccomp.syscalls[0], action: 'SCMP_ACT_ERRNO' },
        { names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' },
      ],
    },
    timeOffsets: { boottime: { secs: -5, nanosecs: 6 }, monotonic: { secs: 9_000_000_000, nanosecs: 8 } },
  },
};

/** The same with the section that is refused as a whole. */
export const withVirtualMachine = { ...wholeConfig, vm: otherPlatforms.vm };
