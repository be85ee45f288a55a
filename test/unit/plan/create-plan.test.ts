/**
 * createPlan() for configs that nobody thought of: made from valid parts, and with texts and numbers that mean
 * nothing.
 * Tests also: src/plan/builder.ts src/plan/compilation.ts src/plan/hooks.ts src/plan/namespaces.ts
 * src/plan/process/ src/plan/rootfs/
 */

import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { Failure } from '../../../src/failure.ts';
import { createPlan } from '../../../src/plan/create-plan.ts';
import { execPlan } from '../../../src/plan/exec-plan.ts';
import type { CreateRequest, ExecRequest, HostFacts } from '../../../src/plan/facts.ts';
import type { Operation } from '../../../src/plan/operations.ts';
import { schedulerFlags, schedulerPolicies } from '../../../src/plan/process/scheduling.ts';
import { encodePlan } from '../../../src/plan/wire/encode.ts';
import type { Config, Hook, Linux, Mount, Process } from '../../../src/spec/config.ts';
import { resourceLimits } from '../../../src/spec/kernel-flags.ts';
import { mountOptionNames } from '../../../src/spec/mount-options.ts';
import { assertRefused } from '../refusal.ts';
import { planProblems, slotProblems } from './plan-problems.ts';
import {
  configOf,
  createRequest,
  execRequest,
  hybrid,
  noCgroups,
  planOf,
  rootFacts,
  rootlessFacts,
  seccomp,
  v1,
  v2,
} from './support.ts';

const test = suite('createPlan()');

const keys = <T extends object>(table: T) => Object.keys(table) as (keyof T)[];
const optional = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { requiredKeys: [] });

const word = fc.oneof(
  fc.constantFrom('', '/', '.', '..', 'a', '/dev', '/proc', '/proc/self', '/sys/fs/cgroup', '~', '__proto__'),
  fc.string({ maxLength: 6 }),
);
const path = fc.oneof(
  fc.constantFrom('/', '/data', '/dev', '/dev/null', '/proc', '/proc/cpuinfo', '/x/../y', 'relative', '/a b'),
  word,
);
const id = fc.nat(70_000);
const mapping = fc.record({ containerID: id, hostID: id, size: fc.nat(70_000) });

const mount: fc.Arbitrary<Mount> = fc.record(
  {
    destination: path,
    type: fc.oneof(fc.constantFrom('proc', 'tmpfs', 'cgroup', 'bind', 'none', 'sysfs', 'ext4'), word),
    source: path,
    options: fc.array(fc.oneof(fc.constantFrom(...mountOptionNames()), word), { maxLength: 5 }),
    uidMappings: fc.array(mapping, { maxLength: 2 }),
    gidMappings: fc.array(mapping, { maxLength: 2 }),
  },
  { requiredKeys: ['destination'] },
);

const hook: fc.Arbitrary<Hook> = fc.record(
  { path, args: fc.array(word), env: fc.array(word), timeout: fc.nat(100) },
  { requiredKeys: ['path'] },
);
const hooks = fc.array(hook, { maxLength: 2 });

const capability = fc.oneof(fc.constantFrom('CAP_CHOWN', 'CAP_SYS_ADMIN', 'CAP_KILL'), word);
const capabilities = fc.array(capability, { maxLength: 3 });

const process: fc.Arbitrary<Process> = fc.record(
  {
    cwd: path,
    args: fc.array(word, { maxLength: 3 }),
    env: fc.array(fc.oneof(fc.constantFrom('PATH=/bin', 'HOME=/x', 'HOME', '=', 'PATH='), word), {
      maxLength: 4,
    }),
    terminal: fc.boolean(),
    consoleSize: fc.record({ height: id, width: id }),
    user: fc.record(
      { uid: id, gid: id, umask: fc.nat(0o777), additionalGids: fc.array(id, { maxLength: 2 }) },
      { requiredKeys: ['uid', 'gid'] },
    ),
    capabilities: optional({
      bounding: capabilities,
      effective: capabilities,
      permitted: capabilities,
      inheritable: capabilities,
      ambient: capabilities,
    }),
    rlimits: fc.array(fc.record({ type: fc.constantFrom(...keys(resourceLimits)), soft: id, hard: id }), {
      maxLength: 2,
    }),
    noNewPrivileges: fc.boolean(),
    oomScoreAdj: fc.integer({ min: -1000, max: 1000 }),
    apparmorProfile: word,
    selinuxLabel: word,
    scheduler: fc.record(
      {
        policy: fc.constantFrom(...keys(schedulerPolicies)),
        nice: fc.integer({ min: -20, max: 19 }),
        flags: fc.array(fc.constantFrom(...keys(schedulerFlags))),
        runtime: id,
      },
      { requiredKeys: ['policy'] },
    ),
    ioPriority: fc.record({ class: fc.constant('IOPRIO_CLASS_BE' as const), priority: fc.nat(7) }),
    execCPUAffinity: optional({ initial: word, final: fc.constantFrom('0', '0-1', 'x', '') }),
  },
  { requiredKeys: ['cwd'] },
) as fc.Arbitrary<Process>;

const namespaces = fc.uniqueArray(
  fc.record(
    {
      type: fc.constantFrom('mount', 'user', 'pid', 'network', 'ipc', 'uts', 'cgroup', 'time'),
      path: fc.constantFrom('/proc/1/ns/x', ''),
    },
    { requiredKeys: ['type'] },
  ),
  { selector: ({ type }) => type },
);

const linux: fc.Arbitrary<Linux> = fc.record(
  {
    namespaces,
    uidMappings: fc.array(mapping, { maxLength: 2 }),
    gidMappings: fc.array(mapping, { maxLength: 2 }),
    devices: fc.array(
      fc.record(
        {
          path,
          type: fc.constantFrom('c', 'b', 'u', 'p'),
          major: id,
          minor: id,
          fileMode: fc.nat(0o777),
          uid: id,
        },
        { requiredKeys: ['path', 'type'] },
      ),
      { maxLength: 3 },
    ),
    maskedPaths: fc.array(path, { maxLength: 3 }),
    readonlyPaths: fc.array(path, { maxLength: 2 }),
    mountLabel: word,
    sysctl: fc.dictionary(word, word, { maxKeys: 3 }),
    rootfsPropagation: fc.constantFrom('shared', 'rprivate', 'slave', 'runbindable'),
    timeOffsets: optional({ boottime: fc.record({ secs: fc.integer(), nanosecs: id }) }),
    personality: fc.record(
      { domain: fc.constantFrom('LINUX', 'LINUX32'), flags: fc.array(word, { maxLength: 1 }) },
      { requiredKeys: ['domain'] },
    ),
    memoryPolicy: fc.record(
      { mode: fc.constantFrom('MPOL_BIND', 'MPOL_DEFAULT', 'MPOL_PREFERRED'), nodes: word },
      { requiredKeys: ['mode'] },
    ),
    netDevices: fc.dictionary(word, fc.record({ name: word }), { maxKeys: 1 }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Linux>;

const config: fc.Arbitrary<Config> = fc.record(
  {
    ociVersion: fc.constant('1.3.0'),
    root: fc.record({ path, readonly: fc.boolean() }, { requiredKeys: ['path'] }),
    process,
    mounts: fc.array(mount, { maxLength: 5 }),
    hostname: word,
    domainname: word,
    hooks: optional({
      prestart: hooks,
      createRuntime: hooks,
      createContainer: hooks,
      startContainer: hooks,
      poststart: hooks,
    }),
    linux,
  },
  { requiredKeys: ['ociVersion'] },
) as fc.Arbitrary<Config>;

const facts: fc.Arbitrary<HostFacts> = fc
  .record({
    base: fc.constantFrom(rootFacts, rootlessFacts),
    cgroups: fc.constantFrom(noCgroups, v1, hybrid, v2, { ...v2, made: 'around' }, { ...v1, made: 'before' }),
    makesDevices: fc.boolean(),
    apparmor: fc.boolean(),
    selinux: fc.boolean(),
    resctrlTasks: fc.constantFrom<string[]>([], ['/sys/fs/resctrl/x/tasks']),
  })
  .map(({ base, ...rest }) => ({ ...base, ...rest }));

const program = fc.constantFrom(undefined, seccomp, { ...seccomp, notify: true });

const request: fc.Arbitrary<CreateRequest> = fc
  .record({
    noPivot: fc.boolean(),
    startChannel: fc.boolean(),
    console: fc.constantFrom<'socket' | 'parent'>('socket', 'parent'),
    preserve: fc.nat(5),
    listenFds: fc.nat(2),
    seccomp: program,
    keyring: fc.constantFrom(undefined, 'k'),
  })
  .map((change) => ({ ...createRequest, ...change }));

/** The plan, or undefined when it was refused with a Failure of the person's or the machine's fault. */
function planOrRefusal<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof Failure && (error.code === 'invalid' || error.code === 'unsupported')) {
      assert.notEqual(error.message, '');
      return undefined;
    }
    throw error;
  }
}

const counts = { planned: 0, refused: 0 };

function check(make: () => ReturnType<typeof createPlan>, document: unknown): void {
  const plan = planOrRefusal(make);
  counts[plan === undefined ? 'refused' : 'planned'] += 1;
  if (plan === undefined) return;
  assert.deepEqual(planProblems(plan, document), []);
  const first = planOrRefusal(() => encodePlan(plan, { trace: false }).slice());
  const second = planOrRefusal(() => encodePlan(make(), { trace: false }));
  assert.deepEqual(first, second);
}

test('makes a plan that holds together, or refuses with a Failure', () => {
  fc.assert(
    fc.property(config, request, facts, (given, wish, machine) => {
      const before = JSON.stringify(given);
      check(() => createPlan(given, wish, machine), given);
      assert.equal(JSON.stringify(given), before, 'the config was changed');
    }),
    { numRuns: 1500 },
  );
  // Positive control: neither way out is the only one.
  assert.ok(counts.planned > 100 && counts.refused > 100, JSON.stringify(counts));
});

test('the same of configs that are near to what people write', () => {
  counts.planned = 0;
  const common = fc.record({
    mounts: fc.array(
      fc.record({
        destination: fc.constantFrom('/a', '/b', '/dev/x', '/sys/fs/cgroup'),
        type: fc.constantFrom('tmpfs', 'cgroup', 'bind'),
        source: fc.constantFrom('data', '/srv'),
        options: fc.array(fc.constantFrom('ro', 'rbind', 'rro', 'idmap', 'remount'), { maxLength: 2 }),
      }),
      { maxLength: 4 },
    ),
    namespaces,
    terminal: fc.boolean(),
  });
  fc.assert(
    fc.property(common, request, facts, ({ mounts, namespaces: kinds, terminal }, wish, machine) => {
      const given = configOf((each) => {
        each.mounts = [...(each.mounts ?? []), ...mounts];
        each.linux.namespaces = kinds as never;
        each.linux.uidMappings = [{ containerID: 0, hostID: 1, size: 1 }];
        each.linux.gidMappings = [{ containerID: 0, hostID: 1, size: 1 }];
        each.process.terminal = terminal;
      });
      check(() => createPlan(given, wish, machine), given);
    }),
    { numRuns: 1000 },
  );
  assert.ok(counts.planned > 300, JSON.stringify(counts));
});

test('execPlan() makes a plan that holds together, or refuses with a Failure', () => {
  const exec: fc.Arbitrary<ExecRequest> = fc
    .record({
      namespaces: fc.subarray(['user', 'mount', 'pid', 'network', 'cgroup', 'time']),
      cgroupJoin: fc.constantFrom<string[]>([], ['/c/tasks']),
      unifiedCgroup: fc.constantFrom(undefined, '/u'),
      noSetGroups: fc.boolean(),
      console: fc.constantFrom<'socket' | 'parent'>('socket', 'parent'),
      preserve: fc.nat(3),
      seccomp: program,
    })
    .map((change) => ({ ...execRequest, ...change }));
  fc.assert(
    fc.property(process, exec, facts, (given, wish, machine) => {
      const linux = {
        seccomp: { defaultAction: 'SCMP_ACT_ALLOW' },
        personality: { domain: 'LINUX32' },
        memoryPolicy: { mode: 'MPOL_PREFERRED' },
        uidMappings: [{ containerID: 0, hostID: 100000, size: 1000 }],
      } as const;
      check(() => execPlan(given, linux, wish, machine), { process: given, linux });
    }),
    { numRuns: 500 },
  );
});

test('slotProblems() finds what it is there for', () => {
  const plan = planOf(configOf());
  const without = (kind: string) => ({
    ...plan,
    operations: plan.operations.filter((operation) => operation.kind !== kind),
  });
  assert.deepEqual(slotProblems(plan), []);
  assert.match(slotProblems(without('open-tree')).join(), /uses slot 2, which is empty/);
  assert.match(slotProblems(without('pivot')).join(), /is never closed/);
  const late = plan.operations.map(({ ends: _, ...operation }) => operation as Operation);
  const problems = slotProblems({ ...plan, operations: late }).join('\n');
  for (const problem of [/pivot: slot 2 goes on/, /find-executable: comes while [\d,]+ are open/])
    assert.match(problems, problem);
  assert.match(
    slotProblems({ ...plan, operations: [...plan.operations, ...plan.operations] }).join(),
    /again/,
  );
});

test('an ordinary user needs a new user namespace', () =>
  assertRefused(
    () => planOf(configOf(), rootlessFacts),
    'invalid',
    '/linux/namespaces',
    /new user namespace/,
  ));

test('an ordinary user of one id has no additional groups', () =>
  assertRefused(
    () =>
      planOf(
        configOf((each) => {
          each.linux.namespaces = [{ type: 'user' }, { type: 'mount' }];
          each.linux.uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }];
          each.linux.gidMappings = [{ containerID: 0, hostID: 1000, size: 1 }];
          each.process.user = { uid: 0, gid: 0, additionalGids: [5] };
        }),
        rootlessFacts,
      ),
    'invalid',
    '/process/user/additionalGids',
    /additional groups/,
  ));

test('a personality flag is refused: there is none', () =>
  assertRefused(
    () => planOf(configOf((each) => (each.linux.personality = { domain: 'LINUX', flags: ['X' as never] }))),
    'invalid',
    '/linux/personality/flags/0',
    /"X"/,
  ));

test('a hook of the container with more patience than the wire or the kernel can say waits without end', () => {
  for (const timeout of [2_147_484, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    const plan = planOf({ ...configOf(), hooks: { startContainer: [{ path: '/bin/true', timeout }] } });
    const [hook] = plan.operations.filter(({ kind }) => kind === 'hook');
    assert.equal(hook?.kind === 'hook' && hook.timeout, 0);
    encodePlan(plan, { trace: false });
  }
});

test('nothing in plan/ can reach the machine', () => {
  const directory = join(import.meta.dirname, '../../../src/plan');
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  assert.ok(files.length > 20);
  for (const name of files) {
    const text = readFileSync(join(directory, name), 'utf8');
    assert.doesNotMatch(text, /from '(?!\.)|import\(|globalThis|\bDate\b|Math\.random/, name);
  }
});

test.run();
