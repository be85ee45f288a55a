/**
 * Every method of the Task service: what it answers, what it refuses and by which code, and the events that follow.
 */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { decodeMessage } from '../../../src/protobuf.ts';
import { processDetails, statuses } from '../../../src/shim/task/messages.ts';
import { until } from '../support/wait.ts';
import { codes, type TaskClient } from './support/client.ts';
import { editions } from './support/editions.ts';
import { type Laboratory, withLaboratory } from './support/laboratory.ts';

const test = suite('shim: methods');
const SIGKILL = 9;
const SIGTERM = 15;

const json = (type: string, value: unknown) => ({
  type_url: `types.containerd.io/opencontainers/runtime-spec/1/${type}`,
  value: new TextEncoder().encode(JSON.stringify(value)),
});
const processSpec = (args: readonly string[], more: object = {}) =>
  json('Process', { args, cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 }, ...more });

/** A test in a laboratory of its own. */
function inLaboratory(name: string, body: (laboratory: Laboratory) => Promise<void>): void {
  test(name, () => withLaboratory({}, body));
}

function fifo(laboratory: Laboratory, name: string): string {
  const path = join(laboratory.directory, name);
  execFileSync('mkfifo', ['-m', '0700', path]);
  return path;
}

/** All that comes out of a fifo until its end; opened now. */
function read(path: string): Promise<string> {
  const stream = createReadStream(path, { encoding: 'utf8' });
  return new Promise((resolve, reject) => {
    let text = '';
    stream.on('data', (data) => {
      text += data;
    });
    stream.on('end', () => resolve(text));
    stream.on('error', reject);
  });
}

const statusOf = async (client: TaskClient, id: string, exec_id = '') =>
  (await client.call('State', { id, exec_id })).status;

inLaboratory(
  'the life of a container, with its output, and its events in their order',
  async (laboratory) => {
    const [stdout, stderr] = [fifo(laboratory, 'out'), fifo(laboratory, 'err')];
    const output = Promise.all([read(stdout), read(stderr)]);
    const bundle = laboratory.bundle('a', ['sh', '-c', 'echo out; echo err >&2; exit 5']);
    const client = await laboratory.serve('a');
    const { pid } = await laboratory.create(client, 'a', { stdout, stderr });
    assert.ok(pid);
    const state = await client.call('State', { id: 'a' });
    const expected = { id: 'a', bundle, pid, status: statuses.created, stdout, stderr };
    assert.deepEqual({ ...state, ...expected }, state);
    assert.equal(readFileSync(join(bundle, 'init.pid'), 'utf8').trim(), String(pid));
    const waiting = client.call('Wait', { id: 'a' });
    assert.deepEqual(await client.call('Start', { id: 'a' }), { pid });
    const { exit_status, exited_at } = await waiting;
    assert.equal(exit_status, 5);
    assert.ok(Math.abs(Number(exited_at?.seconds) - Date.now() / 1000) < 5);
    // A client reads to the end before it deletes.
    assert.deepEqual(await output, ['out\n', 'err\n']);
    assert.deepEqual(await client.call('Wait', { id: 'a' }), { exit_status, exited_at });
    const stopped = await client.call('State', { id: 'a' });
    assert.deepEqual([stopped.status, stopped.exit_status], [statuses.stopped, 5]);
    assert.deepEqual(await client.call('Delete', { id: 'a' }), { pid, exit_status, exited_at });
    assert.deepEqual(
      laboratory.leftovers().filter((line) => !line.startsWith('unix:')),
      [],
    );
    await client.call('Shutdown', { id: 'a' });
    await until('the shim ends', () => laboratory.shimPids().length === 0);
    assert.deepEqual(laboratory.topics('a'), ['create', 'start', 'exit', 'delete']);
    const [create, start, exit, gone] = laboratory.events.map(({ fields }) => fields);
    assert.deepEqual([create?.['pid'], start?.['pid'], exit?.['pid'], gone?.['pid']], [pid, pid, pid, pid]);
    assert.deepEqual([exit?.['exit_status'], gone?.['exit_status']], [5, 5]);
    assert.deepEqual(create?.['bundle'], bundle);
  },
);

inLaboratory(
  'what is not known is told so, and Connect is no exception to being asked',
  async (laboratory) => {
    const { client, pid } = await laboratory.running('a');
    for (const method of [
      'State',
      'Start',
      'Delete',
      'Pids',
      'Pause',
      'Resume',
      'Kill',
      'Wait',
      'Stats',
    ] as const) {
      const { code, message } = await client.refusal(method, { id: 'nobody' });
      assert.equal(code, codes.notFound, `${method}: ${message}`);
      // The client's library puts the class behind it.
      assert.doesNotMatch(message, /: not found$/, method);
    }
    for (const method of ['Checkpoint', 'ResizePty', 'CloseIO', 'Update', 'Exec'] as const)
      assert.equal(
        (await client.refusal(method, { id: 'nobody', exec_id: 'x' })).code,
        codes.notFound,
        method,
      );
    for (const method of ['State', 'Start', 'Delete', 'Kill', 'Wait', 'ResizePty', 'CloseIO'] as const)
      assert.equal(
        (await client.refusal(method, { id: 'a', exec_id: 'nobody' })).code,
        codes.notFound,
        method,
      );
    const known = await client.call('Connect', { id: 'a' });
    assert.deepEqual([known.task_pid, laboratory.shimPids()], [pid, [known.shim_pid]]);
    assert.ok(known.version);
    assert.equal((await client.call('Connect', { id: 'nobody' })).task_pid ?? 0, 0);
  },
);

inLaboratory('Create: what fails is undone, and nobody hears of it', async (laboratory) => {
  laboratory.bundle('a', ['no-such-program']);
  const client = await laboratory.serve('a');
  const missing = await client.refusal('Create', {
    id: 'a',
    bundle: laboratory.bundleOf('a'),
    rootfs: [{ type: 'bind', source: '/no/such/place', options: ['bind'] }],
  });
  assert.match(missing.message, /^OCI runtime create failed: .*no\/such\/place/i);
  const options = { type_url: 'strange.Options', value: new Uint8Array(0) };
  const strange = await client.refusal('Create', {
    id: 'a',
    bundle: laboratory.bundleOf('a'),
    rootfs: laboratory.rootfs,
    options,
  });
  assert.match(strange.message, /^OCI runtime create failed: .*strange\.Options/);
  const scheme = await client.refusal('Create', {
    id: 'a',
    bundle: laboratory.bundleOf('a'),
    rootfs: laboratory.rootfs,
    stdout: 'what://x',
  });
  assert.match(scheme.message, /unknown STDIO scheme what/);
  const nowhere = await client.refusal('Create', { id: 'a', bundle: join(laboratory.directory, 'nowhere') });
  assert.match(nowhere.message, /^OCI runtime create failed: .*nowhere/);
  // The program is found missing when the container is made or when it is started, as the runtime likes: engines want
  // to see these words.
  let told = '';
  try {
    await laboratory.create(client, 'a');
    told = (await client.refusal('Start', { id: 'a' })).message;
    await client.call('Delete', { id: 'a' });
  } catch (error) {
    told = String(error);
  }
  assert.match(
    told,
    /OCI runtime (create|start) failed: .*no-such-program.*(executable file not found|no such file or directory)/,
  );
  await client.call('Shutdown', {});
  await until('the shim ends', () => laboratory.shimPids().length === 0);
  assert.deepEqual(laboratory.leftovers(), []);
  assert.ok(!laboratory.topics('a').includes('exit'));
});

inLaboratory('one id is one container; a shim with one does not shut down', async (laboratory) => {
  const { client } = await laboratory.running('a');
  const again = await client
    .call('Create', { id: 'a', bundle: laboratory.bundleOf('a'), rootfs: laboratory.rootfs })
    .catch((error) => error);
  assert.equal(again.code, codes.alreadyExists);
  assert.match((await client.refusal('Start', { id: 'a' })).message, /cannot start a running process/);
  const running = await client.refusal('Delete', { id: 'a' });
  assert.deepEqual([running.code, running.message], [codes.unknown, 'cannot delete a running process']);
  await client.call('Shutdown', { id: 'a' });
  assert.equal(await statusOf(client, 'a'), statuses.running);
  await client.call('Kill', { id: 'a', signal: SIGKILL });
  assert.equal((await client.call('Wait', { id: 'a' })).exit_status, 128 + SIGKILL);
  const gone = await client.refusal('Kill', { id: 'a', signal: SIGKILL, all: true });
  assert.deepEqual([gone.code, gone.message], [codes.notFound, 'process already finished']);
  assert.match((await client.refusal('Start', { id: 'a' })).message, /stopped/);
  const first = await client.call('Delete', { id: 'a' });
  // Whose caller gave up before the answer came asks again, and must not think that nothing was there.
  assert.deepEqual(await client.call('Delete', { id: 'a' }), first);
});

inLaboratory('Kill: a created container, one process or all, signals that are caught', async (laboratory) => {
  laboratory.bundle('a', ['sleep', '1000']);
  const client = await laboratory.serve('a');
  await laboratory.create(client, 'a');
  await client.call('Kill', { id: 'a', signal: SIGKILL });
  assert.equal((await client.call('Wait', { id: 'a' })).exit_status, 137);
  await client.call('Delete', { id: 'a' });
  const script = 'trap "exit 42" TERM; (trap "" TERM; exec sleep 1000) & while :; do sleep 0.01; done';
  const { client: second } = await laboratory.running('b', ['sh', '-c', script]);
  await until(
    'its child runs',
    async () => ((await second.call('Pids', { id: 'b' })).processes?.length ?? 0) > 1,
  );
  await second.call('Kill', { id: 'b', signal: SIGTERM });
  assert.equal((await second.call('Wait', { id: 'b' })).exit_status, 42);
  await second.call('Delete', { id: 'b' });
});

inLaboratory(
  'Exec: registered, started, waited for, deleted; its exit comes before its container’s',
  async (laboratory) => {
    const { client, pid } = await laboratory.running('a');
    const stdout = fifo(laboratory, 'out');
    const output = read(stdout);
    const spec = processSpec(['sh', '-c', 'echo from exec; sleep 0.05; exit 9']);
    await client.call('Exec', { id: 'a', exec_id: 'e', stdout, spec });
    const twice = await client.refusal('Exec', { id: 'a', exec_id: 'e', spec });
    assert.equal(twice.code, codes.alreadyExists);
    assert.equal(await statusOf(client, 'a', 'e'), statuses.created);
    assert.equal(
      (await client.refusal('Kill', { id: 'a', exec_id: 'e', signal: SIGKILL })).code,
      codes.failedPrecondition,
    );
    const waiting = client.call('Wait', { id: 'a', exec_id: 'e' });
    const started = await client.call('Start', { id: 'a', exec_id: 'e' });
    assert.ok(started.pid && started.pid !== pid);
    const { processes = [] } = await client.call('Pids', { id: 'a' });
    const info = processes.find((each) => each.pid === started.pid)?.info;
    assert.equal(info?.type_url, 'containerd.runc.v1.ProcessDetails');
    assert.equal(decodeMessage(processDetails, info?.value ?? new Uint8Array(0)).exec_id, 'e');
    const { exit_status, exited_at } = await waiting;
    assert.equal(exit_status, 9);
    assert.equal(await output, 'from exec\n');
    assert.match((await client.refusal('Start', { id: 'a', exec_id: 'e' })).message, /start/);
    assert.deepEqual(await client.call('Delete', { id: 'a', exec_id: 'e' }), {
      pid: started.pid,
      exit_status,
      exited_at,
    });
    assert.equal((await client.refusal('State', { id: 'a', exec_id: 'e' })).code, codes.notFound);
    // The id is free again; a program that is not there; one that never starts.
    await client.call('Exec', { id: 'a', exec_id: 'e', spec: processSpec(['no-such-program']) });
    const missing = await client.refusal('Start', { id: 'a', exec_id: 'e' });
    assert.match(
      missing.message,
      /^OCI runtime exec failed: .*no-such-program.*(executable file not found|no such file)/,
    );
    await client.call('Delete', { id: 'a', exec_id: 'e' });
    await client.call('Exec', { id: 'a', exec_id: 'never', spec: processSpec(['true']) });
    await client.call('Delete', { id: 'a', exec_id: 'never' });
    // One that lives as long as its container.
    await client.call('Exec', { id: 'a', exec_id: 'long', spec: processSpec(['sleep', '1000']) });
    await client.call('Start', { id: 'a', exec_id: 'long' });
    const both = Promise.all([
      client.call('Wait', { id: 'a', exec_id: 'long' }),
      client.call('Wait', { id: 'a' }),
    ]);
    await client.call('Kill', { id: 'a', signal: SIGKILL });
    assert.deepEqual(
      (await both).map((each) => each.exit_status),
      [137, 137],
    );
    const late = await client.refusal('Exec', { id: 'a', exec_id: 'late', spec });
    assert.equal(late.code, codes.unknown);
    await client.call('Delete', { id: 'a', exec_id: 'long' });
    await client.call('Delete', { id: 'a' });
    await until('the last event', () => laboratory.topics('a').includes('delete'));
    assert.deepEqual(
      laboratory.topics('a').filter((topic) => !topic.includes('never')),
      [
        ...['create', 'start', 'exec-added e', 'exec-started e', 'exit e', 'exec-added e'],
        ...['exec-added long', 'exec-started long', 'exit long', 'exit', 'delete'],
      ],
    );
  },
);

inLaboratory(
  'Pause and Resume: states, refusals, execs of a paused container, and a Kill that waits for nobody',
  async (laboratory) => {
    const { client } = await laboratory.running('a');
    assert.equal((await client.refusal('Resume', { id: 'a' })).code, codes.unknown);
    await client.call('Exec', { id: 'a', exec_id: 'e', spec: processSpec(['sleep', '1000']) });
    await client.call('Start', { id: 'a', exec_id: 'e' });
    await client.call('Pause', { id: 'a' });
    assert.deepEqual(
      [await statusOf(client, 'a'), await statusOf(client, 'a', 'e')],
      [statuses.paused, statuses.paused],
    );
    assert.equal((await client.refusal('Pause', { id: 'a' })).code, codes.unknown);
    assert.match(
      (await client.refusal('Exec', { id: 'a', exec_id: 'x', spec: processSpec(['true']) })).message,
      /paused/,
    );
    const update = { id: 'a', resources: json('LinuxResources', { pids: { limit: 77 } }) };
    await client.call('Update', update);
    await client.call('Resume', { id: 'a' });
    assert.equal(await statusOf(client, 'a'), statuses.running);
    await client.call('Pause', { id: 'a' });
    await client.call('Kill', { id: 'a', signal: SIGKILL, all: true });
    assert.equal((await client.call('Wait', { id: 'a' })).exit_status, 137);
    await client.call('Delete', { id: 'a' });
    await until('the last event', () => laboratory.topics('a').includes('delete'));
    assert.deepEqual(
      laboratory.topics('a').filter((topic) => /paus|resum/.test(topic)),
      ['paused', 'resumed', 'paused'],
    );
  },
);

inLaboratory('Update, Stats and Pids say what the cgroup says', async (laboratory) => {
  const { client, pid } = await laboratory.running('a', ['sh', '-c', 'sleep 1000 & sleep 1000 & wait']);
  await client.call('Update', { id: 'a', resources: json('LinuxResources', { pids: { limit: 77 } }) });
  assert.match(
    (await client.refusal('Update', { id: 'a', resources: json('LinuxResources', { pids: { limit: 'x' } }) }))
      .message,
    /OCI runtime update failed|pids/,
  );
  const { stats } = await client.call('Stats', { id: 'a' });
  assert.match(stats?.type_url ?? '', /^io\.containerd\.cgroups\.v[12]\.Metrics$/);
  const { metricsV1, metricsV2 } = await import('../../../src/shim/metrics/messages.ts');
  const table = stats?.type_url?.includes('v1') ? metricsV1 : metricsV2;
  const metrics = decodeMessage(table as typeof metricsV2, stats?.value ?? new Uint8Array(0));
  assert.equal(metrics.pids?.limit, 77n);
  assert.equal(metrics.pids?.current, 3n);
  assert.ok((metrics.memory?.usage as unknown) !== 0n);
  const { processes = [] } = await client.call('Pids', { id: 'a' });
  assert.equal(processes.length, 3);
  assert.ok(processes.some((each) => each.pid === pid));
  await client.call('Kill', { id: 'a', signal: SIGKILL });
  await client.call('Wait', { id: 'a' });
  const after = await client.call('Stats', { id: 'a' }).catch((error) => error);
  assert.ok(after.code === undefined || after.code === codes.notFound, String(after));
  await client.call('Delete', { id: 'a' });
});

inLaboratory(
  'want of memory is told before the end that it caused, however soon that is',
  async (laboratory) => {
    for (const id of ['a', 'b', 'c']) {
      laboratory.bundle(id, ['tail', '/dev/zero'], (config) => {
        if (config.linux) config.linux.resources = { memory: { limit: 16 << 20 } };
      });
      const client = await laboratory.serve(id);
      await laboratory.create(client, id);
      await client.call('Start', { id });
      assert.equal((await client.call('Wait', { id })).exit_status, 128 + SIGKILL);
      await client.call('Delete', { id });
      await client.call('Shutdown', { id });
      await until('the last event', () => laboratory.topics(id).includes('delete'));
      assert.deepEqual(laboratory.topics(id), ['create', 'start', 'oom', 'exit', 'delete']);
    }
  },
);

inLaboratory('a terminal has the size that it is given, and standard input an end', async (laboratory) => {
  const [stdin, stdout] = [fifo(laboratory, 'in'), fifo(laboratory, 'out')];
  const output = read(stdout);
  laboratory.bundle('t', ['sh', '-c', 'read line; stty size; echo "got $line"'], (config) => {
    if (config.process) config.process.terminal = true;
  });
  const client = await laboratory.serve('t');
  await laboratory.create(client, 't', { terminal: true, stdin, stdout });
  await client.call('Start', { id: 't' });
  await client.call('ResizePty', { id: 't', width: 91, height: 37 });
  writeFileSync(stdin, 'typed\n');
  assert.equal((await client.call('Wait', { id: 't' })).exit_status, 0);
  assert.match((await output).replaceAll('\r', ''), /37 91\ngot typed\n$/);
  await client.call('Delete', { id: 't' });
  const { client: other } = await laboratory.running('a');
  // Without a terminal it is no mistake.
  await other.call('ResizePty', { id: 'a', width: 1, height: 1 });
  const [input, echoed] = [fifo(laboratory, 'in2'), fifo(laboratory, 'out2')];
  const text = read(echoed);
  await other.call('Exec', {
    id: 'a',
    exec_id: 'cat',
    stdin: input,
    stdout: echoed,
    spec: processSpec(['cat']),
  });
  await other.call('Start', { id: 'a', exec_id: 'cat' });
  const writer = openSync(input, 'w');
  writeFileSync(writer, 'through and through');
  await other.call('CloseIO', { id: 'a', exec_id: 'cat', stdin: true });
  execFileSync('true');
  const { closeSync } = await import('node:fs');
  closeSync(writer);
  assert.equal((await other.call('Wait', { id: 'a', exec_id: 'cat' })).exit_status, 0);
  assert.equal(await text, 'through and through');
  assert.match(
    (await other.refusal('ResizePty', { id: 'a', exec_id: 'cat', width: 1, height: 1 })).message,
    /resize/,
  );
  await other.call('Delete', { id: 'a', exec_id: 'cat' });
});

inLaboratory('what the shim’s containers are is seen by the command as well', async (laboratory) => {
  const { pid } = await laboratory.running('a');
  const { runtimeCommand } = await import('../support/runtime.ts');
  const [command = '', ...first] = runtimeCommand;
  const root = `/run/containerd/tsoci/${laboratory.namespace}`;
  const tsoci = (...words: readonly string[]): string =>
    execFileSync(command, [...first, '--root', root, ...words], { encoding: 'utf8' });
  const list = JSON.parse(tsoci('list', '--format', 'json'));
  assert.deepEqual(
    list.map((each: { id: string; pid: number; status: string }) => [each.id, each.pid, each.status]),
    [['a', pid, 'running']],
  );
  const [used] = JSON.parse(tsoci('stats', '--no-stream', '--json', 'a'));
  assert.deepEqual([used.id, used.pids.current], ['a', 1]);
  const timeline = join(laboratory.directory, 'timeline.json');
  assert.equal(tsoci('exec', '--trace', timeline, 'a', 'echo', 'from the side'), 'from the side\n');
  const steps = JSON.stringify(JSON.parse(readFileSync(timeline, 'utf8')));
  assert.match(steps, /"name":"[^"]*exec/);
});

inLaboratory(
  'services and methods that are not there, and both names of the one that is',
  async (laboratory) => {
    const { client } = await laboratory.running('a');
    const { encodeMessage } = await import('../../../src/protobuf.ts');
    const payload = encodeMessage({ id: [1, 'string'] } as const, { id: 'a' });
    for (const version of [2, 3]) await client.raw(`containerd.task.v${version}.Task`, 'Connect', payload);
    for (const [service, method] of [
      ['containerd.task.v4.Task', 'Connect'],
      ['containerd.runtime.sandbox.v1.Sandbox', 'CreateSandbox'],
      ['containerd.task.v2.Task', 'Nothing'],
      ['', ''],
    ] as const) {
      const refused = await client.raw(service, method, payload).catch((error) => error);
      assert.equal(refused.code, codes.unimplemented, `${service}/${method}: ${refused}`);
    }
    const unreadable = await client
      .raw('containerd.task.v2.Task', 'State', new Uint8Array([10, 200]))
      .catch((error) => error);
    assert.equal(unreadable.code, codes.internal, String(unreadable));
  },
);

test('the restart of containerd: what happened meanwhile is told afterwards, once and in order', () =>
  withLaboratory({ edition: editions['1.7'] }, async (laboratory) => {
    const { client } = await laboratory.running('a');
    await until('the first events', () => laboratory.events.length === 2);
    await laboratory.deafen();
    client.close();
    // As containerd finds it again.
    const address = readFileSync(join(laboratory.bundleOf('a'), 'address'), 'utf8');
    const second = await laboratory.connect(address);
    await second.call('Exec', { id: 'a', exec_id: 'e', spec: processSpec(['true']) });
    await second.call('Start', { id: 'a', exec_id: 'e' });
    await second.call('Wait', { id: 'a', exec_id: 'e' });
    await second.call('Kill', { id: 'a', signal: SIGKILL });
    await second.call('Wait', { id: 'a' });
    await second.call('Delete', { id: 'a' });
    await laboratory.listen();
    await until('the rest of the events', () => laboratory.topics('a').includes('delete'));
    assert.deepEqual(laboratory.topics('a'), [
      ...['create', 'start', 'exec-added e', 'exec-started e', 'exit e', 'exit', 'delete'],
    ]);
    assert.ok(existsSync(laboratory.bundleOf('a')));
  }));

test.run();
