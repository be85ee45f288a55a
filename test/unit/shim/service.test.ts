/**
 * Tests also: src/shim/task/create.ts src/shim/task/delete.ts src/shim/task/exits.ts src/shim/task/process.ts
 *   src/shim/task/start.ts src/shim/task/task.ts src/shim/task/timestamp.ts
 */

import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { encodeMessage } from '../../../src/protobuf.ts';
import { services, statuses } from '../../../src/shim/task/messages.ts';
import { runcOptions } from '../../../src/shim/task/options.ts';
import { TaskService } from '../../../src/shim/task/service.ts';
import { codes } from '../../../src/shim/ttrpc/status.ts';
import { container, open, refused, settle } from './fake-shim.ts';

const test = suite('shim: the Task service');

test('a life: create, start, wait, delete; the events are in order, each once', async () => {
  const { fake, call } = open();
  assert.deepEqual(await call('Create', container), { pid: 101 });
  const wait = call('Wait', { id: 'c' });
  assert.deepEqual(await call('Start', { id: 'c' }), { pid: 101 });
  assert.equal((await call('State', { id: 'c' })).status, statuses.running);
  fake.exit(101, 7);
  const { exit_status, exited_at } = await wait;
  assert.equal(exit_status, 7);
  assert.ok((exited_at?.seconds ?? 0n) > 0n);
  assert.equal((await call('State', { id: 'c' })).status, statuses.stopped);
  const deleted = await call('Delete', { id: 'c' });
  assert.deepEqual([deleted.pid, deleted.exit_status], [101, 7]);
  assert.deepEqual(fake.log, [
    'mount',
    'create',
    '/tasks/create',
    'start',
    '/tasks/start',
    '/tasks/exit c 7',
    'remove',
    'unmount',
    '/tasks/delete 7',
  ]);
  assert.deepEqual(fake.streams, ['begin', 'ended', 'finish']);
});

test('delete again gives the same answer, until the id is used again; what was never there is not found', async () => {
  const { fake, call } = open();
  await call('Create', container);
  await call('Start', { id: 'c' });
  assert.deepEqual(await refused(call('Delete', { id: 'c' })), [
    codes.unknown,
    'cannot delete a running process',
  ]);
  fake.exit(101, undefined, 9);
  await settle();
  const [first, second] = await Promise.all([call('Delete', { id: 'c' }), call('Delete', { id: 'c' })]);
  assert.deepEqual(second, first);
  assert.deepEqual(await call('Delete', { id: 'c' }), first);
  assert.equal(first.exit_status, 137);
  assert.equal(fake.log.filter((each) => each === 'remove').length, 1);
  assert.equal((await refused(call('Delete', { id: 'd' })))[0], codes.notFound);
  assert.equal((await refused(call('State', { id: 'c' })))[0], codes.notFound);
  await call('Create', container);
  await call('Start', { id: 'c' });
  assert.equal((await refused(call('Delete', { id: 'c' })))[0], codes.unknown);
});

test('an exit during Start is told after the start', async () => {
  const { fake, call } = open();
  await call('Create', container);
  fake.held = 'start';
  const start = call('Start', { id: 'c' });
  await settle();
  fake.exit(101, 0);
  await settle();
  fake.release();
  await start;
  await settle();
  assert.deepEqual(fake.log.slice(-3), ['start', '/tasks/start', '/tasks/exit c 0']);
});

test('a create that fails is undone and told to nobody; the words are those that engines look for', async () => {
  const { fake, call } = open();
  fake.fail = 'create';
  const [code, words] = await refused(call('Create', container));
  assert.deepEqual(
    [code, words],
    [codes.unknown, 'OCI runtime create failed: create went wrong (try again)'],
  );
  assert.deepEqual(fake.log, ['mount', 'create', 'unmount']);
  assert.deepEqual(fake.streams, ['abandon']);
  fake.fail = undefined;
  await call('Create', container);
  assert.equal((await refused(call('Create', container)))[0], codes.alreadyExists);
});

test('a runtime that the options name is told to be of no effect, unless it is this one', async () => {
  const { fake, call } = open();
  for (const [id, binary] of [
    ['a', '/usr/sbin/runc'],
    ['b', '/usr/local/bin/tsoci'],
    ['c', ''],
  ] as const) {
    const value = encodeMessage(runcOptions, { binary_name: binary });
    await call('Create', { id, bundle: '/b', options: { type_url: 'containerd.runc.v1.Options', value } });
  }
  assert.deepEqual(
    fake.log.filter((line) => line.startsWith('warning')).map((line) => line.slice(0, 47)),
    ['warning: BinaryName = "/usr/sbin/runc" is of no'],
  );
});

test('a start that fails tells no exit, though the process has ended, and who waits hears of it', async () => {
  const { fake, call } = open();
  await call('Create', container);
  const wait = call('Wait', { id: 'c' });
  fake.fail = 'start';
  fake.held = 'start';
  const start = call('Start', { id: 'c' });
  await settle();
  fake.exit(101, 1);
  fake.release();
  assert.match((await refused(start))[1], /^OCI runtime start failed: start went wrong/);
  assert.equal((await wait).exit_status, 1);
  await call('Delete', { id: 'c' });
  assert.ok(!fake.log.some((each) => each.startsWith('/tasks/exit')));
});

test("execs: their exits come before the container's own", async () => {
  const { fake, call } = open();
  await call('Create', container);
  await call('Start', { id: 'c' });
  const spec = { type_url: 'x', value: new TextEncoder().encode('{"args":["true"]}') };
  const exec = { id: 'c', exec_id: 'e', spec };
  await call('Exec', exec);
  assert.equal((await refused(call('Exec', exec)))[0], codes.alreadyExists);
  assert.equal(
    (await refused(call('Kill', { id: 'c', exec_id: 'e', signal: 9 })))[0],
    codes.failedPrecondition,
  );
  assert.deepEqual(await call('Start', { id: 'c', exec_id: 'e' }), { pid: 102 });
  assert.equal((await refused(call('Start', { id: 'c', exec_id: 'e' })))[0], codes.unknown);
  await call('Kill', { id: 'c', exec_id: 'e', signal: 15 });
  const { processes = [] } = await call('Pids', { id: 'c' });
  assert.deepEqual(
    processes.map(({ pid, info }) => [pid, info?.type_url]),
    [
      [101, undefined],
      [102, 'containerd.runc.v1.ProcessDetails'],
      [700, undefined],
    ],
  );
  fake.exit(101, 0);
  await settle();
  assert.ok(!fake.log.includes('/tasks/exit c 0'));
  fake.exit(102, 3);
  await settle();
  assert.deepEqual(
    fake.log.slice(-5),
    [
      '/tasks/exec-added e',
      'exec',
      '/tasks/exec-started e',
      'signal 15 to 102',
      '/tasks/exit e 3',
      '/tasks/exit c 0',
    ].slice(-5),
  );
  assert.equal((await call('Delete', { id: 'c', exec_id: 'e' })).exit_status, 3);
  const late = { id: 'c', exec_id: 'f', spec };
  assert.equal((await refused(call('Exec', late)))[0], codes.unknown);
});

test('an exec that fails is stopped, and can be deleted', async () => {
  const { fake, call } = open();
  await call('Create', container);
  await call('Start', { id: 'c' });
  await call('Exec', { id: 'c', exec_id: 'e', spec: { value: new TextEncoder().encode('{}') } });
  fake.fail = 'exec';
  assert.match(
    (await refused(call('Start', { id: 'c', exec_id: 'e' })))[1],
    /^OCI runtime exec failed: exec went/,
  );
  assert.equal((await call('State', { id: 'c', exec_id: 'e' })).status, statuses.stopped);
  assert.equal((await call('Wait', { id: 'c', exec_id: 'e' })).exit_status, 255);
  await call('Delete', { id: 'c', exec_id: 'e' });
  assert.ok(!fake.log.some((each) => each.startsWith('/tasks/exit')));
});

test('a Create that fails leaves no note in the bundle, and one without a whole path touches nothing', async () => {
  const { fake, call } = open();
  fake.fail = 'create';
  await refused(call('Create', container));
  assert.deepEqual(fake.files, []);
  const before = fake.log.length;
  for (const bundle of ['', '.', 'b/c'])
    assert.deepEqual(await refused(call('Create', { ...container, bundle })), [
      codes.invalidArgument,
      `bundle "${bundle}" is not an absolute path`,
    ]);
  assert.equal(fake.log.length, before);
  fake.fail = undefined;
  await call('Create', container);
  assert.equal(fake.files.length, 1, 'positive control');
});

test('Kill waits behind nothing; what has ended is not found', async () => {
  const { fake, call } = open();
  await call('Create', container);
  await call('Start', { id: 'c' });
  fake.held = 'pause';
  const pause = call('Pause', { id: 'c' });
  await settle();
  assert.equal((await call('State', { id: 'c' })).status, statuses.pausing);
  await call('Kill', { id: 'c', signal: 9, all: true });
  assert.equal(fake.log.at(-1), 'kill 9 all');
  fake.release();
  await pause;
  assert.equal((await call('State', { id: 'c' })).status, statuses.paused);
  await call('Resume', { id: 'c' });
  fake.exit(101, undefined, 9);
  await settle();
  assert.deepEqual(await refused(call('Kill', { id: 'c', signal: 9, all: true })), [
    codes.notFound,
    'process already finished',
  ]);
});

test('processes that share the pid namespace with others are ended with the container', async () => {
  const { fake, call } = open();
  fake.config = {};
  await call('Create', container);
  await call('Start', { id: 'c' });
  fake.exit(101, 0);
  await settle();
  assert.deepEqual(fake.log.slice(-2), ['kill 9 all', '/tasks/exit c 0']);
});

test('Shutdown ends it when its last container is gone, and not before', async () => {
  const { fake, call } = open();
  await call('Create', container);
  await call('Shutdown', { id: 'c' });
  assert.equal(fake.ended, false);
  // It was never started: deleting ends it.
  const deleted = call('Delete', { id: 'c' });
  await settle();
  fake.exit(101, undefined, 9);
  assert.equal((await deleted).exit_status, 137);
  await call('Shutdown', { id: 'c' });
  assert.equal(fake.ended, true);
});

test('want of memory is told before the end that it caused, also when nobody was woken for it, and to a file for those without events', async () => {
  const { fake, call } = open();
  fake.memory = true;
  await call('Create', container);
  await call('Start', { id: 'c' });
  fake.kills.push(1);
  fake.wake();
  await settle();
  assert.equal(fake.log.at(-1), '/tasks/oom');
  fake.kills.push(2);
  fake.exit(101, undefined, 9);
  await settle();
  assert.deepEqual(fake.log.slice(-2), ['/tasks/oom', '/tasks/exit c 137']);
  assert.ok(fake.files.includes('/b/oom'));
});

test('small things: Connect of anybody, Update, ResizePty, CloseIO, bytes that are no message', async () => {
  const { fake, call } = open();
  assert.deepEqual(await call('Connect', { id: 'unknown' }), { shim_pid: 42, task_pid: 0, version: '1' });
  await call('Create', container);
  assert.equal((await call('Connect', { id: 'c' })).task_pid, 101);
  await call('Update', { id: 'c', resources: { value: new TextEncoder().encode('{"pids":{"limit":3}}') } });
  assert.equal(fake.log.at(-1), 'update {"pids":{"limit":3}}');
  assert.match(
    (await refused(call('Update', { id: 'c', resources: { value: new TextEncoder().encode('{') } })))[1],
    /^OCI runtime update failed/,
  );
  await call('ResizePty', { id: 'c', width: 80, height: 24 });
  await call('CloseIO', { id: 'c', stdin: true });
  await call('CloseIO', { id: 'c' });
  assert.deepEqual(fake.streams, ['begin', '80×24', 'close']);
  const handler = new TaskService(fake.shim()).services().get(services[0])?.get('State');
  assert.equal(
    (await refused((handler as NonNullable<typeof handler>)(new Uint8Array([0x0a, 0xff]))))[0],
    codes.internal,
  );
});

test.run();
