/** config.md: the properties of a process that only Linux has. */
import { strict as assert } from 'node:assert';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Box } from '../support/box.ts';
import { hierarchyOf } from '../support/cgroups.ts';
import { baseConfig } from '../support/config.ts';
import type { Container } from '../support/container.ts';
import { maskOf, statusOf } from '../support/proc.ts';
import { type ConformanceTest, test } from '../support/test.ts';

const policies = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
} as const;

/** Wanted scheduling beside what the kernel must then say. */
const schedulers = [
  { policy: 'SCHED_OTHER', nice: 7 },
  { policy: 'SCHED_OTHER', nice: -5 },
  { policy: 'SCHED_BATCH', nice: 3 },
  { policy: 'SCHED_IDLE' },
  // sched_setattr(2) leaves nice alone there.
  { policy: 'SCHED_IDLE', nice: 11 },
  { policy: 'SCHED_FIFO', priority: 12 },
  { policy: 'SCHED_RR', priority: 1 },
] as const;

/** With CONFIG_RT_GROUP_SCHED a new cgroup has no real-time budget, and nothing in it may be scheduled so. */
const hasRealtimeGroups = (): boolean =>
  existsSync(join(hierarchyOf('cpu') ?? '/nowhere', 'cpu.rt_runtime_us'));

const schedulerTests = schedulers.map(({ policy, ...rest }) => {
  const suffix = Object.entries(rest).map(([name, value]) => `-${name}${value}`);
  return test(`scheduler.${policy}${suffix.join('')}`, async (box) => {
    const container = await box.running((config) => {
      config.process.scheduler = { policy, ...rest };
      if ('priority' in rest && hasRealtimeGroups()) {
        config.linux.resources = { cpu: { realtimeRuntime: 5000, realtimePeriod: 1_000_000 } };
      }
    });
    const { scheduler } = await box.probe(container.pid);
    assert.equal(scheduler.policy, policies[policy]);
    assert.equal(scheduler.nice, 'nice' in rest ? rest.nice : 0);
    assert.equal(scheduler.priority, 'priority' in rest ? rest.priority : 0);
  });
});

/** SCHED_FLAG_* as sched_getattr(2) gives them back. */
const resetOnFork = 1;
const reclaim = 2;
const overrun = 4;

/** Adds a process with this execCPUAffinity to a container; gives the CPUs that it may run on. */
async function affinityOfExec(box: Box, container: Container, value: object): Promise<string> {
  const file = join(box.scratch(), 'process.json');
  const { process } = baseConfig(['grep', 'Cpus_allowed_list', '/proc/self/status']);
  writeFileSync(file, JSON.stringify({ ...process, execCPUAffinity: value }));
  return (await container.must('exec', `--process=${file}`)).replace(/.*:\s*/, '').trim();
}

export const linuxProcessTests: readonly ConformanceTest[] = [
  test('capabilities.sets', async (box) => {
    const sets = {
      bounding: ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW', 'CAP_SETUID', 'CAP_SETGID'],
      permitted: ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW'],
      effective: ['CAP_KILL'],
      inheritable: ['CAP_CHOWN', 'CAP_NET_RAW'],
      ambient: ['CAP_NET_RAW'],
    };
    const container = await box.running((config) => {
      config.process.user = { uid: 1000, gid: 1000 };
      config.process.capabilities = sets;
    });
    const status = statusOf(container.pid);
    assert.equal(status['CapBnd'], maskOf(sets.bounding));
    assert.equal(status['CapInh'], maskOf(sets.inheritable));
    assert.equal(status['CapAmb'], maskOf(sets.ambient));
    // An ordinary user's execve leaves the ambient ones of the permitted and effective sets (capabilities(7)).
    assert.equal(status['CapPrm'], maskOf(sets.ambient));
    assert.equal(status['CapEff'], maskOf(sets.ambient));
  }),

  test('capabilities.root', async (box) => {
    const names = ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'];
    const container = await box.running((config) => {
      config.process.capabilities = { bounding: names, permitted: names, effective: names };
    });
    const status = statusOf(container.pid);
    for (const set of ['CapBnd', 'CapPrm', 'CapEff']) assert.equal(status[set], maskOf(names), set);
    for (const set of ['CapInh', 'CapAmb']) assert.equal(status[set], maskOf([]), set);
  }),

  test('capabilities.absent', async (box) => {
    const container = await box.running((config) => {
      config.process.capabilities = {};
    });
    const status = statusOf(container.pid);
    for (const set of ['CapBnd', 'CapPrm', 'CapEff', 'CapInh', 'CapAmb'])
      assert.equal(status[set], maskOf([]), set);
  }),

  test('capabilities.unknown', async (box) => {
    const names = ['CAP_KILL', 'CAP_NO_SUCH_THING'];
    assert.equal(
      await box.script('echo went on', (config) => {
        config.process.capabilities = { bounding: names, permitted: names, effective: names };
      }),
      'went on\n',
    );
  }),

  test('capabilities.not-to-be-had', async (box) => {
    const own = BigInt(`0x${statusOf('self')['CapBnd']}`);
    if ((own >> 24n) & 1n) box.skip('this process may grant every capability');
    const names = ['CAP_KILL', 'CAP_SYS_RESOURCE'];
    assert.equal(
      await box.script('echo went on', (config) => {
        config.process.capabilities = { bounding: names, permitted: names, effective: names };
      }),
      'went on\n',
    );
  }),

  test('process.no-new-privileges', async (box) => {
    for (const [value, expected] of [
      [true, '1'],
      [false, '0'],
      [undefined, '0'],
    ] as const) {
      const container = await box.running((config) => {
        if (value !== undefined) config.process.noNewPrivileges = value;
      });
      assert.equal(statusOf(container.pid)['NoNewPrivs'], expected);
    }
  }),

  test('process.oom-score-adj', async (box) => {
    const container = await box.running((config) => {
      config.process.oomScoreAdj = 321;
    });
    assert.equal(readFileSync(`/proc/${container.pid}/oom_score_adj`, 'utf8'), '321\n');
  }),

  test('process.oom-score-adj-unset', async (box) => {
    const container = box.container(['sleep', '1000']);
    await container.create([], { caller: 'echo 234 >/proc/self/oom_score_adj' });
    await container.start();
    assert.equal(readFileSync(`/proc/${container.pid}/oom_score_adj`, 'utf8'), '234\n');
  }),

  test('process.apparmor', async (box) => {
    if (!existsSync('/sys/kernel/security/apparmor')) box.skip('AppArmor is off on this machine');
    const container = await box.running((config) => {
      config.process.apparmorProfile = 'unconfined';
    });
    assert.match(readFileSync(`/proc/${container.pid}/attr/current`, 'utf8'), /^unconfined/);
  }),

  test('process.selinux', async (box) => {
    if (!existsSync('/sys/fs/selinux/enforce')) box.skip('SELinux is off on this machine');
    const label = 'system_u:system_r:container_t:s0:c1,c2';
    const container = await box.running((config) => {
      config.process.selinuxLabel = label;
    });
    assert.equal(readFileSync(`/proc/${container.pid}/attr/current`, 'utf8').replace('\0', ''), label);
  }),

  ...schedulerTests,

  test('scheduler.SCHED_DEADLINE', async (box) => {
    const times = { runtime: 3_000_000, deadline: 20_000_000, period: 40_000_000 };
    const container = await box.running((config) => {
      config.process.scheduler = { policy: 'SCHED_DEADLINE', ...times };
    });
    const { scheduler } = await box.probe(container.pid);
    assert.equal(scheduler.policy, policies.SCHED_DEADLINE);
    for (const name of ['runtime', 'deadline', 'period'] as const)
      assert.equal(scheduler[name], times[name], name);
  }),

  test('scheduler.flags', async (box) => {
    const simple = await box.running((config) => {
      config.process.scheduler = { policy: 'SCHED_BATCH', flags: ['SCHED_FLAG_RESET_ON_FORK'] };
    });
    assert.equal((await box.probe(simple.pid)).scheduler.flags, resetOnFork);
    const deadline = await box.running((config) => {
      config.process.scheduler = {
        policy: 'SCHED_DEADLINE',
        runtime: 2_000_000,
        deadline: 30_000_000,
        period: 30_000_000,
        flags: ['SCHED_FLAG_RECLAIM', 'SCHED_FLAG_DL_OVERRUN', 'SCHED_FLAG_RESET_ON_FORK'],
      };
    });
    assert.equal((await box.probe(deadline.pid)).scheduler.flags, resetOnFork | reclaim | overrun);
  }),

  test('scheduler.keep-flags', async (box) => {
    const container = await box.running((config) => {
      config.process.scheduler = { policy: 'SCHED_OTHER', nice: 4, flags: ['SCHED_FLAG_KEEP_POLICY'] };
    });
    assert.equal((await box.probe(container.pid)).scheduler.nice, 4);
  }),

  test('scheduler.unknown', async (box) => {
    await box.refused('an unknown policy', (config) => {
      config.process.scheduler = { policy: 'SCHED_NO_SUCH' as never };
    });
    await box.refused('an unknown flag', (config) => {
      config.process.scheduler = { policy: 'SCHED_OTHER', flags: ['SCHED_FLAG_NO_SUCH' as never] };
    });
    await box.refused('a scheduler without policy', (config) => {
      config.process.scheduler = { nice: 1 } as never;
    });
  }),

  test('io-priority.classes', async (box) => {
    const classes = { IOPRIO_CLASS_RT: 1, IOPRIO_CLASS_BE: 2, IOPRIO_CLASS_IDLE: 3 } as const;
    for (const [name, number] of Object.entries(classes)) {
      const container = await box.running((config) => {
        config.process.ioPriority = { class: name as keyof typeof classes, priority: 6 };
      });
      assert.deepEqual((await box.probe(container.pid)).ioPriority, { class: number, level: 6 });
    }
  }),

  test('io-priority.wrong', async (box) => {
    await box.refused('an unknown class', (config) => {
      config.process.ioPriority = { class: 'IOPRIO_CLASS_NO_SUCH' as never, priority: 1 };
    });
    await box.refused('a priority of 8', (config) => {
      config.process.ioPriority = { class: 'IOPRIO_CLASS_BE', priority: 8 };
    });
  }),

  test('exec-cpu-affinity.final', async (box) => {
    const container = await box.running();
    const { affinity } = await box.probe(container.pid);
    const last = affinity.at(-1) ?? 0;
    if (affinity.length < 2) box.skip('this machine has one CPU');
    assert.equal(await affinityOfExec(box, container, { final: String(last) }), String(last));
    assert.equal(await affinityOfExec(box, container, { initial: '0', final: `0-${last}` }), `0-${last}`);
    assert.deepEqual(
      (await box.probe(container.pid)).affinity,
      affinity,
      'the container’s own process was moved too',
    );
  }),

  test('exec-cpu-affinity.initial', async (box) => {
    const container = await box.running();
    const { affinity } = await box.probe(container.pid);
    if (affinity.length < 2) box.skip('this machine has one CPU');
    const found = await affinityOfExec(box, container, { initial: '0' });
    // Linux 6.2 and newer keep what the process came with; before, entering a cpuset gave it all that the cpuset has.
    const [major = 0, minor = 0] = release().split('.').map(Number);
    const keeps = major > 6 || (major === 6 && minor >= 2);
    assert.ok(found === '0' || (!keeps && found === `0-${affinity.at(-1)}`), found);
  }),

  test('exec-cpu-affinity.not-for-init', async (box) => {
    const container = await box.running((config) => {
      config.process.execCPUAffinity = { initial: '0', final: '0' };
    });
    const { affinity } = await box.probe(container.pid);
    const { affinity: own } = await box.probe(process.pid);
    if (own.length < 2) box.skip('this machine has one CPU');
    assert.ok(affinity.length > 1, 'the container’s first process was bound to one CPU');
  }),

  test('exec-cpu-affinity.wrong', async (box) => {
    const container = await box.running();
    const file = join(box.scratch(), 'process.json');
    for (const list of ['x', '3-1', '0,,1', '-1']) {
      const { process } = baseConfig(['true']);
      writeFileSync(file, JSON.stringify({ ...process, execCPUAffinity: { final: list } }));
      await container.mustRefuse('exec', `--process=${file}`);
    }
  }),
];
