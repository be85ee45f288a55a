import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { openRestore, type RestoreRequest } from '../../../../src/container/checkpoint/restore-start.ts';
import { socketNumber } from '../../../../src/criu/criu.ts';
import type { FileStatus } from '../../../../src/host/native.ts';
import type { Config } from '../../../../src/spec/config.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { assertRefused } from '../../refusal.ts';

const test = suite('restore-start');

/** A machine that keeps account of what is open. */
function machine(refused: readonly string[] = []) {
  const open = new Map<number, string>();
  const opened = (path: string) => {
    if (refused.includes(path)) throw systemError('ENOENT', path);
    open.set(200 + open.size, path);
    return 199 + open.size;
  };
  const host = fakeHost({
    open: opened,
    sealedCopy: () => opened('stub'),
    close: (descriptor) => void open.delete(descriptor),
    status: (path) => ({ mode: path.endsWith('/file') ? 0o100644 : 0o040755 }) as FileStatus,
  });
  return { host, open };
}

const request = (config: Partial<Config> = {}, change: Partial<RestoreRequest> = {}): RestoreRequest => ({
  program: '/usr/sbin/criu',
  config: { ociVersion: '1.3.0', ...config },
  bundle: '/b',
  rootfs: '/b/rootfs',
  place: (path) => path,
  streams: ['pipe:[1]', 'pipe:[1]', '/dev/null'],
  given: undefined,
  images: { path: '/i', workPath: '/w' } as RestoreRequest['images'],
  shellJob: false,
  ...change,
});

test('the stub goes first: it gets the root filesystem, the images and what to mount on, and becomes CRIU', () => {
  const { host, open } = machine();
  const mounts = [
    { destination: '/data', type: 'bind', source: 'dir', options: ['bind'] },
    { destination: '/etc/hosts', type: 'bind', source: 'file', options: ['bind'] },
  ];
  const { start, close } = openRestore(host, request({ mounts }));
  const [stub, verb, ...rest] = start.argv;
  assert.deepEqual([stub, verb], ['tsoci-init', 'restore']);
  assert.deepEqual(rest.slice(0, 3), ['/b/rootfs', '/i', '/w']);
  assert.deepEqual(rest.slice(3, rest.indexOf('--')), ['d', '/data', 'f', '/etc/hosts']);
  assert.deepEqual(rest.slice(rest.indexOf('--') + 1), ['/usr/sbin/criu', 'swrk', String(socketNumber)]);
  assert.deepEqual([...open.values()], ['stub']);
  close();
  assert.equal(open.size, 0);
});

test('streams of others come back under their old names: ours, or those that the caller gives', () => {
  const own = openRestore(machine().host, request());
  assert.deepEqual(own.start.inherited, [0], 'two streams of one pipe are one file');
  assert.deepEqual(own.options.inherit_fd, [{ key: 'pipe:[1]', fd: socketNumber + 1 }]);
  const given = openRestore(machine().host, request({}, { given: [70, 71, 72] }));
  assert.deepEqual(given.start.inherited, [70]);
});

test('namespaces of others: those of networks and pids are opened, others are joined by path', () => {
  const { host, open } = machine();
  const namespaces = [
    { type: 'network', path: '/run/netns/a' },
    { type: 'ipc', path: '/run/ipc' },
  ] as const;
  const { start, options, own, close } = openRestore(host, request({ linux: { namespaces } }));
  assert.deepEqual(options.join_ns, [{ ns: 'ipc', ns_file: '/run/ipc' }]);
  assert.deepEqual(options.inherit_fd?.[1], { key: 'extRootNetNS', fd: socketNumber + 2 });
  assert.equal(open.get(start.inherited[1] ?? -1), '/run/netns/a');
  open.set(300, 'of CRIU');
  own(300);
  close();
  assert.equal(open.size, 0, 'also what was added later');
});

test('what cannot be opened is named, and nothing stays open', () => {
  const namespaces = [
    { type: 'network', path: '/run/netns/a' },
    { type: 'pid', path: '/gone' },
  ] as const;
  const { host, open } = machine(['/gone']);
  assertRefused(
    () => openRestore(host, request({ linux: { namespaces } })),
    'invalid',
    '/linux/namespaces',
    /cannot open the namespace "\/gone": ENOENT/,
  );
  assert.equal(open.size, 0);
  const without = machine(['stub']);
  assertRefused(
    () => openRestore(without.host, request()),
    'system',
    undefined,
    /the stub .* cannot be read/,
  );
  assert.equal(without.open.size, 0);
});

test.run();
