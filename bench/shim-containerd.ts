/** The same through containerd: what a person at `ctr` waits for, with either shim in turn. */
import { spawn } from 'node:child_process';
import { Containerd } from '../test/engines/support/containerd.ts';
import { processesWhere } from '../test/integration/support/processes.ts';
import { Samples, threadTime, timed } from './shim-samples.ts';

const contenders = [
  { name: 'tsoci', ours: true },
  { name: 'runc', ours: false },
] as const;
const gibibyte = 1 << 30;

interface Ended {
  readonly status: number | null;
  readonly errors: string;
}

/** `ctr`, as a shell would call it: its end is the end. */
function ctr(engine: Containerd, args: readonly string[]): Promise<Ended> {
  const command = ['--address', engine.socket, '--namespace', engine.name, ...args];
  const child = spawn('ctr', command, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, errors }));
  });
}

async function succeed(engine: Containerd, args: readonly string[]): Promise<void> {
  const { status, errors } = await ctr(engine, args);
  if (status !== 0) throw new Error(`ctr ${args.join(' ')}: ${errors}`);
}

/** The program that ends at once, in a container of its own and in one that is there. */
async function calls(engine: Containerd, rounds: number): Promise<void> {
  const samples = new Samples();
  const there = new Map<string, string>();
  for (const { name, ours } of contenders) {
    engine.ourShim = ours;
    there.set(name, await engine.running(['sleep', '100000']));
  }
  for (let round = 0; round <= rounds; round++)
    for (const contender of contenders) {
      engine.ourShim = contender.ours;
      const run = engine.runArguments(engine.id(), ['--rm'], ['true']);
      const [ran] = await timed(() => succeed(engine, run));
      const exec = ['tasks', 'exec', '--exec-id', `e${round}`, there.get(contender.name) ?? '', 'true'];
      const [executed] = await timed(() => succeed(engine, exec));
      // The first warms the machine.
      if (round === 0) continue;
      samples.add(contender, 'ctr run --rm … true', ran);
      samples.add(contender, 'ctr task exec … true', executed);
    }
  for (const id of there.values()) await engine.remove(id);
  samples.row('ctr run --rm … true', 'ms', '≤ 0.65 ×');
  samples.row('ctr task exec … true', 'ms', '≤ 0.5 ×');
}

/** The shim of a container of this engine. */
function shimOf(engine: Containerd, id: string): number {
  const [pid] = processesWhere((line) => {
    const words = line.split('\0');
    return words[words.indexOf('-id') + 1] === id && line.includes(engine.socket);
  });
  if (pid === undefined) throw new Error(`${id} has no shim`);
  return pid;
}

/** A gibibyte of standard output through `ctr run`, which somebody reads. The container stays until that was seen. */
async function output(engine: Containerd): Promise<void> {
  const samples = new Samples();
  for (let round = 0; round < 3; round++)
    for (const contender of contenders) {
      engine.ourShim = contender.ours;
      const id = engine.id();
      const script = `dd if=/dev/zero bs=64k count=${gibibyte / 65536} 2>/dev/null; exec sleep 1000`;
      const args = engine.runArguments(id, ['--rm'], ['sh', '-c', script]);
      const command = ['--address', engine.socket, '--namespace', engine.name, ...args];
      const child = spawn('ctr', command, { stdio: ['ignore', 'pipe', 'ignore'] });
      const ended = new Promise((resolve) => child.on('close', resolve));
      let began = 0;
      let read = 0;
      const [all] = await timed(
        () =>
          new Promise<void>((resolve, reject) => {
            child.on('error', reject);
            child.on('close', () => reject(new Error(`ctr ended after ${read} bytes`)));
            child.stdout.on('data', (data: Buffer) => {
              if (read === 0) began = performance.now();
              read += data.length;
              if (read >= gibibyte) resolve();
            });
          }),
      );
      const shim = shimOf(engine, id);
      samples.add(contender, '1 GiB through ctr run', Math.min(all, performance.now() - began));
      samples.add(contender, 'threads of the shim for it, with its start', threadTime(shim) * 1000);
      samples.add(contender, 'threads of ctr for it', threadTime(child.pid ?? 0) * 1000);
      await succeed(engine, ['tasks', 'kill', '--signal', 'SIGKILL', id]);
      await ended;
    }
  samples.row('1 GiB through ctr run', 'ms', '≤ 0.5 ×');
  samples.row('threads of the shim for it, with its start', 'ms', '≤ 0.3 ×');
  samples.row('threads of ctr for it', 'ms', '–');
}

/** With a containerd of its own, which both shims are under. */
export async function throughContainerd(rounds: number): Promise<void> {
  const engine = await Containerd.open(false);
  try {
    await calls(engine, rounds);
    await output(engine);
  } finally {
    const left = await engine.close();
    if (left.length > 0) console.error(`left behind: ${left.join(', ')}`);
  }
}
