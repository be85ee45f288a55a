/**
 * What callers of runc count on where cgroups are concerned, looked at from the kernel's files: device rules of
 * others, freezers, signals for a whole cgroup, limits that are written in the order that works.
 */
import { strict as assert } from 'node:assert';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { deviceProgram } from '../../src/cgroup/devices/device-program.ts';
import { findLibexec } from '../../src/entry/libexec.ts';
import { loadNative } from '../../src/entry/load-native.ts';
import type { DeviceRule } from '../../src/spec/config.ts';
import { besideRunc, outcome, type Row } from './support/beside-runc.ts';
import type { ConfigChange, Mutable } from './support/bundle.ts';
import { pureV2 } from './support/cgroup-of.ts';
import { catches } from './support/processes.ts';
import { Receiver } from './support/receiver.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { until } from './support/wait.ts';

const test = suite(`cgroup habits (${runtimeKind})`);
const native = loadNative(findLibexec());

/** Where the process is in the hierarchy that has a controller, whoever made the container. */
async function directoryOf(sandbox: Sandbox, id: string, controller: string): Promise<string> {
  const { pid } = await sandbox.state(id);
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
  const line = pureV2 ? lines[0] : lines.find((each) => each.split(':')[1]?.split(',').includes(controller));
  return join('/sys/fs/cgroup', pureV2 ? '' : controller, line?.split(':').slice(2).join(':') ?? '');
}

const read = (...path: string[]): string => readFileSync(join(...path), 'utf8').trim();
const write = (value: string | number, ...path: string[]): void =>
  writeFileSync(join(...path), String(value));
const v1Only = pureV2 ? 'it takes cgroup v1' : undefined;

// ---- devices that others let the container use -----------------------------------------------------------------

/** The device rules in force: the list of v1, the numbers of the programs of v2. */
async function devicesOf(sandbox: Sandbox, id: string): Promise<string> {
  const directory = await directoryOf(sandbox, id, 'devices');
  if (!pureV2) return read(directory, 'devices.list').split('\n').sort().join('\n');
  return withDirectory(directory, (cgroup) =>
    native
      .attachedDevicePrograms(cgroup)
      .map((program) => {
        const number = /^prog_id:\s*(\d+)/m.exec(read(`/proc/self/fdinfo/${program}`))?.[1];
        native.close(program);
        return number;
      })
      .join(' '),
  );
}

function withDirectory<T>(path: string, use: (descriptor: number) => T): T {
  const descriptor = openSync(path, 'r');
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** As the hooks of GPU makers do: a line more (v1), or another program in the place of ours (v2). */
async function allowMore(sandbox: Sandbox, id: string): Promise<void> {
  const directory = await directoryOf(sandbox, id, 'devices');
  if (!pureV2) {
    write('c 195:* rwm', directory, 'devices.allow');
    return;
  }
  withDirectory(directory, (cgroup) => {
    const program = native.loadDeviceProgram(
      deviceProgram([
        {
          allow: true,
          type: 'a',
          major: undefined,
          minor: undefined,
          access: 7,
          pointer: '',
          builtIn: false,
        },
      ]),
    );
    const [old = -1] = native.attachedDevicePrograms(cgroup);
    native.attachDeviceProgram(cgroup, program, old);
    for (const descriptor of [program, old]) native.close(descriptor);
  });
}

const configured: Mutable<DeviceRule>[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', major: 10, minor: 229, access: 'rw' },
];

/** Whether what a hook allowed is in force after an update. */
async function keptAfter(
  sandbox: Sandbox,
  options: readonly string[],
  resources?: unknown,
): Promise<boolean> {
  const id = await sandbox.running((config) => {
    if (config.linux) config.linux.resources = { devices: structuredClone(configured) };
  });
  const original = await devicesOf(sandbox, id);
  await allowMore(sandbox, id);
  const before = await devicesOf(sandbox, id);
  assert.notEqual(before, original, 'positive control: the hook changed something');
  const input = resources === undefined ? {} : { input: JSON.stringify(resources) };
  expectSuccess(await sandbox.tsoci(['update', ...options, id], input));
  return (await devicesOf(sandbox, id)) === before;
}

const devices: readonly Row[] = [
  {
    name: 'update of a limit leaves device rules that others made',
    ask: (sandbox) => keptAfter(sandbox, ['--pids-limit', '50']),
    wanted: true,
  },
  {
    name: 'update with resources that say nothing of devices leaves them',
    ask: (sandbox) => keptAfter(sandbox, ['--resources', '-'], { pids: { limit: 50 } }),
    wanted: true,
  },
  {
    name: 'update with the device list that the container has leaves them',
    ask: (sandbox) => keptAfter(sandbox, ['--resources', '-'], { devices: configured, pids: { limit: 50 } }),
    wanted: true,
  },
  {
    name: 'the same list in other words (numbers of -1, the order of letters) leaves them',
    ask: (sandbox) =>
      keptAfter(sandbox, ['--resources', '-'], {
        devices: [
          { allow: false, type: 'a', major: -1, minor: -1 },
          { allow: true, type: 'c', major: 10, minor: 229, access: 'wr' },
        ],
      }),
    wanted: true,
  },
  {
    name: 'update with another device list replaces all rules',
    ask: (sandbox) => keptAfter(sandbox, ['--resources', '-'], { devices: [{ allow: false }] }),
    wanted: false,
    runc: {
      answers: true,
      because: 'its update takes no device rules at all; the resources of ours are those of config.json',
    },
  },
];

// ---- freezers ----------------------------------------------------------------------------------------------------

/** The status a moment after a command; `stopped` is waited for. */
async function statusSoon(sandbox: Sandbox, id: string): Promise<string> {
  for (let round = 0; ; round++) {
    const { status } = await sandbox.state(id);
    if (status === 'stopped' || round === 20) return status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A container whose process was frozen in a cgroup of its own making; a way to undo that. */
async function frozenInside(sandbox: Sandbox): Promise<string> {
  const id = await sandbox.running();
  const { pid } = await sandbox.state(id);
  const below = join(await directoryOf(sandbox, id, 'freezer'), 'below');
  mkdirSync(below);
  write(pid, below, 'cgroup.procs');
  const [file, frozen, thawed] = pureV2
    ? (['cgroup.freeze', '1', '0'] as const)
    : (['freezer.state', 'FROZEN', 'THAWED'] as const);
  write(frozen, below, file);
  await until('it is frozen', () =>
    pureV2 ? /^frozen 1$/m.test(read(below, 'cgroup.events')) : read(below, file) === 'FROZEN',
  );
  sandbox.onClose(() => existsSync(below) && write(thawed, below, file));
  return id;
}

const freezers: readonly Row[] = [
  {
    name: 'kill KILL ends a paused container',
    ask: async (sandbox) => {
      const id = await sandbox.running();
      expectSuccess(await sandbox.tsoci(['pause', id]));
      return [outcome(await sandbox.tsoci(['kill', id, 'KILL'])), await statusSoon(sandbox, id)];
    },
    wanted: [{ code: 0, stdout: '' }, 'stopped'],
  },
  {
    name: 'kill TERM of a paused container waits until it goes on',
    ask: async (sandbox) => {
      const id = await sandbox.running(undefined, [
        'sh',
        '-c',
        'trap "exit 0" TERM; while :; do sleep 0.1; done',
      ]);
      const { pid } = await sandbox.state(id);
      await until('it has its trap', () => catches(pid, constants.signals.SIGTERM));
      expectSuccess(await sandbox.tsoci(['pause', id]));
      expectSuccess(await sandbox.tsoci(['kill', id, 'TERM']));
      const { status } = await sandbox.state(id);
      expectSuccess(await sandbox.tsoci(['resume', id]));
      return [status, await statusSoon(sandbox, id)];
    },
    wanted: ['paused', 'stopped'],
  },
  ...(
    [
      ['kill KILL', ['kill', '@', 'KILL']],
      ['kill --all KILL', ['kill', '--all', '@', 'KILL']],
      ['delete --force', ['delete', '--force', '@']],
    ] as const
  ).map(
    ([name, words]): Row => ({
      name: `${name} ends what the container froze inside`,
      ask: async (sandbox) => {
        const id = await frozenInside(sandbox);
        const { pid } = await sandbox.state(id);
        const result = await sandbox.tsoci(words.map((word) => word.replace('@', id)));
        await until(
          'its process has ended',
          () => !existsSync(`/proc/${pid}`) || /\) Z /.test(read(`/proc/${pid}/stat`)),
        );
        return outcome(result);
      },
      wanted: { code: 0, stdout: '' },
      ...(!pureV2 && { ours: 'runc 1.1 leaves it frozen on cgroup v1, and gives up after ten seconds' }),
    }),
  ),
  {
    name: 'delete --force names a freezer above that holds the container',
    skip: v1Only,
    ours: 'runc says that the container still runs',
    ask: async (sandbox) => {
      const group = `tsoci-test-above-${process.pid}`;
      const id = await sandbox.running((config) => {
        if (config.linux) config.linux.cgroupsPath = `/${group}/below`;
      });
      const above = join('/sys/fs/cgroup/freezer', group);
      sandbox.onClose(() => existsSync(above) && write('THAWED', above, 'freezer.state'));
      write('FROZEN', above, 'freezer.state');
      const { code, stderr } = await sandbox.tsoci(['delete', '--force', id]);
      write('THAWED', above, 'freezer.state');
      expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
      // What was made above a container's own cgroup stays for others.
      for (const hierarchy of readdirSync('/sys/fs/cgroup')) {
        const made = join('/sys/fs/cgroup', hierarchy, group);
        if (existsSync(made)) rmdirSync(made);
      }
      return { code, named: stderr.includes(`The freezer "${above}" holds it`) };
    },
    wanted: { code: 1, named: true },
  },
];

// ---- the whole cgroup
// ----------------------------------------------------------------------------------------------

const sharedPids: ConfigChange = (config) => {
  if (config.linux)
    config.linux.namespaces = (config.linux.namespaces ?? []).filter(({ type }) => type !== 'pid');
};

/** A container of three processes, in whatever pid namespace, and its cgroup. */
async function family(sandbox: Sandbox, change?: ConfigChange) {
  const id = await sandbox.running(change, ['sh', '-c', 'sleep 1001 & sleep 1002 & wait']);
  const directory = await directoryOf(sandbox, id, 'pids');
  const members = () =>
    existsSync(directory) ? read(directory, 'cgroup.procs').split('\n').filter(Boolean) : [];
  await until('all three are there', () => members().length === 3);
  // runc leaves some of them, and their cgroup then
  sandbox.onClose(async () => {
    for (const pid of members()) process.kill(Number(pid), 'SIGKILL');
    await ended(members);
  });
  return { id, members };
}

async function ended(members: () => readonly string[]): Promise<boolean> {
  for (let round = 0; round < 20 && members().length > 0; round++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  return members().length === 0;
}

const oldRunc = 'runc 1.1 ends its init only; since 1.2 it does as we do';

const wholeCgroup: readonly Row[] = [
  {
    name: "kill KILL ends everybody of a container in the host's pid namespace",
    ask: async (sandbox) => {
      const { id, members } = await family(sandbox, sharedPids);
      const result = outcome(await sandbox.tsoci(['kill', id, 'KILL']));
      return [result, await ended(members)];
    },
    wanted: [{ code: 0, stdout: '' }, true],
    runc: { answers: [{ code: 0, stdout: '' }, false], because: oldRunc },
  },
  {
    name: 'kill KILL ends who is left there when init is gone',
    ask: async (sandbox) => {
      const { id, members } = await family(sandbox, sharedPids);
      process.kill((await sandbox.state(id)).pid, 'SIGKILL');
      await sandbox.stopped(id);
      const orphans = members().length;
      const { code } = await sandbox.tsoci(['kill', id, 'KILL']);
      return [orphans, code, await ended(members), (await sandbox.tsoci(['kill', id, 'KILL'])).code];
    },
    wanted: [2, 0, true, 1],
    runc: { answers: [2, 1, false, 1], because: oldRunc },
  },
  {
    name: "kill KILL ends everybody of a container in another's pid namespace",
    ask: async (sandbox) => {
      const host = await sandbox.running();
      const path = `/proc/${(await sandbox.state(host)).pid}/ns/pid`;
      const { id, members } = await family(sandbox, (config) => {
        for (const namespace of config.linux?.namespaces ?? [])
          if (namespace.type === 'pid') namespace.path = path;
      });
      expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
      return [await ended(members), (await sandbox.state(host)).status];
    },
    wanted: [true, 'running'],
    runc: { answers: [false, 'running'], because: oldRunc },
  },
  {
    name: 'kill TERM reaches init alone',
    ask: async (sandbox) => {
      const { id, members } = await family(sandbox, sharedPids);
      expectSuccess(await sandbox.tsoci(['kill', id, 'TERM']));
      return [await statusSoon(sandbox, id), members().length];
    },
    wanted: ['stopped', 2],
  },
  {
    name: 'kill --all of a stopped container with nothing left succeeds, whatever the signal',
    ask: async (sandbox) => {
      const id = await sandbox.running();
      expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
      await sandbox.stopped(id);
      const codes: (number | null)[] = [];
      for (const words of [
        ['--all', id, 'KILL'],
        ['--all', id, 'TERM'],
        ['--all', id],
        [id, 'KILL'],
      ])
        codes.push((await sandbox.tsoci(['kill', ...words])).code);
      return codes;
    },
    wanted: [0, 0, 0, 1],
  },
];

// ---- limits ----------------------------------------------------------------------------------------------------

const realtime = '/sys/fs/cgroup/cpu/cpu.rt_period_us';

const limits: readonly Row[] = [
  {
    name: 'update --cpu-burst 0 takes the burst away, with a lower quota too',
    ours: 'runc 1.1 has no --cpu-burst',
    ask: async (sandbox) => {
      const seen: string[] = [];
      for (const options of [
        ['--cpu-burst', '0'],
        ['--cpu-burst', '0', '--cpu-quota', '1000'],
      ]) {
        const id = await sandbox.running((config) => {
          if (config.linux)
            config.linux.resources = { cpu: { quota: 50_000, period: 100_000, burst: 20_000 } };
        });
        const file = join(
          await directoryOf(sandbox, id, 'cpu'),
          pureV2 ? 'cpu.max.burst' : 'cpu.cfs_burst_us',
        );
        seen.push(read(file));
        expectSuccess(await sandbox.tsoci(['update', ...options, id]));
        seen.push(read(file));
      }
      return seen;
    },
    wanted: ['20000', '0', '20000', '0'],
  },
  {
    name: 'pids.limit 0 admits nobody',
    ask: async (sandbox) => {
      const id = await sandbox.created(['true'], (config) => {
        if (config.linux) config.linux.resources = { pids: { limit: 0 } };
      });
      return read(await directoryOf(sandbox, id, 'pids'), 'pids.max');
    },
    wanted: '0',
    runc: { answers: 'max', because: 'config-linux.md, "PIDs": 0 is a limit; -1 is none' },
  },
  {
    name: 'real-time period and runtime change in the order that works, both ways',
    ours: 'runc 1.1 writes the period first always, and fails when both shrink',
    skip: existsSync(realtime) ? undefined : 'it takes cgroup v1 and real-time group scheduling',
    ask: async (sandbox) => {
      const id = await sandbox.running((config) => {
        // below the root, which has real-time time to give away
        if (config.linux) config.linux.cgroupsPath = `/tsoci-test-realtime-${process.pid}`;
      });
      const directory = await directoryOf(sandbox, id, 'cpu');
      const seen: string[] = [];
      for (const [period, runtime] of [
        [2_000_000, 1_500_000],
        [500_000, 300_000],
        [1_000_000, 600_000],
      ]) {
        expectSuccess(
          await sandbox.tsoci([
            'update',
            '--cpu-rt-period',
            `${period}`,
            '--cpu-rt-runtime',
            `${runtime}`,
            id,
          ]),
        );
        seen.push(`${read(directory, 'cpu.rt_runtime_us')}/${read(directory, 'cpu.rt_period_us')}`);
      }
      return seen;
    },
    wanted: ['1500000/2000000', '300000/500000', '600000/1000000'],
  },
];

for (const rows of [devices, freezers, wholeCgroup, limits]) besideRunc(test, rows);

test('TERM through the descriptor that --pidfd-socket gave ends a created container', () =>
  withSandbox(async (sandbox) => {
    const receiver = await Receiver.listen(sandbox, 'pidfd');
    const id = await sandbox.created(['sleep', '1000'], undefined, ['--pidfd-socket', receiver.path]);
    await receiver.received();
    assert.equal((await sandbox.state(id)).status, 'created', 'positive control');
    receiver.type(`${constants.signals.SIGTERM}\n`);
    await sandbox.stopped(id);
  }));

test.run();
