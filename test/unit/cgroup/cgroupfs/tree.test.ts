import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { makeTree, membersOf, processesOf, removeTree } from '../../../../src/cgroup/cgroupfs/tree.ts';
import { Failure } from '../../../../src/failure.ts';
import { pauses } from '../../waits.ts';
import { FakeFiles, systemError } from '../fake-files.ts';

const test = suite('cgroup trees');

test('makeTree() makes parents first and tells what it made', () => {
  const fake = new FakeFiles();
  fake.add('/m/a');
  const made: string[] = [];
  assert.equal(makeTree(fake.native(), '/m/a/b/c', made), true);
  assert.deepEqual(made, ['/m/a/b', '/m/a/b/c']);
  assert.equal(makeTree(fake.native(), '/m/a/b/c', made), false);
  assert.equal(made.length, 2);
});

test('processesOf() reads the whole tree, without processes of other namespaces', () => {
  const fake = new FakeFiles();
  fake.add('/m/a', { 'cgroup.procs': '5\n0\n' });
  fake.add('/m/a/b/c', { 'cgroup.procs': '7\n5\n' });
  assert.deepEqual([...processesOf(fake.native(), '/m/a')], [5, 7]);
  assert.deepEqual([...processesOf(fake.native(), '/m/absent')], []);
});

test('removeTree() goes deepest first, and is content with what is gone', async () => {
  const fake = new FakeFiles();
  fake.add('/m/a/b/c', { 'cgroup.procs': '' });
  fake.add('/m/a/d');
  const host = { native: fake.native(), wait: pauses, surroundings: {} };
  await removeTree(host, '/m/a');
  assert.deepEqual(fake.journal, ['rmdir /m/a/d', 'rmdir /m/a/b/c', 'rmdir /m/a/b', 'rmdir /m/a']);
  await removeTree(host, '/m/a');
});

test('removeTree() tries again while processes exit', async () => {
  const fake = new FakeFiles();
  fake.add('/m/a/b', { 'cgroup.procs': '5\n' });
  let tries = 0;
  fake.refuse = (action) => (action === 'rmdir /m/a/b' && tries++ < 6 ? 'EBUSY' : undefined);
  await removeTree({ native: fake.native(), wait: pauses, surroundings: {} }, '/m/a');
  assert.equal(tries, 7);
  assert.ok(!fake.directories.has('/m/a'));
});

test('removeTree() reports other errors at once', async () => {
  const fake = new FakeFiles();
  fake.add('/m/a');
  let tries = 0;
  fake.refuse = () => {
    tries++;
    return 'EROFS';
  };
  const error = await removeTree({ native: fake.native(), wait: pauses, surroundings: {} }, '/m/a').catch(
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof Failure && error.errno === 'EROFS');
  assert.equal(tries, 1);
});

test('membersOf() of a threaded cgroup: the processes of its threads, each once', () => {
  const fake = new FakeFiles();
  fake.add('/c', { 'cgroup.threads': '7\n8\n9\n10\n' });
  for (const [thread, pid] of [
    [7, 7],
    [8, 7],
    [9, 9],
  ])
    fake.add(`/proc/${thread}`, { status: `Name:\tx\nTgid:\t${pid}\nPid:\t${thread}\n` });
  const native = fake.native();
  const threaded = new Proxy(native, {
    get: (target, name) =>
      name === 'readText'
        ? (path: string, maximum: number) => {
            if (path === '/c/cgroup.procs') throw systemError('EOPNOTSUPP', path);
            return target.readText(path, maximum);
          }
        : Reflect.get(target, name),
  });
  assert.deepEqual(membersOf(threaded, '/c'), [7, 9]);
});

test.run();
