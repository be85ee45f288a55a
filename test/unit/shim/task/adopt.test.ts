import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Context, State } from '../../../../src/container/mod.ts';
import { Failure } from '../../../../src/failure.ts';
import type { Native } from '../../../../src/host/native.ts';
import { adoptTasks } from '../../../../src/shim/task/adopt.ts';
import type { Shim } from '../../../../src/shim/task/shim.ts';
import type { ProcessStreams, StreamChoice } from '../../../../src/shim/task/streams.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { Fake, settle } from '../fake-shim.ts';

const test = suite('shim: adoptTasks()');

type Exit = ReturnType<Native['pidfdExit']>;
const sandbox = 'io.kubernetes.cri.sandbox-id';

/** Containers whose shim is gone, on a machine of which the test is the kernel. The pidfd of 7 is 1007. */
class Orphans {
  readonly fake = new Fake();
  readonly states: State[] = [];
  /** By path. */
  readonly files: Record<string, string> = {};
  readonly roots: string[] = [];
  readonly opened: StreamChoice[] = [];
  readonly closed: number[] = [];
  /** Milliseconds that were let pass. */
  paused = 0;
  pidfdOpen = (pid: number): number => 1000 + pid;
  /** How a process has ended, when somebody looks. */
  pidfdExit = (): Exit => ({ code: 0, signal: undefined });
  streams: Partial<ProcessStreams> = {};
  readonly #ends = new Map<number, () => void>();

  add(id: string, pid: number, change: Partial<State> = {}): void {
    const state = { id, pid, bundle: `/b/${id}`, status: 'running', ociVersion: '1.0.0', ...change };
    this.states.push(state as State);
  }

  /** The process ends. */
  async end(pid: number): Promise<void> {
    this.#ends.get(1000 + pid)?.();
    await settle();
  }

  /** What was told but for memory and streams. */
  get log(): readonly string[] {
    return this.fake.log;
  }

  shim(): Shim {
    const shim = this.fake.shim();
    const native = {
      ...shim.host.native,
      readText: (path: string) => {
        const text = this.files[path];
        if (text === undefined) throw systemError('ENOENT', path);
        return text;
      },
      pidfdOpen: (pid: number) => this.pidfdOpen(pid),
      pidfdExit: () => this.pidfdExit(),
      close: (descriptor: number) => void this.closed.push(descriptor),
    };
    const readable = ([descriptor = 0]: readonly number[]) =>
      new Promise<number[]>((resolve) => {
        this.#ends.set(descriptor, () => resolve([descriptor]));
      });
    const pause = async (milliseconds: number) => {
      this.paused += milliseconds;
    };
    return {
      ...shim,
      host: { ...shim.host, native, wait: { ...shim.host.wait, readable, pause } },
      containers: {
        ...shim.containers,
        list: async ({ root }: Context) => {
          this.roots.push(root);
          return this.states;
        },
      },
      openStreams: async (host, choice) => {
        this.opened.push(choice);
        return { ...(await shim.openStreams(host, choice)), ...this.streams };
      },
    };
  }

  adopt(group = 'pod') {
    return adoptTasks(this.shim(), '/root', group);
  }
}

const ids = (tasks: readonly { readonly id: string }[]) => tasks.map(({ id }) => id);

test('those of the group are adopted, by its own id or the annotation, of the namespace’s root', async () => {
  const orphans = new Orphans();
  orphans.add('pod', 1);
  orphans.add('a', 2, { annotations: { [sandbox]: 'pod' } });
  orphans.add('b', 3, { annotations: { [sandbox]: 'other' } });
  orphans.add('c', 4, { annotations: { note: 'pod' } });
  orphans.add('d', 5);
  const tasks = await orphans.adopt();
  assert.deepEqual(ids(tasks), ['pod', 'a']);
  assert.deepEqual([...orphans.roots, tasks[0]?.context.root], ['/root/n', '/root/n']);
  assert.deepEqual(ids(await orphans.adopt('other')), ['b']);
  assert.deepEqual(orphans.log, []);
});

test('one that is created, running or paused goes on as that; what has ended or is damaged is left alone', async () => {
  const orphans = new Orphans();
  const statuses = ['created', 'running', 'paused', 'stopped', 'creating', 'damaged'] as const;
  for (const [index, status] of statuses.entries())
    orphans.add(status, index + 1, { status, annotations: { [sandbox]: 'pod' } });
  const tasks = await orphans.adopt();
  assert.deepEqual(
    tasks.map(({ id, bundle, init, freezing }) => [id, bundle, init.pid, init.status, freezing]),
    [
      ['created', '/b/created', 1, 'created', 'no'],
      ['running', '/b/running', 2, 'running', 'no'],
      ['paused', '/b/paused', 3, 'running', 'paused'],
    ],
  );
  assert.deepEqual([orphans.log, orphans.closed], [[], []]);
});

test('its streams are made from the names that were noted and the ends of its process; nobody’s without a note', async () => {
  const orphans = new Orphans();
  const names = { stdin: '/f/in', stdout: '/f/out', stderr: '/f/err', terminal: false };
  orphans.add('pod', 7);
  orphans.files['/b/pod/streams.json'] = JSON.stringify(names);
  const [task] = await orphans.adopt();
  assert.deepEqual(
    orphans.opened.map(({ warn, ...choice }) => choice),
    [{ names, owner: { uid: 0, gid: 0 }, id: 'pod', namespace: 'n', adopted: 7 }],
  );
  assert.deepEqual(orphans.fake.streams, ['begin']);
  assert.ok(task?.init.streams !== undefined);
  for (const note of [undefined, 'half a no']) {
    delete orphans.files['/b/pod/streams.json'];
    if (note !== undefined) orphans.files['/b/pod/streams.json'] = note;
    assert.deepEqual(ids(await orphans.adopt()), ['pod']);
    assert.deepEqual(orphans.opened.at(-1)?.names, { stdin: '', stdout: '', stderr: '', terminal: false });
  }
  orphans.files['/b/pod/config.json'] = '{"process":{"terminal":true}}';
  await orphans.adopt();
  assert.equal(orphans.opened.at(-1)?.names.terminal, true);
});

test('want of memory is told of it from then on', async () => {
  const orphans = new Orphans();
  orphans.fake.memory = true;
  orphans.add('pod', 7);
  const [task] = await orphans.adopt();
  orphans.fake.kills.push(1);
  task?.memory?.look();
  assert.deepEqual(orphans.log, ['/tasks/oom']);
});

test('one that has ended since is none, and that is no problem', async () => {
  for (const code of ['ESRCH', 'EINVAL']) {
    const orphans = new Orphans();
    orphans.add('pod', 7);
    orphans.pidfdOpen = () => {
      throw systemError(code, 'pidfd');
    };
    assert.deepEqual([await orphans.adopt(), orphans.log, orphans.opened], [[], [], []]);
  }
});

test('one that cannot be adopted is told, and the others are', async () => {
  const orphans = new Orphans();
  orphans.add('pod', 7);
  orphans.add('a', 8, { annotations: { [sandbox]: 'pod' } });
  orphans.pidfdOpen = (pid) => {
    if (pid === 7) throw systemError('EMFILE', 'pidfd');
    return 1000 + pid;
  };
  assert.deepEqual(ids(await orphans.adopt()), ['a']);
  assert.deepEqual(orphans.log, ['warning: container "pod" could not be adopted: EMFILE: pidfd']);
  assert.deepEqual(orphans.closed, []);
});

test('one whose streams cannot be opened holds nothing open', async () => {
  const orphans = new Orphans();
  orphans.add('pod', 7);
  orphans.streams = {
    begin: async () => {
      throw new Failure('system', 'no such fifo');
    },
  };
  assert.deepEqual(await orphans.adopt(), []);
  assert.deepEqual(orphans.log, ['warning: container "pod" could not be adopted: no such fifo']);
  assert.deepEqual([orphans.fake.streams, orphans.closed], [['abandon'], [1007]]);
});

/** What is told of one whose end the kernel tells at the look of this number. */
async function endedAt(look: number, exit: Exit) {
  const orphans = new Orphans();
  orphans.add('pod', 7);
  orphans.files['/b/pod/config.json'] = '{"linux":{"namespaces":[{"type":"pid"}]}}';
  let looks = 0;
  orphans.pidfdExit = () => (++looks >= look ? exit : undefined);
  const [task] = await orphans.adopt();
  await settle();
  assert.deepEqual([looks, orphans.closed], [0, []]);
  const before = Date.now();
  await orphans.end(7);
  const { status = -1, at = 0 } = task?.init.toldEnd ?? {};
  assert.ok(at >= before && at <= Date.now());
  assert.deepEqual(orphans.fake.streams, ['begin', 'ended']);
  assert.deepEqual(orphans.closed, [1007]);
  return { status, log: orphans.log, paused: orphans.paused };
}

test('its end is what the kernel tells: the code, or 128 and the signal', async () => {
  assert.deepEqual(await endedAt(1, { code: 3, signal: undefined }), {
    status: 3,
    log: ['/tasks/exit pod 3'],
    paused: 0,
  });
  assert.equal((await endedAt(1, { code: undefined, signal: 9 })).status, 137);
});

test('it is asked again while nobody has reaped it, for two seconds', async () => {
  assert.deepEqual(await endedAt(5, { code: 3, signal: undefined }), {
    status: 3,
    log: ['/tasks/exit pod 3'],
    paused: 40,
  });
});

test('when the kernel never tells, 255 is told, and why', async () => {
  assert.deepEqual(await endedAt(Number.POSITIVE_INFINITY, undefined), {
    status: 255,
    log: [
      'warning: container "pod" has ended, and this kernel does not tell how: told is 255',
      '/tasks/exit pod 255',
    ],
    paused: 2000,
  });
});

test.run();
