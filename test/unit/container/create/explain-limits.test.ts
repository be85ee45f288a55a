import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { SavedCgroup } from '../../../../src/cgroup/saved-cgroup.ts';
import { explainLimits, outOfMemory } from '../../../../src/container/create/explain-limits.ts';
import { Failure } from '../../../../src/failure.ts';
import { FakeFiles, systemError } from '../../cgroup/fake-files.ts';
import { fakeHost } from '../../cli/fake-host.ts';

const test = suite('explain-limits');

const saved: SavedCgroup = {
  driver: 'cgroupfs',
  mode: 'v2',
  rootless: false,
  hierarchies: [],
  unified: { mount: '/cg', path: '/cg/c' },
};
const memory = { 'memory.stat': 'kernel 0\n', 'memory.current': '4096\n' };

/** A machine whose cgroup has these files. */
function machine(files: Readonly<Record<string, string>>) {
  const fake = new FakeFiles();
  fake.add('/cg/c', files);
  return fakeHost(fake.native());
}

const explained = (files: Readonly<Record<string, string>>, error: unknown, killsBefore?: number) =>
  explainLimits(machine(files), { saved }, error, killsBefore);

test('a process that the kernel killed for want of memory: the limit is to blame, in the unit that people gave it', () => {
  const dead = new Failure('system', 'the process died', { cleanup: ['rest'] });
  const found = explained(
    { ...memory, 'memory.max': '4194304\n', 'memory.events': 'max 3\noom_kill 1\n' },
    dead,
  );
  assert.ok(found instanceof Failure);
  const { message, pointer, hint, cleanup } = found as Failure;
  assert.equal(
    message,
    'memory limit 4 MiB is too low to start: the kernel killed the process while it was being set up',
  );
  assert.equal(pointer, '/linux/resources/memory/limit');
  assert.match(hint ?? '', /^Raise /);
  assert.deepEqual(cleanup, ['rest'], 'what could not be undone is still told');
});

test('a limit that is no whole number of KiB is told to the byte', () => {
  const files = { ...memory, 'memory.max': '4097\n', 'memory.events': 'oom_kill 1\n' };
  assert.match(String(explained(files, new Failure('system', 'x'))), /memory limit 4097 bytes is too low/);
});

test('a kill from before this start is not to blame', () => {
  const files = { ...memory, 'memory.max': '4096\n', 'memory.events': 'max 3\noom_kill 2\n' };
  const error = new Failure('system', 'the process died');
  assert.equal(explained(files, error, 2), error);
  assert.match(String(explained(files, error, 1)), /memory limit/);
});

test('ENOMEM is the limit’s where the limit was met, and the machine’s otherwise', () => {
  const error = new Failure('system', 'mmap: ENOMEM', { errno: 'ENOMEM' });
  const met = { ...memory, 'memory.max': '4096\n', 'memory.events': 'max 1\n' };
  assert.match(String(explained(met, error)), /memory limit 4 KiB is too low to start: mmap: ENOMEM/);
  assert.equal(explained({ ...met, 'memory.events': 'max 0\n' }, error), error);
  assert.equal(explained({ ...met, 'memory.max': 'max\n' }, error), error, 'without a limit');
});

test('EAGAIN is the limit of processes where that refused a fork', () => {
  const error = new Failure('system', 'clone: EAGAIN', { errno: 'EAGAIN' });
  const files = { 'pids.current': '2\n', 'pids.max': '2\n', 'pids.events': 'max 1\n' };
  const found = explained(files, error) as Failure;
  assert.equal(found.message, 'process limit 2 is too low to start: clone: EAGAIN');
  assert.equal(found.pointer, '/linux/resources/pids/limit');
  assert.equal(found.errno, 'EAGAIN');
  assert.equal(explained({ ...files, 'pids.events': 'max 0\n' }, error), error);
});

test('what is no failure of the runtime, and a cgroup that is gone, stay as they are', () => {
  const slip = new TypeError('ours');
  const files = { ...memory, 'memory.max': '4096\n', 'memory.events': 'oom_kill 1\n' };
  assert.equal(explained(files, slip), slip);
  const refusing = (code: string) => {
    const refuse = (): never => {
      throw systemError(code, '/cg/c');
    };
    return fakeHost({ readText: refuse, readDirectory: refuse });
  };
  const gone = refusing('ENODEV');
  const error = new Failure('system', 'x');
  assert.equal(explainLimits(gone, { saved }, error), error);
  assert.equal(outOfMemory(gone, saved), undefined);
  assert.throws(() => explainLimits(refusing('EIO'), { saved }, error), /EIO/);
});

test('outOfMemory() says how many were killed and for want of what', () => {
  const killed = (files: Readonly<Record<string, string>>) => outOfMemory(machine(files), saved);
  const events = { 'memory.events': 'oom_kill 3\n' };
  assert.equal(
    killed({ ...memory, ...events, 'memory.max': '1073741824\n' }),
    'the kernel killed 3 of its processes: they needed more than the memory limit, 1 GiB',
  );
  assert.equal(
    killed({ ...memory, ...events, 'memory.max': 'max\n' }),
    'the kernel killed 3 of its processes: memory was short',
  );
  assert.equal(killed({ ...memory, 'memory.events': 'oom_kill 0\n' }), undefined);
});

test.run();
