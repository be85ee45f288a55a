/**
 * Containers on cgroup v2 below a parent that is threaded, or that holds processes itself, as where Docker runs in
 * Docker and moved nobody: no controller that needs a domain can be handed down there (cgroup-v2.rst, "No Internal
 * Process Constraint", "Threads").
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { besideRunc, type Row } from './support/beside-runc.ts';
import type { ConfigChange } from './support/bundle.ts';
import { pureV2 } from './support/cgroup-of.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectSuccess, type Sandbox } from './support/sandbox.ts';

const test = suite(`threaded cgroups (${runtimeKind})`);
const mount = '/sys/fs/cgroup';
const skip = pureV2 ? undefined : 'it takes cgroup v2 alone';

type Kind = 'threaded' | 'busy';

const read = (...path: string[]): string => readFileSync(join(...path), 'utf8').trim();

let counter = 0;

/**
 * Runs `body` with a parent cgroup that is threaded, or that holds a process. What `body` makes in it, it removes.
 */
async function withParent<T>(kind: Kind, body: (parent: string) => Promise<T>): Promise<T> {
  const name = `/tsoci-test-${kind}-${process.pid}-${counter++}`;
  const made = [join(mount, name)];
  let sleeper: ChildProcess | undefined;
  try {
    mkdirSync(join(mount, name));
    if (kind === 'busy') {
      sleeper = spawn('sleep', ['1000']);
      writeFileSync(join(mount, name, 'cgroup.procs'), String(sleeper.pid));
      return await body(name);
    }
    mkdirSync(join(mount, name, 'threads'));
    made.unshift(join(mount, name, 'threads'));
    writeFileSync(join(mount, name, 'threads/cgroup.type'), 'threaded');
    return await body(`${name}/threads`);
  } finally {
    if (sleeper !== undefined) {
      const gone = new Promise((resolve) => sleeper?.on('exit', resolve));
      sleeper.kill('SIGKILL');
      await gone;
    }
    for (const path of made) rmdirSync(path);
  }
}

const inParent =
  (parent: string, resources: object): ConfigChange =>
  (config) => {
    if (config.linux) {
      config.linux.cgroupsPath = `${parent}/container`;
      config.linux.resources = resources;
    }
  };

async function withContainer<T>(
  sandbox: Sandbox,
  parent: string,
  resources: object,
  body: (id: string) => Promise<T>,
): Promise<T> {
  const script = 'sleep 1001 & sleep 1002 & wait';
  const id = await sandbox.running(inParent(parent, resources), ['sh', '-c', script]);
  try {
    return await body(id);
  } finally {
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
  }
}

async function statusSoon(sandbox: Sandbox, id: string): Promise<string> {
  for (let round = 0; ; round++) {
    const { status } = await sandbox.state(id);
    if (status === 'stopped' || round === 40) return status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** All that one does with a container. */
const lives = (sandbox: Sandbox, kind: Kind, resources: object) =>
  withParent(kind, (parent) =>
    withContainer(sandbox, parent, resources, async (id) => {
      const directory = join(mount, parent, 'container');
      const seen: unknown[] = [read(directory, 'cgroup.type')];
      expectSuccess(await sandbox.tsoci(['exec', id, 'true']));
      expectSuccess(await sandbox.tsoci(['update', '--pids-limit', '77', id]));
      seen.push(read(directory, 'pids.max'));
      expectSuccess(await sandbox.tsoci(['pause', id]));
      seen.push((await sandbox.state(id)).status);
      expectSuccess(await sandbox.tsoci(['resume', id]));
      const listed = await sandbox.tsoci(['ps', '--format', 'json', id]);
      seen.push(listed.code === 0 ? JSON.parse(listed.stdout).length : 'ps fails');
      const killed = await sandbox.tsoci(['kill', '--all', id, 'KILL']);
      seen.push(killed.code === 0 ? await statusSoon(sandbox, id) : 'kill --all fails');
      return seen;
    }),
  );

/** A limit that needs a domain: what is said, and what is left of it. */
const refused = (sandbox: Sandbox, kind: Kind) =>
  withParent(kind, async (parent) => {
    const directory = join(mount, parent);
    const before = read(directory, 'cgroup.subtree_control');
    const change = inParent(parent, { memory: { limit: 64 * 1024 * 1024 } });
    const { directory: bundle } = sandbox.bundle(['true'], change);
    const { code, stderr } = await sandbox.tsoci(['create', '--bundle', bundle, sandbox.id()]);
    return {
      code,
      named:
        stderr.includes('linux.resources.memory.limit') && stderr.includes(`"${directory}" ${why[kind]}`),
      left: existsSync(join(directory, 'container')),
      changed: read(directory, 'cgroup.subtree_control') !== before,
    };
  });

const why = { busy: 'holds processes', threaded: 'is threaded' } as const;

const rows = (['threaded', 'busy'] as const).flatMap((kind): readonly Row[] => [
  {
    name: `a container without limits runs below a ${kind} cgroup`,
    skip,
    ask: (sandbox) => lives(sandbox, kind, {}),
    wanted: ['threaded', '77', 'paused', 3, 'stopped'],
    runc: {
      answers: ['threaded', '77', 'paused', 'ps fails', 'kill --all fails'],
      because: 'it asks for processes, which a threaded cgroup does not tell; we ask for threads',
    },
  },
  {
    name: `one with limits of threaded controllers runs below a ${kind} cgroup`,
    skip,
    ours: 'runc 1.1 refuses them, crun takes them',
    ask: (sandbox) =>
      lives(sandbox, kind, { cpu: { shares: 512, quota: 50_000, period: 100_000 }, pids: { limit: 60 } }),
    wanted: ['threaded', '77', 'paused', 3, 'stopped'],
  },
  {
    name: `a limit that needs a domain is refused below a ${kind} cgroup, which is named, and nothing is changed`,
    skip,
    ours: "the words are each runtime's own",
    ask: (sandbox) => refused(sandbox, kind),
    wanted: { code: 1, named: true, left: false, changed: false },
  },
  {
    name: `update of such a limit is refused below a ${kind} cgroup, which is named`,
    skip,
    ours: "the words are each runtime's own",
    ask: (sandbox) =>
      withParent(kind, (parent) =>
        withContainer(sandbox, parent, {}, async (id) => {
          const { code, stderr } = await sandbox.tsoci(['update', '--memory', '64M', id]);
          return { code, named: stderr.includes(`" ${why[kind]}`) };
        }),
      ),
    wanted: { code: 1, named: true },
  },
]);

besideRunc(test, rows);
test.run();
