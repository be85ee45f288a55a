/**
 * Measures containerd-shim-tsoci-v2 beside containerd-shim-runc-v2 (with runc) in one run, in turn, by a client that
 * plays containerd: issue by issue what a shim is asked for. Medians; what says "processor" is user and system time
 * of the shim and all that it started.
 *
 *   node --import tsx bench/shim.ts [--rounds N] [--pods N] [--memory-pods N] [--seconds N] [--requests N]
 *       [--containers N] [--only WORD] [--alone] [--shim FILE]
 *
 * --alone measures ours without the other. Needs root, a static busybox, and containerd and its shim beside runc. All
 * of it takes about fifteen minutes of a machine that has nothing else to do.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TaskClient } from '../test/integration/shim/support/client.ts';
import { Laboratory } from '../test/integration/shim/support/laboratory.ts';
import { throughContainerd } from './shim-containerd.ts';
import { median, memory, ownMemory, processor, rows, Samples, timed } from './shim-samples.ts';
import { starts } from './shim-starts.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    /** Of which each is probed twice a second. */
    pods: { type: 'string', default: '50' },
    'memory-pods': { type: 'string', default: '100' },
    seconds: { type: 'string', default: '60' },
    containers: { type: 'string', default: '1000' },
    requests: { type: 'string', default: '100000' },
    only: { type: 'string', default: '' },
    alone: { type: 'boolean', default: false },
    shim: { type: 'string' },
  },
});
const rounds = Number(options.rounds);
const pods = Number(options.pods);
const requests = Number(options.requests);
const runcShim = '/usr/bin/containerd-shim-runc-v2';

interface Contender {
  readonly name: 'tsoci' | 'runc';
  readonly laboratory: Laboratory;
}

const SIGKILL = 9;
let counter = 0;

/** A shim with a container that sleeps. */
async function running({
  laboratory,
}: Contender): Promise<{ id: string; client: TaskClient; shim: number; pid: number }> {
  const id = `c${counter++}`;
  const { client, pid } = await laboratory.running(id);
  const { shim_pid: shim = 0 } = await client.call('Connect', { id });
  return { id, client, shim, pid };
}

async function end(client: TaskClient, id: string): Promise<void> {
  await client.call('Kill', { id, signal: SIGKILL, all: true });
  await client.call('Wait', { id });
  await client.call('Delete', { id });
  await client.call('Shutdown', { id }).catch(() => undefined);
  client.close();
}

const processSpec = (args: readonly string[]) => ({
  type_url: 'types.containerd.io/opencontainers/runtime-spec/1/Process',
  value: new TextEncoder().encode(
    JSON.stringify({ args, cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 }, capabilities: {} }),
  ),
});

async function probe(client: TaskClient, id: string): Promise<void> {
  const exec_id = `e${counter++}`;
  await client.call('Exec', { id, exec_id, spec: processSpec(['true']) });
  const waiting = client.call('Wait', { id, exec_id });
  await client.call('Start', { id, exec_id });
  await waiting;
  await client.call('Delete', { id, exec_id });
}

/** The life of a container whose program ends at once. */
async function lives(contenders: readonly Contender[]): Promise<void> {
  const samples = new Samples();
  for (let round = 0; round <= rounds; round++)
    for (const contender of contenders) {
      const { laboratory } = contender;
      const id = `c${counter++}`;
      laboratory.bundle(id, ['true']);
      const { address } = await laboratory.start(id);
      const client = await laboratory.connect(address);
      const [created] = await timed(() => laboratory.create(client, id));
      const waiting = client.call('Wait', { id });
      const [started] = await timed(() => client.call('Start', { id }));
      await waiting;
      const [deleted] = await timed(() => client.call('Delete', { id }));
      await client.call('Shutdown', { id }).catch(() => undefined);
      client.close();
      const [removed] = await timed(() => laboratory.delete(id));
      // The first warms the machine.
      if (round === 0) continue;
      samples.add(contender, 'Create', created);
      samples.add(contender, 'Start', started);
      samples.add(contender, 'Delete', deleted);
      samples.add(contender, 'Create + Start + Delete', created + started + deleted);
      samples.add(contender, 'delete of a shim', removed);
    }
  for (const name of ['Create', 'Start', 'Delete']) samples.row(name, 'ms', '–');
  samples.row('Create + Start + Delete', 'ms', '≤ 0.25 ×');
  samples.row('delete of a shim', 'ms', '–');
}

/** The same in a shim that has done it before, as in a pod that restarts its containers. */
async function work(contenders: readonly Contender[]): Promise<void> {
  const samples = new Samples();
  const ready: { contender: Contender; client: TaskClient; shim: number }[] = [];
  for (const contender of contenders) ready.push({ contender, ...(await running(contender)) });
  const before = ready.map(({ shim }) => processor(shim));
  for (let round = 0; round < rounds * 2; round++)
    for (const { contender, client } of ready) {
      const { laboratory } = contender;
      const id = `c${counter++}`;
      laboratory.bundle(id, ['true']);
      const [created] = await timed(() => laboratory.create(client, id));
      const waiting = client.call('Wait', { id });
      const [started] = await timed(() => client.call('Start', { id }));
      await waiting;
      const [deleted] = await timed(() => client.call('Delete', { id }));
      samples.add(contender, 'Create + Start + Delete, warm', created + started + deleted);
    }
  for (const [index, { contender, shim }] of ready.entries())
    samples.add(
      contender,
      'processor for it',
      ((processor(shim) - (before[index] ?? 0)) * 1000) / rounds / 2,
    );
  samples.row('Create + Start + Delete, warm', 'ms', '≤ 0.25 ×');
  samples.row('processor for it', 'ms', '–');
}

async function execs(contenders: readonly Contender[]): Promise<void> {
  const samples = new Samples();
  const ready: ({ contender: Contender } & Awaited<ReturnType<typeof running>>)[] = [];
  for (const contender of contenders) ready.push({ contender, ...(await running(contender)) });
  for (let round = 0; round <= rounds; round++)
    for (const { contender, client, id } of ready) {
      const [took] = await timed(() => probe(client, id));
      if (round > 0) samples.add(contender, 'Exec + Start + Wait + Delete', took);
    }
  const before = ready.map(({ shim }) => processor(shim));
  for (let round = 0; round < 50; round++) for (const { client, id } of ready) await probe(client, id);
  for (const [index, { contender, shim }] of ready.entries())
    samples.add(contender, 'processor for an exec', ((processor(shim) - (before[index] ?? 0)) * 1000) / 50);
  for (const { client, id } of ready) await end(client, id);
  samples.row('processor for an exec', 'ms', '–');
  samples.row('Exec + Start + Wait + Delete', 'ms', '≤ 0.2 ×');
}

async function memories(contenders: readonly Contender[]): Promise<void> {
  const samples = new Samples();
  for (const contender of contenders) {
    const { laboratory } = contender;
    const pod = `p${counter++}`;
    const ids: string[] = [];
    const add = async (): Promise<TaskClient> => {
      const id = ids.length === 0 ? pod : `c${counter++}`;
      ids.push(id);
      const { client } = await laboratory.running(id, ['sleep', '1000'], (config) => {
        config.annotations = { 'io.kubernetes.cri.sandbox-id': pod };
      });
      return client;
    };
    const client = await add();
    const { shim_pid: shim = 0 } = await client.call('Connect', { id: pod });
    const settled = () => new Promise((resolve) => setTimeout(resolve, 3000));
    await settled();
    const first = ownMemory(shim);
    samples.add(contender, 'own memory of a shim with a container', first);
    while (ids.length < 21) await add();
    await settled();
    samples.add(contender, 'own memory of each further container', (ownMemory(shim) - first) / 20);
    for (const id of ids.reverse()) {
      await client.call('Kill', { id, signal: SIGKILL });
      await client.call('Wait', { id });
      await client.call('Delete', { id });
    }
  }
  samples.row('own memory of a shim with a container', 'KB', '≤ 1500 KB');
  samples.row('own memory of each further container', 'KB', '≤ 50 KB');
}

/** Many shims, each with a container: what they take of memory together. */
async function podsMemory(contenders: readonly Contender[]): Promise<void> {
  const samples = new Samples();
  const number = Number(options['memory-pods']);
  const name = `proportional memory of ${number} pods`;
  for (const contender of contenders) {
    const all: Awaited<ReturnType<typeof running>>[] = [];
    for (let index = 0; index < number; index++) all.push(await running(contender));
    await new Promise((resolve) => setTimeout(resolve, 2000));
    samples.add(contender, name, all.reduce((sum, { shim }) => sum + memory(shim, 'Pss'), 0) / 1024);
    for (const { client, id } of all) await end(client, id);
  }
  samples.row(name, 'MB', '≤ 0.4 ×');
}

/** What many shims take of the processor, each of which is asked for an exec probe twice a second. */
async function podsProbed(contenders: readonly Contender[]): Promise<void> {
  const samples = new Samples();
  for (const contender of contenders) {
    const all: Awaited<ReturnType<typeof running>>[] = [];
    for (let index = 0; index < pods; index++) all.push(await running(contender));
    const used = () => all.reduce((sum, { shim }) => sum + processor(shim), 0);
    const before = used();
    const began = performance.now();
    let probes = 0;
    for (let now = began; now < began + Number(options.seconds) * 1000; now = performance.now()) {
      const due = Math.floor(((now - began) / 1000) * pods * 2);
      const waiting: Promise<void>[] = [];
      for (; probes < due; probes++) {
        const { client, id } = all[probes % all.length] ?? all[0] ?? (await running(contender));
        waiting.push(probe(client, id));
      }
      await Promise.all(waiting);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    samples.add(contender, 'processor for an exec probe', ((used() - before) * 1000) / probes);
    for (const { client, id } of all) await end(client, id);
  }
  samples.row('processor for an exec probe', 'ms', '≤ 0.3 ×');
}

/** A gibibyte of output to a client that throws it away. */
async function output(contenders: readonly Contender[]): Promise<void> {
  const samples = new Samples();
  for (let round = 0; round < 3; round++)
    for (const contender of contenders) {
      const { laboratory } = contender;
      const id = `c${counter++}`;
      const stdout = join(laboratory.directory, `out-${id}`);
      execFileSync('mkfifo', [stdout]);
      laboratory.bundle(id, ['dd', 'if=/dev/zero', 'bs=64k', 'count=16384']);
      const client = await laboratory.serve(id);
      const { shim_pid: shim = 0 } = await client.call('Connect', { id });
      const reader = spawn('sh', ['-c', 'exec cat "$0" > /dev/null', stdout], { stdio: 'ignore' });
      const over = new Promise((resolve) => reader.on('exit', resolve));
      await laboratory.create(client, id, { stdout, stderr: stdout });
      const before = processor(shim);
      const [took] = await timed(async () => {
        await client.call('Start', { id });
        await over;
      });
      samples.add(contender, '1 GiB of output', took);
      samples.add(contender, 'processor of the shim for it', (processor(shim) - before) * 1000);
      await client.call('Wait', { id });
      await client.call('Delete', { id });
      await client.call('Shutdown', { id }).catch(() => undefined);
      client.close();
    }
  samples.row('1 GiB of output', 'ms', '≤ 0.5 ×');
  samples.row('processor of the shim for it', 'ms', '≤ 0.3 ×');
}

/** Requests of all cheap kinds, a hundred at a time; and execs among them. */
async function flat(contenders: readonly Contender[]): Promise<void> {
  const samples = new Samples();
  for (const contender of contenders) {
    const { client, id, shim } = await running(contender);
    const ask = async (index: number): Promise<void> => {
      if (index % 100 === 0) return probe(client, id);
      const kinds = ['State', 'Pids', 'Stats'] as const;
      const kind = kinds[index % kinds.length] ?? 'State';
      await client.call(kind, { id });
    };
    let asked = 0;
    const upTo = async (count: number): Promise<number> => {
      while (asked < count) {
        await Promise.all(Array.from({ length: 100 }, (_, index) => ask(asked + index)));
        asked += 100;
      }
      await new Promise((resolve) => setTimeout(resolve, 3000));
      return ownMemory(shim);
    };
    const early = await upTo(requests / 10);
    samples.add(contender, `own memory after ${requests / 10} requests`, early);
    const [took, late] = await timed(() => upTo(requests));
    samples.add(contender, `own memory after ${requests} requests`, late);
    samples.add(contender, 'time of a request', (took - 3000) / (requests * 0.9));
    await end(client, id);
  }
  samples.row(`own memory after ${requests / 10} requests`, 'KB', 'the same as …');
  samples.row(`own memory after ${requests} requests`, 'KB', '… this');
  samples.row('time of a request', 'ms', '–');
}

/**
 * A thousand containers in one shim: what each costs of memory, and whether the last is made as fast as the first.
 */
async function thousand([contender]: readonly Contender[]): Promise<void> {
  if (contender === undefined) return;
  const { laboratory } = contender;
  const ids = Array.from({ length: Number(options.containers) }, (_, index) => `m${index}`);
  const [first = ''] = ids;
  laboratory.bundle(first, ['sleep', '1000']);
  const client = await laboratory.serve(first);
  const { shim_pid: shim = 0 } = await client.call('Connect', { id: first });
  const times: number[] = [];
  let early = 0;
  for (const [index, id] of ids.entries()) {
    if (index > 0) laboratory.bundle(id, ['sleep', '1000']);
    const [took] = await timed(() => laboratory.create(client, id));
    times.push(took);
    await client.call('Start', { id });
    if (index === 20) early = ownMemory(shim);
  }
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const all = ownMemory(shim);
  const [state] = await timed(() => client.call('State', { id: ids.at(-1) ?? '' }));
  console.log(
    `${ids.length} containers in one shim: own memory ${all} KB (${((all - early) / (ids.length - 21)).toFixed(1)} KB each), ` +
      `Create ${median(times.slice(0, 50)).toFixed(1)} ms at first, ${median(times.slice(-50)).toFixed(1)} ms at last, State ${state.toFixed(2)} ms, ` +
      `${readFileSync(`/proc/${shim}/status`, 'utf8').match(/Threads:\s+\d+/)?.[0]}`,
  );
  await Promise.all(
    ids.map(async (id) => {
      await client.call('Kill', { id, signal: SIGKILL });
      await client.call('Wait', { id });
      await client.call('Delete', { id });
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, 3000));
  console.log(`after all were deleted: own memory ${ownMemory(shim)} KB`);
}

const scenarios = {
  starts: () => starts(contenders, rounds * 2),
  lives,
  work,
  execs,
  memories,
  podsMemory,
  podsProbed,
  output,
  containerd: () => (options.alone ? Promise.resolve() : throughContainerd(rounds)),
  flat,
  thousand,
};

if (!options.alone && !existsSync(runcShim)) throw new Error(`${runcShim} is not there: install containerd`);
const contenders: Contender[] = [
  { name: 'tsoci', laboratory: new Laboratory(options.shim === undefined ? {} : { shim: options.shim }) },
  ...(options.alone ? [] : [{ name: 'runc' as const, laboratory: new Laboratory({ shim: runcShim }) }]),
];
try {
  for (const { laboratory } of contenders) await laboratory.listen();
  for (const [name, scenario] of Object.entries(scenarios))
    if (name.includes(options.only)) await scenario(contenders);
} finally {
  for (const { laboratory } of contenders)
    await laboratory.close().catch((error) => console.error(String(error)));
}
console.log('\n| what | tsoci | runc | ratio | of the least | budget |\n|---|---|---|---|---|---|');
for (const { name, unit, tsoci, runc, budget, least } of rows)
  console.log(
    `| ${name} | ${tsoci.toFixed(2)} ${unit} | ${runc.toFixed(2)} ${unit} | ${(tsoci / runc).toFixed(2)} × | ${least.toFixed(2)} × | ${budget} |`,
  );
