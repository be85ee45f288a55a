import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { forbidsSetGroups, hasMapHelper, writeIdMaps } from '../../../../src/container/create/id-maps.ts';
import { Failure } from '../../../../src/failure.ts';
import type { FileStatus, Native } from '../../../../src/host/native.ts';
import { programPath } from '../../../../src/host/program-directories.ts';
import { watchingWait } from '../../../../src/host/wait.ts';
import type { Linux } from '../../../../src/spec/config.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { systemError } from '../../launch/fake-stub.ts';

const test = suite('id maps');

const map = (hostID: number, size = 1) => [{ containerID: 0, hostID, size }];

/** A machine with these helpers, on which user `uid` of group `gid` calls. */
function machine(uid: number, gid: number, helpers: Readonly<Record<string, number>> = {}) {
  const writes: [string, string][] = [];
  const runs: (readonly string[])[] = [];
  const open = new Map<number, string>();
  const running: string[] = [];
  const calls: Partial<Native> = {
    userId: () => uid,
    groupId: () => gid,
    writeFile: (path, data) => {
      writes.push([path, String(data)]);
    },
    open: (path) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      if (!path.startsWith('/usr/bin/') || helpers[name] === undefined) throw systemError('ENOENT', 2);
      open.set(50 + open.size, name);
      return 49 + open.size;
    },
    close: (descriptor) => {
      open.set(descriptor, 'closed');
    },
    spawn: ({ argv, environment }) => {
      runs.push(argv);
      assert.deepEqual(environment, [programPath]);
      running.push(argv[0] ?? '');
      return 900;
    },
    wait: () => ({ code: helpers[running.at(-1) ?? ''], signal: undefined }),
    pidfdOpen: () => {
      open.set(50 + open.size, 'pidfd');
      return 49 + open.size;
    },
    pollManyAsync: async (descriptors) => [...descriptors],
  };
  return { host: fakeHost(calls), calls, writes, runs, open };
}

async function refusalOf(work: Promise<void>): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('root writes both maps, as many lines as there are, groups first', async () => {
  const { host, writes } = machine(0, 0);
  const linux: Linux = {
    uidMappings: [...map(1000, 5), { containerID: 5, hostID: 9, size: 1 }],
    gidMappings: map(2000, 6),
  };
  await writeIdMaps(host, linux, 77);
  assert.deepEqual(writes, [
    ['/proc/77/gid_map', '0 2000 6\n'],
    ['/proc/77/uid_map', '0 1000 5\n5 9 1\n'],
  ]);
});

test('an ordinary user maps their own id alone, and gives up setgroups(2) for it', async () => {
  const { host, writes, runs } = machine(1000, 1001);
  await writeIdMaps(host, { uidMappings: map(1000), gidMappings: map(1001) }, 77);
  assert.deepEqual(writes, [
    ['/proc/77/setgroups', 'deny'],
    ['/proc/77/gid_map', '0 1001 1\n'],
    ['/proc/77/uid_map', '0 1000 1\n'],
  ]);
  assert.deepEqual(runs, []);
});

for (const blocking of [true, false]) {
  test(`subordinate ids go through the helpers (${blocking ? 'blocking' : 'on a thread'})`, async () => {
    const { host, writes, runs, open } = machine(1000, 1000, { newuidmap: 0, newgidmap: 0 });
    const linux = { uidMappings: map(1000, 2), gidMappings: [...map(1000), ...map(100_000, 9)] };
    await writeIdMaps(blocking ? host : { ...host, wait: watchingWait(host.native) }, linux, 77);
    assert.deepEqual(writes, []);
    assert.deepEqual(runs, [
      ['newgidmap', '77', '0', '1000', '1', '0', '100000', '9'],
      ['newuidmap', '77', '0', '1000', '2'],
    ]);
    assert.deepEqual(
      [...open.values()].filter((state) => state !== 'closed'),
      [],
    );
  });
}

test('a helper that refuses is named, with the file that allows it', async () => {
  const { host } = machine(1000, 1000, { newuidmap: 1, newgidmap: 0 });
  const failure = await refusalOf(writeIdMaps(host, { uidMappings: map(5, 2), gidMappings: map(5, 2) }, 77));
  assert.match(failure.message, /newuidmap refused to map ids "0 5 2"/);
  assert.match(failure.hint ?? '', /\/etc\/subuid/);
  assert.equal(failure.pointer, '/linux/uidMappings');
});

test('a helper that is not installed is named', async () => {
  const { host } = machine(1000, 1000);
  const failure = await refusalOf(writeIdMaps(host, { uidMappings: map(1000), gidMappings: map(5, 2) }, 77));
  assert.equal(failure.code, 'unsupported');
  assert.match(failure.message, /newgidmap, which is not installed/);
});

test('a map that the kernel refuses is shown', async () => {
  const { host, calls } = machine(0, 0);
  calls.writeFile = () => {
    throw systemError('EINVAL', 22);
  };
  const failure = await refusalOf(writeIdMaps(host, { uidMappings: map(1), gidMappings: map(2) }, 77));
  assert.match(failure.message, /cannot map ids "0 2 1": EINVAL/);
  assert.equal(failure.pointer, '/linux/gidMappings');
});

test('a map of more than a page is not shown but explained', async () => {
  const { host, calls } = machine(0, 0);
  calls.writeFile = () => {
    throw systemError('EINVAL', 22);
  };
  const gidMappings = Array.from({ length: 330 }, (_, index) => ({
    containerID: index,
    hostID: 1_000_000 + 2 * index,
    size: 1,
  }));
  const failure = await refusalOf(writeIdMaps(host, { uidMappings: map(0), gidMappings }, 900));
  assert.match(failure.message, /^cannot map 330 lines of ids: EINVAL/);
  assert.match(failure.hint ?? '', /less than a page of them .* and these are 4\d\d\d: join/);
});

test('forbidsSetGroups() is so for an ordinary user whose only group is their own', () => {
  const own = { gidMappings: map(1000) };
  assert.equal(forbidsSetGroups(machine(1000, 1000).host, own), true);
  assert.equal(forbidsSetGroups(machine(1000, 1000).host, { gidMappings: map(1000, 2) }), false);
  assert.equal(forbidsSetGroups(machine(1000, 1000).host, { gidMappings: map(5) }), false);
  assert.equal(forbidsSetGroups(machine(1000, 1000).host, {}), false);
  assert.equal(forbidsSetGroups(machine(0, 1000).host, own), false);
});

test('hasMapHelper() looks where all programs of the host are looked for', () => {
  const { native } = fakeHost({
    status: (path) => (path === '/usr/local/sbin/newuidmap' ? ({ mode: 0o104755 } as FileStatus) : undefined),
  });
  assert.equal(hasMapHelper(native, 'newuidmap'), true);
  assert.equal(hasMapHelper(native, 'newgidmap'), false);
});

test.run();
