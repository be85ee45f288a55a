/** Machines, callers and configs for tests of the planner. */

import { defaultConfig } from '../../../src/bundle/default-config.ts';
import { createPlan } from '../../../src/plan/create-plan.ts';
import type { CgroupFacts, CreateRequest, ExecRequest, HostFacts } from '../../../src/plan/facts.ts';
import type { Operation, OperationKind } from '../../../src/plan/operations.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import type { Config, Namespace } from '../../../src/spec/config.ts';

export const noCgroups: CgroupFacts = {
  mode: 'none',
  hierarchies: [],
  links: [],
  unified: undefined,
  join: [],
  made: 'before',
};

export const v2: CgroupFacts = { ...noCgroups, mode: 'v2', unified: '/sys/fs/cgroup/box', made: 'beside' };

export const v1: CgroupFacts = {
  mode: 'v1',
  hierarchies: [
    { name: 'cpu,cpuacct', options: ['cpu', 'cpuacct'], directory: '/sys/fs/cgroup/cpu,cpuacct/box' },
    { name: 'systemd', options: ['none', 'name=systemd'], directory: '/sys/fs/cgroup/systemd/box' },
  ],
  links: [
    { name: 'cpu', target: 'cpu,cpuacct' },
    { name: 'cpuacct', target: 'cpu,cpuacct' },
  ],
  unified: undefined,
  join: ['/sys/fs/cgroup/cpu,cpuacct/box/tasks', '/sys/fs/cgroup/systemd/box/tasks'],
  made: 'beside',
};

export const hybrid: CgroupFacts = { ...v1, mode: 'hybrid', unified: '/sys/fs/cgroup/unified/box' };

/** Root of a machine with cgroup v2 and no security module. */
export const rootFacts: HostFacts = {
  rootless: false,
  makesDevices: true,
  cgroups: v2,
  resctrlTasks: [],
  capabilities: (1n << 41n) - 1n,
  apparmor: false,
  selinux: false,
  kernelViews: [],
};

/** An ordinary user without a cgroup. */
export const rootlessFacts: HostFacts = {
  ...rootFacts,
  rootless: true,
  makesDevices: false,
  cgroups: noCgroups,
  capabilities: 0n,
};

export const createRequest: CreateRequest = {
  bundle: '/bundle',
  rootfs: '/bundle/rootfs',
  noPivot: false,
  startChannel: true,
  console: 'parent',
  preserve: 0,
  listenFds: 0,
  seccomp: undefined,
  keyring: '_ses.box',
};

export const execRequest: ExecRequest = {
  namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'],
  cgroupJoin: [],
  unifiedCgroup: '/sys/fs/cgroup/box',
  noSetGroups: false,
  keepsGroups: false,
  root: undefined,
  console: 'parent',
  preserve: 0,
  seccomp: undefined,
  keyring: '_ses.box',
};

/** A filter of one instruction that allows everything. */
export const seccomp = {
  filter: Uint8Array.of(6, 0, 0, 0, 0, 0, 255, 127),
  flags: 1,
  notify: false,
} as const;

/** A config that a test may change freely. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object | undefined ? Mutable<T[K]> : T[K] };

/** The default config without a terminal, changed by `change`. */
export function configOf(
  change: (config: Mutable<Config> & { linux: object; process: object }) => void = () => undefined,
): Config {
  const config = defaultConfig() as Mutable<Config>;
  if (config.process === undefined || config.linux === undefined) throw new Error('not the default config');
  config.process.terminal = false;
  change(config as Parameters<typeof change>[0]);
  return config as Config;
}

/** A config with these namespaces alone; a text after a colon is a path to join. */
export function namespacesOf(...names: readonly string[]): Mutable<Namespace>[] {
  return names.map((name) => {
    const [type, path] = name.split(':');
    return { type: type as 'pid', ...(path !== undefined && { path }) };
  });
}

export const mapping = (hostID: number, size = 65_536) => [{ containerID: 0, hostID, size }];

/** Plans for root of a v2 machine, unless the test has other facts or another request. */
export function planOf(
  config: Config,
  facts: Partial<HostFacts> = {},
  request: Partial<CreateRequest> = {},
): Plan {
  return createPlan(config, { ...createRequest, ...request }, { ...rootFacts, ...facts });
}

/** All operations of one kind. */
export function operationsOf<K extends OperationKind>(plan: Plan, kind: K): readonly Operation<K>[] {
  return plan.operations.filter((operation) => operation.kind === kind) as unknown as Operation<K>[];
}
