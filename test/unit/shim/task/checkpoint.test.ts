/**
 * Checkpoint, restore, and what else is done to a container that is there.
 * Tests also: src/shim/task/restore.ts
 */

import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { criuDefaults } from '../../../../src/container/checkpoint/criu-choices.ts';
import { Failure } from '../../../../src/failure.ts';
import type { Native } from '../../../../src/host/native.ts';
import { encodeMessage } from '../../../../src/protobuf.ts';
import { checkpointTask } from '../../../../src/shim/task/checkpoint.ts';
import { freeze, killProcess, processesOf } from '../../../../src/shim/task/control.ts';
import { newTask } from '../../../../src/shim/task/create.ts';
import { noOptions } from '../../../../src/shim/task/options.ts';
import { checkpointOptions } from '../../../../src/shim/task/restore.ts';
import type { Containers, Shim } from '../../../../src/shim/task/shim.ts';
import { startInit } from '../../../../src/shim/task/start.ts';
import { codes } from '../../../../src/shim/ttrpc/status.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { Fake, refused } from '../fake-shim.ts';

const test = suite('shim: tasks that are there');

/** A shim with these calls of the lifecycle and of the machine, and a container whose process is 50. */
function scene(containers: object, native: Partial<Native> = {}, more: object = {}, options = noOptions) {
  const fake = new Fake();
  const base = fake.shim();
  const shim: Shim = {
    ...base,
    host: { ...base.host, native: { ...base.host.native, ...native } },
    containers: { ...fake.containers, ...containers } as Containers,
  };
  const task = newTask(shim, { id: 'c', bundle: '/b', ...more }, {}, options);
  task.init.made({ pid: 50 });
  return { shim, task, log: fake.log };
}

type Saved = Readonly<Record<string, unknown>>;

async function saved(given: Parameters<typeof encodeMessage<typeof checkpointOptions>>[1], path = '/images') {
  let options: Saved = {};
  const checkpoint = async (_: unknown, __: string, choice: Saved) => {
    options = choice;
  };
  const { shim, task, log } = scene({ checkpoint });
  await checkpointTask(shim, task, path, { value: encodeMessage(checkpointOptions, given) });
  return { options, log };
}

test('a checkpoint without options goes on running, by CRIU’s usual ways, and is told', async () => {
  const { options, log } = await saved({});
  assert.deepEqual(options, {
    leaveRunning: true,
    preDump: false,
    tcpSkipInFlight: false,
    imagePath: '/images',
    workPath: '/b/work',
    tcpEstablished: false,
    extUnixSk: false,
    shellJob: false,
    fileLocks: false,
    lazyPages: false,
    autoDedup: false,
    linkRemap: false,
    emptyNs: [],
    manageCgroupsMode: 'soft',
  });
  assert.deepEqual(log, ['/tasks/checkpointed']);
});

test('options of a checkpoint are CRIU’s under other names', async () => {
  const { options } = await saved(
    {
      exit: true,
      open_tcp: true,
      external_unix_sockets: true,
      terminal: true,
      file_locks: true,
      empty_namespaces: ['network'],
      cgroups_mode: 'strict',
      image_path: '/other',
      work_path: '/w',
      parent_path: '../p',
    },
    '',
  );
  const { leaveRunning, tcpEstablished, extUnixSk, shellJob, fileLocks, emptyNs, manageCgroupsMode } =
    options;
  assert.deepEqual(
    [leaveRunning, tcpEstablished, extUnixSk, shellJob, fileLocks, emptyNs, manageCgroupsMode],
    [false, true, true, true, true, ['network'], 'strict'],
  );
  assert.deepEqual(
    [options['imagePath'], options['workPath'], options['parentPath']],
    ['/other', '/w', '../p'],
  );
});

test('a mode of cgroups that is unknown is refused, and nothing is told', async () => {
  assert.deepEqual(await refused(saved({ cgroups_mode: 'hard' })), [
    codes.unknown,
    'OCI runtime checkpoint failed: the cgroups mode "hard" is unknown: soft, full, strict, ignore are known',
  ]);
});

/** A checkpoint that CRIU refuses, where its log can be read, or not. */
function failing(log: string | undefined, before: boolean) {
  const done: string[] = [];
  const { shim, task } = scene(
    {
      checkpoint: async () => {
        throw new Failure('system', 'CRIU failed', { hint: 'look' });
      },
    },
    {
      readFile: (path) => {
        done.push(`read ${path}`);
        if (log === undefined) throw systemError('ENOENT', path);
        return new TextEncoder().encode(log);
      },
      status: () => (before ? ({ mode: 0 } as ReturnType<Native['status']>) : undefined),
      unlink: (path) => void done.push(`unlink ${path}`),
      createFile: (path, _, mode) => void done.push(`create ${path} ${mode.toString(8)}`),
    },
  );
  return { failed: refused(checkpointTask(shim, task, '/images', undefined)), done };
}

test('CRIU’s log is kept in the bundle when it fails, in place of an older one, and named', async () => {
  const { failed, done } = failing('why', true);
  assert.equal((await failed)[1], 'OCI runtime checkpoint failed: CRIU failed path= /b/criu-dump.log (look)');
  assert.deepEqual(done, ['read /b/work/dump.log', 'unlink /b/criu-dump.log', 'create /b/criu-dump.log 600']);
  const first = failing('why', false);
  await first.failed;
  assert.deepEqual(first.done, ['read /b/work/dump.log', 'create /b/criu-dump.log 600']);
});

test('without a log the failure is as it was', async () => {
  const { failed, done } = failing(undefined, false);
  assert.equal((await failed)[1], 'OCI runtime checkpoint failed: CRIU failed (look)');
  assert.deepEqual(done, ['read /b/work/dump.log']);
});

test('a container of a checkpoint is restored when it is started, with its streams', async () => {
  let given: Saved = {};
  const restore = async (_: unknown, options: Saved) => {
    given = options;
    return { pid: 77, terminal: 5 };
  };
  const begun: unknown[] = [];
  const { shim, task, log } = scene(
    { restore },
    {},
    { checkpoint: '/images' },
    { ...noOptions, criuWork: '/w' },
  );
  const streams = await shim.openStreams(shim.host, {} as never);
  task.init.streams = { ...streams, begin: async (terminal) => void begun.push(terminal) };
  await startInit(shim, task);
  assert.deepEqual(given, {
    ...criuDefaults,
    id: 'c',
    bundle: '/b',
    pidFile: '/b/init.pid',
    detach: false,
    imagePath: '/images',
    workPath: '/w',
    streams: [0, 1, 2],
  });
  assert.equal(task.init.pid, 77);
  assert.deepEqual([begun, log], [[5], ['/tasks/start']]);
});

test('processesOf() is never empty: whoever finds none takes the container for a leftover', async () => {
  const of = async (processes: () => Promise<number[]>) => {
    const { shim, task, log } = scene({ processes });
    return [await processesOf(shim, task), log];
  };
  assert.deepEqual(await of(async () => [50]), [[50], []]);
  assert.deepEqual(await of(async () => []), [[50], []]);
  const failed = await of(async () => {
    throw new Error('read: EIO');
  });
  assert.deepEqual(failed, [[50], ['warning: processes of container "c": read: EIO']]);
});

test('freeze(): a pause that fails leaves what was; each is told when it is done', async () => {
  let fail = true;
  const { shim, task, log } = scene({
    pause: async () => {
      assert.equal(task.freezing, 'pausing');
      if (fail) throw new Failure('system', 'EBUSY');
    },
    resume: async () => undefined,
  });
  assert.equal((await refused(freeze(shim, task, true)))[1], 'OCI runtime pause failed: EBUSY');
  assert.equal(task.freezing, 'no');
  fail = false;
  await freeze(shim, task, true);
  assert.equal(task.freezing, 'paused');
  await freeze(shim, task, false);
  assert.equal(task.freezing, 'no');
  assert.deepEqual(log, ['/tasks/paused', '/tasks/resumed']);
});

test('killProcess(): what ended meanwhile is not found, what is not there yet was not created', async () => {
  const thrown = (error: unknown) => {
    const { shim, task } = scene({
      kill: async () => {
        throw error;
      },
    });
    return refused(killProcess(shim, task, task.init, { signal: 9 }));
  };
  const gone = [codes.notFound, 'process already finished'];
  assert.deepEqual(await thrown(systemError('ESRCH', '50')), gone);
  assert.deepEqual(await thrown(new Failure('status', 'container not running: stopped')), gone);
  assert.deepEqual(await thrown(new Failure('system', 'kill: EPERM')), [codes.unknown, 'kill: EPERM']);
  const { shim, task } = scene({});
  task.init.pid = 0;
  assert.deepEqual(await refused(killProcess(shim, task, task.init, {})), [
    codes.failedPrecondition,
    'process not created',
  ]);
});

test.run();
