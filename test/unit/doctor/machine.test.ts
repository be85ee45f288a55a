/** What `doctor` sees of a machine: what may not be seen counts as not there, and what was opened is closed. */

import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { encodeMessage, messageTypes } from '../../../src/dbus/message.ts';
import { thisMachine } from '../../../src/doctor/machine.ts';
import { Failure } from '../../../src/failure.ts';
import type { SeccompLibrary } from '../../../src/host/library.ts';
import type { FileStatus, Native, SpawnOptions } from '../../../src/host/native.ts';
import type { Wait } from '../../../src/host/wait.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { fakeHost } from '../cli/fake-host.ts';
import { pauses } from '../waits.ts';

const test = suite('doctor: machine');

const initial = '         0          0 4294967295\n';
const statusOf = (mode: number) => ({ mode, uid: 0 }) as FileStatus;

interface Sketch extends Partial<Native> {
  readonly texts?: Readonly<Record<string, string>>;
}

/** The machine on a host with these texts and calls. */
function machineOn({ texts = {}, ...calls }: Sketch = {}, wait: Partial<Wait> = {}) {
  const host = fakeHost({
    userId: () => 1000,
    permittedCapabilities: () => 5n,
    kernel: () => ({ release: '6.1.0', machine: 'x86_64' }) as ReturnType<Native['kernel']>,
    readText: (path) => {
      const text = { '/proc/self/uid_map': initial, ...texts }[path];
      if (text === undefined) throw systemError('ENOENT', path);
      return text;
    },
    ...calls,
  });
  return { ...host, surroundings: { HOME: '/home/web' }, wait: { ...pauses, ...wait } };
}

const refuse = (path: string): never => {
  throw systemError('EACCES', path);
};

test('who calls, and on what', () => {
  const machine = thisMachine(machineOn(), 'web');
  assert.deepEqual(
    [machine.uid, machine.user, machine.nested, machine.capabilities, machine.release],
    [1000, 'web', false, 5n, '6.1.0'],
  );
  assert.deepEqual(machine.surroundings, { HOME: '/home/web' });
  const inside = machineOn({ texts: { '/proc/self/uid_map': '         0       1000          1\n' } });
  assert.equal(thisMachine(inside, 'root').nested, true);
});

test('what may not be read is not there; a slip of ours is told', () => {
  const machine = thisMachine(
    machineOn({ texts: { '/etc/subuid': 'web:1:1\n' }, status: refuse, readDirectory: refuse }),
    'web',
  );
  assert.equal(machine.read('/etc/subuid'), 'web:1:1\n');
  assert.equal(machine.read('/etc/shadow'), undefined);
  assert.equal(machine.status('/root/x'), undefined);
  assert.equal(machine.find('criu'), undefined);
  assert.deepEqual(machine.names('/root'), []);
  assert.deepEqual(machine.mounts(), []);
  const slips = machineOn({
    readDirectory: () => {
      throw new TypeError('a slip');
    },
  });
  assert.throws(() => thisMachine(slips, 'web').names('/x'), /a slip/);
});

test('mounts(): the table of this process, in its order', () => {
  const line = (target: string) => `20 1 0:1 / ${target} rw - tmpfs t rw\n`;
  const host = machineOn({ texts: { '/proc/self/mountinfo': line('/a') + line('/b') } });
  assert.deepEqual(
    thisMachine(host, 'web')
      .mounts()
      .map(({ target }) => target),
    ['/a', '/b'],
  );
});

test('find(): a regular file, links followed, in the first of the usual directories', () => {
  const there: Readonly<Record<string, number>> = {
    '/usr/local/sbin/criu': 0o040755,
    '/usr/sbin/criu': 0o100755,
    '/bin/criu': 0o100755,
  };
  const status = (path: string, follow: boolean) => {
    assert.ok(follow);
    return path in there ? statusOf(there[path] as number) : undefined;
  };
  assert.equal(thisMachine(machineOn({ status }), 'web').find('criu'), '/usr/sbin/criu');
  assert.equal(thisMachine(machineOn({ status }), 'web').find('podman'), undefined);
});

/** A host that tries unshare(1), which ends so: what was started, and what is still open. */
function trying(code: number | undefined, spawn: (options: SpawnOptions) => number = () => 77) {
  const open = new Set<number>();
  const started: SpawnOptions[] = [];
  let next = 10;
  const opened = () => {
    open.add(++next);
    return next;
  };
  const host = machineOn(
    {
      status: (path) => (path === '/usr/bin/unshare' ? statusOf(0o100755) : undefined),
      open: opened,
      scratchFile: opened,
      pidfdOpen: opened,
      close: (descriptor) => assert.ok(open.delete(descriptor), 'closed twice'),
      spawn: (options) => {
        started.push(options);
        return spawn(options);
      },
    },
    {
      readable: async (descriptors) => [...descriptors],
      child: async () => ({ code, signal: code === undefined ? 9 : undefined }),
    },
  );
  return { machine: thisMachine(host, 'web'), open, started };
}

test('makesUserNamespaces(): unshare(1) is tried with its output out of sight, and nothing stays open', async () => {
  for (const [code, works] of [
    [0, true],
    [1, false],
    [undefined, false],
  ] as const) {
    const { machine, open, started } = trying(code);
    assert.equal(await machine.makesUserNamespaces(), works);
    assert.equal(open.size, 0);
    const [{ file, argv, descriptors, newSession } = assert.fail()] = started;
    assert.deepEqual(
      [file, argv, descriptors, newSession],
      ['/usr/bin/unshare', ['unshare', '--user', '--map-root-user', 'true'], [11, 12, 12], true],
    );
  }
});

test('makesUserNamespaces(): nobody knows where there is no unshare(1); nothing stays open when it does not start', async () => {
  const without = thisMachine(machineOn({ status: () => undefined }), 'web');
  assert.equal(await without.makesUserNamespaces(), undefined);
  const { machine, open } = trying(0, () => refuse('/usr/bin/unshare'));
  await assert.rejects(machine.makesUserNamespaces(), /EACCES/);
  assert.equal(open.size, 0);
});

test('seccompLibrary(): its version, and it is closed again; undefined without one', async () => {
  let closed = 0;
  const library = { version: '2.5.4', close: async () => void closed++ } as unknown as SeccompLibrary;
  const withIt = { ...machineOn(), openSeccompLibrary: async () => library };
  assert.equal(await thisMachine(withIt, 'web').seccompLibrary(), '2.5.4');
  assert.equal(closed, 1);
  const without = async () => {
    throw new Failure('unsupported', 'libseccomp is not installed');
  };
  assert.equal(
    await thisMachine({ ...machineOn(), openSeccompLibrary: without }, 'web').seccompLibrary(),
    undefined,
  );
  const broken = async () => {
    throw new TypeError('a slip');
  };
  await assert.rejects(
    thisMachine({ ...machineOn(), openSeccompLibrary: broken }, 'web').seccompLibrary(),
    /a slip/,
  );
});

test('busProblem(): in the words of whoever could not be reached', async () => {
  const nobody = machineOn({}, { connect: async (path: string) => refuse(path) });
  assert.equal(
    await thisMachine(nobody, 'web').busProblem('system'),
    'cannot connect to the system bus: EACCES: /run/dbus/system_bus_socket',
  );
  assert.equal(
    await thisMachine(nobody, 'web').busProblem('user'),
    'cannot connect to the user bus: nothing says where it is',
  );
});

test('busProblem(): none where the bus answers, and it is left again', async () => {
  const welcome = encodeMessage({
    type: messageTypes.return,
    serial: 1,
    header: { replySerial: 1, signature: 's' },
    body: [':1.1'],
  });
  const words = [new TextEncoder().encode('DATA\r\nOK 0123\r\n'), welcome];
  const closed: number[] = [];
  const host = machineOn(
    {
      send: () => undefined,
      read: () => words.shift() ?? assert.fail('nothing more is said'),
      monotonic: () => 0n,
      close: (descriptor) => void closed.push(descriptor),
    },
    { connect: async () => 21, readable: async () => [21] },
  );
  assert.equal(await thisMachine(host, 'web').busProblem('system'), undefined);
  assert.deepEqual(closed, [21]);
});

test('cgroups(): undefined where none are mounted, and where the kernel has none', () => {
  const fileSystemType = (path: string) => {
    throw systemError('ENOENT', path);
  };
  const unmounted = machineOn({ texts: { '/proc/self/cgroup': '0::/\n' }, fileSystemType });
  assert.equal(thisMachine(unmounted, 'web').cgroups(), undefined);
  assert.equal(thisMachine(machineOn({ fileSystemType }), 'web').cgroups(), undefined);
  const v2 = machineOn({
    texts: { '/proc/self/cgroup': '0::/user\n', '/sys/fs/cgroup/cgroup.controllers': 'cpu pids\n' },
    fileSystemType: () => 0x63677270,
  });
  assert.deepEqual(thisMachine(v2, 'web').cgroups(), {
    mode: 'v2',
    hierarchies: [],
    unified: { controllers: ['cpu', 'pids'], mount: '/sys/fs/cgroup', own: '/user' },
  });
});

test.run();
