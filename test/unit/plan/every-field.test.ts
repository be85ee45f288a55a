/**
 * `tsoci plan` shows every field of config.json: another value of a field makes another plan, or the list below says
 * why not.
 */

import { strict as assert } from 'node:assert';
import { test } from 'uvu';
import { validateConfig } from '../../../src/bundle/generated/explain.ts';
import { checkConfig } from '../../../src/bundle/rules/rules.ts';
import type { Controllers } from '../../../src/cgroup/limits/draft.ts';
import { planResources } from '../../../src/cgroup/limits/resources.ts';
import { planDocument } from '../../../src/cli/render/plan-document.ts';
import { planTable } from '../../../src/cli/render/plan-table.ts';
import { Failure } from '../../../src/failure.ts';
import { runtimeSteps } from '../../../src/plan/runtime-steps.ts';
import type { Config } from '../../../src/spec/config.ts';
import { allFields, type Field, replaced } from '../bundle/spoilt/fields.ts';
import { wholeConfig } from '../bundle/spoilt/whole-config.ts';
import { planOf } from './support.ts';

const NOT_IN_THE_PLAN: readonly (readonly [RegExp, string])[] = [
  [/^\/(windows|solaris|vm|zos|freebsd)\b/, 'for another platform'],
  [/^\/process\/(commandLine|user\/username)$/, 'for Windows'],
  [/^\/(ociVersion|annotations.*)$/, 'nothing is done for them: state and hooks are told'],
  [
    /^\/process\/execCPUAffinity\b/,
    'config.md: not for the container’s own process; exec has it in its plan',
  ],
  [/^\/root(\/path)?$/, 'what is planned here has a root filesystem of its own'],
  [/^\/linux\/cgroupsPath$/, 'what is planned here has cgroups of its own'],
  [/^\/linux\/seccomp\/(?!listener)/, 'the plan has the compiled filter, which tests of seccomp look at'],
  [/^\/linux\/personality\/flags$/, 'none is defined'],
  [/^\/linux\/resources\/memory\/(kernel|kernelTCP|useHierarchy|checkBeforeUpdate)$/, 'not for a new cgroup'],
  [/^\/mounts\/\*\/type$/, 'a dummy for the bind mount that stands there'],
  [
    /^\/process\/scheduler\/(policy|priority)$|^\/linux\/(namespaces\/\*\/type|\w+Mappings\/\*\/containerID|devices\/\*\/(fileMode|uid|gid))$/,
    'not to be changed alone in the whole config: see the pairs below',
  ],
  [/^\/linux\/resources\/cpu\/realtime\w+$/, 'v1 with real-time groups only'],
];

/** Other values where a field cannot be left out, or its absence means what it says in the whole config. */
const OTHER: Readonly<Record<string, readonly unknown[]>> = {
  '/mounts/*': [{ destination: '/else', type: 'tmpfs' }],
  '/mounts/*/destination': ['/elsewhere'],
  '/mounts/*/type': ['none'],
  '/mounts/*/source': ['/srv/other'],
  '/mounts/*/options': [['bind', 'idmap']],
  '/mounts/*/options/*': ['bind'],
  '/process/terminal': [false],
  '/process/consoleSize/height': [30],
  '/process/consoleSize/width': [90],
  '/process/args': [['ls']],
  '/process/args/*': ['ls'],
  '/process/cwd': ['/tmp'],
  '/process/user/uid': [3],
  '/process/user/gid': [3],
  '/process/user/additionalGids/*': [7],
  '/process/ioPriority/class': ['IOPRIO_CLASS_BE'],
  '/process/ioPriority/priority': [5],
  '/process/scheduler/nice': [1],
  '/process/scheduler/flags/*': ['SCHED_FLAG_RESET_ON_FORK'],
  '/process/scheduler/runtime': [11_000],
  '/process/scheduler/deadline': [21_000],
  '/process/rlimits/*/type': ['RLIMIT_CPU'],
  '/process/rlimits/*/soft': [1],
  '/process/rlimits/*/hard': [5],
  '/linux/resources/memory/limit': [1 << 20],
  '/linux/resources/devices/*/type': ['c'],
  '/linux/resources/devices/*/access': ['r'],
  '/linux/resources/hugepageLimits/*/pageSize': ['1GB'],
  '/linux/resources/hugepageLimits/*/limit': [4],
  '/linux/devices/*/type': ['b'],
  '/linux/devices/*/path': ['/dev/other'],
  '/linux/devices/*/major': [11],
  '/linux/devices/*/minor': [230],
  '/linux/resources/devices/*/allow': [true],
  '/linux/resources/cpu/idle': [1],
  '/linux/resources/memory/disableOOMKiller': [true],
  '/linux/resources/memory/swappiness': [5],
  '/linux/memoryPolicy/mode': ['MPOL_BIND'],
  '/linux/memoryPolicy/nodes': ['1'],
  '/linux/memoryPolicy/flags/*': ['MPOL_F_RELATIVE_NODES'],
  '/linux/personality/domain': ['LINUX'],
};

/** A value like this one, but another. */
function another(value: unknown): unknown[] {
  if (typeof value === 'boolean') return [!value];
  if (typeof value === 'number') return [value + 1];
  if (typeof value === 'string') return [`${value}x`, `/${value}`];
  return Array.isArray(value) && value.length > 0 ? [[]] : [];
}

const all = [
  'cpu',
  'cpuacct',
  'cpuset',
  'memory',
  'devices',
  'blkio',
  'pids',
  'net_cls',
  'net_prio',
  'rdma',
  'hugetlb',
];
const machines: readonly Controllers[] = [
  { mode: 'v1', v1: new Set(all), unified: new Set() },
  {
    mode: 'v2',
    v1: new Set(),
    unified: new Set(['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma']),
  },
];

/** The steps for each part of the resources, on each kind of machine: a part that a machine cannot do is told so. */
function limitsOf({ linux }: Config) {
  return machines.flatMap((machine) =>
    Object.entries(linux?.resources ?? {}).flatMap(([name, value]) => {
      try {
        return planResources(machine, { [name]: value }, { pointer: '/linux/resources' }).steps;
      } catch (error) {
        if (error instanceof Failure) return [];
        throw error;
      }
    }),
  );
}

/** All that is shown, for programs and for people; undefined for a config that is refused. */
function shown(document: unknown): string | undefined {
  if (!validateConfig(document)) return undefined;
  const config = document as Config;
  try {
    checkConfig(config, { name: 'config.json' });
    const facts = { apparmor: true, selinux: true };
    const plan = planOf(config, facts);
    const planned = { limits: limitsOf(config), runtime: runtimeSteps(config), plan };
    const json = JSON.stringify(planDocument(planned));
    const table = planTable(planned);
    return `${json}\n${table}`;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

const whole = shown(wholeConfig);

/** A valid config with another value there has another plan. */
function isShown({ path, pattern, value, needed }: Field): boolean {
  const values = [...(OTHER[pattern] ?? []), ...(needed ? [] : [undefined]), ...another(value)];
  return values.some((other) => {
    const plan = shown(replaced(wholeConfig, path, other));
    return plan !== undefined && plan !== whole;
  });
}

test('positive control: the whole config has a plan, and the same one twice', () => {
  assert.equal(typeof whole, 'string');
  assert.equal(shown(structuredClone(wholeConfig)), whole);
});

test('each field shows in the plan, or is known not to', () => {
  const hidden = allFields().filter((field) => {
    // What is in an array or object is asked one by one.
    if (['array', 'object'].includes(String(field.schema['type']))) return false;
    const excused = NOT_IN_THE_PLAN.some(([places]) => places.test(field.pattern));
    return !excused && !isShown(field);
  });
  assert.deepEqual(
    hidden.map(({ pattern }) => pattern),
    [],
  );
});

test('fields that go with others show as well', () => {
  const { linux, process } = wholeConfig;
  const scheduled = (policy: string, priority: number) => ({
    ...wholeConfig,
    process: { ...process, scheduler: { policy, priority } },
  });
  const spaced = (type: string) => ({
    ...wholeConfig,
    linux: { ...linux, namespaces: linux.namespaces.filter((entry) => entry.type !== type) },
  });
  const mapped = (containerID: number) => ({
    ...wholeConfig,
    linux: { ...linux, uidMappings: [...linux.uidMappings, { containerID, hostID: 5000, size: 1 }] },
  });
  const { uidMappings: _uids, gidMappings: _gids, ...unmapped } = linux;
  const device = (change: object) => ({
    ...wholeConfig,
    mounts: [],
    linux: {
      ...unmapped,
      namespaces: linux.namespaces.filter(({ type }) => type !== 'user'),
      devices: [{ ...linux.devices[0], ...change }],
    },
  });
  const plans = [
    wholeConfig,
    scheduled('SCHED_FIFO', 3),
    scheduled('SCHED_FIFO', 4),
    scheduled('SCHED_RR', 3),
    spaced('time'),
    spaced('cgroup'),
    mapped(50),
    mapped(51),
    device({}),
    device({ fileMode: 384 }),
    device({ uid: 7 }),
    device({ gid: 7 }),
  ].map(shown);
  assert.equal(plans.indexOf(undefined), 4, 'without a time namespace its offsets are refused');
  assert.equal(new Set(plans).size, plans.length);
});

test('each place that the plan names is one of the config, and hooks, devices and maps of the runtime’s own are told', () => {
  const table = planTable({
    limits: [],
    runtime: runtimeSteps(wholeConfig as unknown as Config),
    plan: planOf(wholeConfig as never),
  });
  const lines = table.split('\n');
  const at = (word: RegExp) => lines.findIndex((line) => word.test(line));
  for (const line of [
    /^prepare +resctrl-schema +\/linux\/intelRdt\/memBwSchema +line=MB:0=20$/m,
    /^prepare +seccomp-agent +\/linux\/seccomp\/listenerPath +path=\/run\/agent metadata=x$/m,
    /^ids +id-map +\/linux\/uidMappings\/0 +containerID=0 hostID=1000 size=10$/m,
    /^rootfs +move-device +\/linux\/netDevices\/eth0 +device=eth0 name=eth1$/m,
    /^rootfs +hook +\/hooks\/prestart\/0 +path=\/bin\/hook args=\[hook x\] environment=\[A=b\] timeout=5$/m,
    /^start +hook +\/hooks\/poststart\/0 /m,
    /^delete +hook +\/hooks\/poststop\/0 /m,
  ])
    assert.match(table, line);
  // In the order in which they happen.
  const order = [
    /id-map/,
    /move-device/,
    /hooks\/prestart/,
    /hooks\/createRuntime/,
    /hooks\/createContainer/,
    /hooks\/startContainer/,
    /hooks\/poststart/,
    /hooks\/poststop/,
  ].map(at);
  assert.deepEqual(
    order,
    [...order].sort((a, b) => a - b),
  );
  assert.ok(order.every((place) => place > 0));
});

test.run();
