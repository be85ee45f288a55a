/** What is fine by itself and not together: changes of the default config that have to be refused, and where. */

import { defaultConfig } from '../../../../src/bundle/default-config.ts';
import type { Config, Linux, Mount, Process } from '../../../../src/spec/config.ts';

export interface Contradiction {
  readonly what: string;
  readonly pointer: string;
  readonly config: Config;
}

const base = defaultConfig();
const process: Process = { ...(base.process ?? { cwd: '/' }), terminal: false };
const namespaces = base.linux?.namespaces ?? [];
const map = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
const at = base.mounts?.length ?? 0;

const linux = (change: Linux): Config => ({ ...base, process, linux: { ...base.linux, ...change } });
const without = (type: string, change: Linux = {}): Config =>
  linux({ namespaces: namespaces.filter((entry) => entry.type !== type), ...change });
const mount = (one: Mount, change: Linux = {}): Config => ({
  ...linux(change),
  mounts: [...(base.mounts ?? []), one],
});
const program = (change: Partial<Process>): Config => ({ ...base, process: { ...process, ...change } });
const user = [...namespaces, { type: 'user' as const }];
const notify = { names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' as const };

export const contradictions: readonly Contradiction[] = [
  {
    what: 'a subgroup that leads out of its scope',
    pointer: '/annotations/run.oci.systemd.subgroup',
    config: { ...base, annotations: { 'run.oci.systemd.subgroup': '..' } },
  },
  {
    what: 'a cgroup to manage that has no name',
    pointer: '/annotations/run.oci.delegate-cgroup',
    config: { ...base, annotations: { 'run.oci.delegate-cgroup': '' } },
  },
  { what: 'a hostname without a uts namespace', pointer: '/hostname', config: without('uts') },
  {
    what: 'a domain name without a uts namespace',
    pointer: '/domainname',
    config: { ...without('uts'), hostname: '', domainname: 'x' },
  },
  {
    what: 'mappings without a user namespace',
    pointer: '/linux/uidMappings',
    config: linux({ uidMappings: map }),
  },
  {
    what: 'group mappings without a user namespace',
    pointer: '/linux/gidMappings',
    config: linux({ gidMappings: map }),
  },
  {
    what: 'a user namespace without mappings',
    pointer: '/linux/uidMappings',
    config: linux({ namespaces: user, gidMappings: map }),
  },
  {
    what: 'two equal namespaces',
    pointer: `/linux/namespaces/${namespaces.length}/type`,
    config: linux({ namespaces: [...namespaces, { type: 'pid' }] }),
  },
  {
    what: 'two equal namespaces, one of them joined',
    pointer: `/linux/namespaces/${namespaces.length}/type`,
    config: linux({ namespaces: [...namespaces, { type: 'pid', path: '/proc/1/ns/pid' }] }),
  },
  {
    what: 'a device that is both a character and a block device',
    pointer: '/linux/devices/1/path',
    config: linux({
      devices: [
        { path: '/dev/x', type: 'c', major: 1, minor: 3 },
        { path: '/dev//x', type: 'b', major: 7, minor: 1 },
      ],
    }),
  },
  {
    what: 'a character device without numbers',
    pointer: '/linux/devices/0/major',
    config: linux({ devices: [{ path: '/dev/x', type: 'c' }] }),
  },
  {
    what: 'time offsets without a time namespace',
    pointer: '/linux/timeOffsets',
    config: linux({ timeOffsets: { boottime: { secs: 1 } } }),
  },
  {
    what: 'time offsets of a time namespace that is joined',
    pointer: '/linux/timeOffsets',
    config: linux({
      namespaces: [...namespaces, { type: 'time', path: '/proc/1/ns/time' }],
      timeOffsets: { boottime: { secs: 1 } },
    }),
  },
  {
    what: 'network devices without a network namespace',
    pointer: '/linux/netDevices',
    config: without('network', { netDevices: { eth9: {} } }),
  },
  {
    what: 'two network devices of one name',
    pointer: '/linux/netDevices/eth9',
    config: linux({ netDevices: { eth8: { name: 'eth9' }, eth9: {} } }),
  },
  {
    what: 'a network device with an odd name',
    pointer: '/linux/netDevices/a~1b',
    config: linux({ netDevices: { 'a/b': {} } }),
  },
  {
    what: 'a sysctl of the host',
    pointer: '/linux/sysctl/kernel.panic',
    config: linux({ sysctl: { 'kernel.panic': '1' } }),
  },
  {
    what: 'a sysctl of the network without a network namespace',
    pointer: '/linux/sysctl/net.ipv4.ip_forward',
    config: without('network', { sysctl: { 'net.ipv4.ip_forward': '1' } }),
  },
  {
    what: 'a sysctl of ipc without an ipc namespace',
    pointer: '/linux/sysctl/kernel.msgmax',
    config: without('ipc', { sysctl: { 'kernel.msgmax': '1' } }),
  },
  {
    what: 'a hostname as a sysctl',
    pointer: '/linux/sysctl/kernel.hostname',
    config: linux({ sysctl: { 'kernel.hostname': 'x' } }),
  },
  {
    what: 'a sysctl that leads elsewhere',
    pointer: '/linux/sysctl/net.~1~1.~1~1.x',
    config: linux({ sysctl: { 'net.//.//.x': '1' } }),
  },
  {
    what: 'masks without a mount namespace',
    pointer: '/linux/maskedPaths',
    config: without('mount', { readonlyPaths: [] }),
  },
  {
    what: 'a read-only root without a mount namespace',
    pointer: '/root/readonly',
    config: without('mount', { readonlyPaths: [], maskedPaths: [] }),
  },
  {
    what: 'propagation without a mount namespace',
    pointer: '/linux/rootfsPropagation',
    config: without('mount', { readonlyPaths: [], maskedPaths: [], rootfsPropagation: 'shared' }),
  },
  {
    what: 'a user who is not in the mappings',
    pointer: '/process/user/uid',
    config: {
      ...linux({ namespaces: user, uidMappings: map, gidMappings: map }),
      process: { ...process, user: { uid: 70_000, gid: 0 } },
    },
  },
  {
    what: 'ids that are mapped twice',
    pointer: '/linux/uidMappings/1/hostID',
    config: linux({
      namespaces: user,
      uidMappings: [...map, { containerID: 70_000, hostID: 100_005, size: 1 }],
      gidMappings: map,
    }),
  },
  {
    what: 'a bind mount without a source',
    pointer: `/mounts/${at}/source`,
    config: mount({ destination: '/x', options: ['bind'] }),
  },
  {
    what: 'a mount without a type',
    pointer: `/mounts/${at}/type`,
    config: mount({ destination: '/x', source: 'x' }),
  },
  {
    what: 'the mappings of one kind alone',
    pointer: `/mounts/${at}/gidMappings`,
    config: mount({ destination: '/x', source: '/tmp', options: ['bind', 'idmap'], uidMappings: map }),
  },
  {
    what: 'an idmapped mount with nothing to map by',
    pointer: `/mounts/${at}/options`,
    config: mount({ destination: '/x', source: '/tmp', options: ['bind', 'idmap'] }),
  },
  {
    what: 'an idmapped mount that is no bind mount',
    pointer: `/mounts/${at}`,
    config: mount({
      destination: '/x',
      type: 'tmpfs',
      options: ['idmap'],
      uidMappings: map,
      gidMappings: map,
    }),
  },
  {
    what: 'something else than procfs on /proc',
    pointer: `/mounts/${at}`,
    config: mount({ destination: '/proc', type: 'tmpfs' }),
  },
  {
    what: 'something inside procfs, by a detour',
    pointer: `/mounts/${at}`,
    config: mount({ destination: '/tmp/../proc/sys', source: '/tmp', options: ['bind'] }),
  },
  {
    what: 'a mount on the root itself',
    pointer: `/mounts/${at}/destination`,
    config: mount({ destination: '/./', type: 'tmpfs' }),
  },
  {
    what: 'a soft limit above the hard one',
    pointer: '/process/rlimits/0/soft',
    config: program({ rlimits: [{ type: 'RLIMIT_CORE', soft: 2, hard: 1 }] }),
  },
  {
    what: 'a limit that is there twice',
    pointer: '/process/rlimits/1/type',
    config: program({
      rlimits: [
        { type: 'RLIMIT_CORE', soft: 1, hard: 1 },
        { type: 'RLIMIT_CORE', soft: 1, hard: 1 },
      ],
    }),
  },
  { what: 'no program', pointer: '/process/args', config: program({ args: [] }) },
  {
    what: 'a real-time policy without a priority',
    pointer: '/process/scheduler/priority',
    config: program({ scheduler: { policy: 'SCHED_FIFO' } }),
  },
  {
    what: 'a priority without a real-time policy',
    pointer: '/process/scheduler/priority',
    config: program({ scheduler: { policy: 'SCHED_OTHER', priority: 5 } }),
  },
  {
    what: 'a deadline without its policy',
    pointer: '/process/scheduler/deadline',
    config: program({ scheduler: { policy: 'SCHED_OTHER', deadline: 5 } }),
  },
  {
    what: 'a deadline policy without its times',
    pointer: '/process/scheduler/runtime',
    config: program({ scheduler: { policy: 'SCHED_DEADLINE' } }),
  },
  {
    what: 'a deadline before its work is done',
    pointer: '/process/scheduler/runtime',
    config: program({ scheduler: { policy: 'SCHED_DEADLINE', runtime: 9000, deadline: 5000, period: 9000 } }),
  },
  {
    what: 'a memory policy with nodes that it does not take',
    pointer: '/linux/memoryPolicy/nodes',
    config: linux({ memoryPolicy: { mode: 'MPOL_LOCAL', nodes: '0' } }),
  },
  {
    what: 'a memory policy without the nodes that it needs',
    pointer: '/linux/memoryPolicy/nodes',
    config: linux({ memoryPolicy: { mode: 'MPOL_BIND' } }),
  },
  {
    what: 'memory policy flags that exclude each other',
    pointer: '/linux/memoryPolicy/flags',
    config: linux({
      memoryPolicy: {
        mode: 'MPOL_BIND',
        nodes: '0',
        flags: ['MPOL_F_STATIC_NODES', 'MPOL_F_RELATIVE_NODES'],
      },
    }),
  },
  {
    what: 'memory policy flags on a mode without nodes',
    pointer: '/linux/memoryPolicy/flags',
    config: linux({ memoryPolicy: { mode: 'MPOL_LOCAL', flags: ['MPOL_F_STATIC_NODES'] } }),
  },
  {
    what: 'a personality flag',
    pointer: '/linux/personality/flags',
    config: linux({ personality: { domain: 'LINUX', flags: ['ADDR_NO_RANDOMIZE'] } }),
  },
  {
    what: 'metadata for a listener that there is not',
    pointer: '/linux/seccomp/listenerMetadata',
    config: linux({ seccomp: { defaultAction: 'SCMP_ACT_ALLOW', listenerMetadata: 'x' } }),
  },
  {
    what: 'notifications that nobody listens to',
    pointer: '/linux/seccomp/listenerPath',
    config: linux({ seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [notify] } }),
  },
  {
    what: 'an errno for an action that returns none',
    pointer: '/linux/seccomp/syscalls/0/errnoRet',
    config: linux({
      seccomp: {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_KILL', errnoRet: 1 }],
      },
    }),
  },
  {
    what: 'a default errno for a default action that returns none',
    pointer: '/linux/seccomp/defaultErrnoRet',
    config: linux({ seccomp: { defaultAction: 'SCMP_ACT_ALLOW', defaultErrnoRet: 1 } }),
  },
  {
    what: 'swap without a memory limit',
    pointer: '/linux/resources/memory/swap',
    config: linux({ resources: { memory: { swap: 1 << 30 } } }),
  },
  {
    what: 'less swap than memory',
    pointer: '/linux/resources/memory/swap',
    config: linux({ resources: { memory: { limit: 1 << 30, swap: 1 << 20 } } }),
  },
  {
    what: 'a size of huge pages that is limited twice',
    pointer: '/linux/resources/hugepageLimits/1/pageSize',
    config: linux({
      resources: {
        hugepageLimits: [
          { pageSize: '2MB', limit: 0 },
          { pageSize: '2MB', limit: 1 },
        ],
      },
    }),
  },
  {
    what: 'an RDMA device without limits',
    pointer: '/linux/resources/rdma/mlx5_1',
    config: linux({ resources: { rdma: { mlx5_1: {} } } }),
  },
  {
    what: 'an RDMA device whose name is two words',
    pointer: '/linux/resources/rdma/mlx5 max',
    config: linux({ resources: { rdma: { 'mlx5 max': { hcaHandles: 1 } } } }),
  },
  {
    what: 'a cgroup file that is a path',
    pointer: '/linux/resources/unified/..~1cgroup.procs',
    config: linux({ resources: { unified: { '../cgroup.procs': '1' } } }),
  },
  {
    what: 'a container of another platform',
    pointer: '/windows',
    config: (() => {
      const { linux: _linux, ...rest } = base;
      return { ...rest, process, windows: { layerFolders: ['C:\\layer'] } };
    })(),
  },
  {
    what: 'a virtual machine',
    pointer: '/vm',
    config: { ...base, process, vm: { kernel: { path: '/vmlinuz' } } },
  },
  {
    what: 'no root filesystem',
    pointer: '/root',
    config: (() => {
      const { root: _root, ...rest } = base;
      return { ...rest, process };
    })(),
  },
];
