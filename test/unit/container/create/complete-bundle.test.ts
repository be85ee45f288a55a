import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { LoadedBundle } from '../../../../src/bundle/load-bundle.ts';
import { completeBundle } from '../../../../src/container/create/complete-bundle.ts';
import { Failure } from '../../../../src/failure.ts';
import type { Native } from '../../../../src/host/native.ts';
import type { Config } from '../../../../src/spec/config.ts';
import { systemError } from '../../launch/fake-stub.ts';
import { configOf } from '../../plan/support.ts';

const test = suite('completeBundle()');

/** A machine with these files, on which user `uid` calls. */
function machine(uid: number, files: Readonly<Record<string, string>>): Native {
  const calls: Partial<Native> = {
    userId: () => uid,
    groupId: () => uid,
    status: (path) => (files[path] === undefined ? undefined : ({ mode: 0 } as never)),
    readText: (path) => {
      const text = files[path];
      if (text === undefined) throw systemError('ENOENT', 2);
      return text;
    },
  };
  return calls as Native;
}

const bundleOf = (config: Config): LoadedBundle => ({
  directory: '/b',
  configPath: '/b/config.json',
  config,
  text: 'as it was',
  warnings: ['as it was'],
});

const full = {
  '/etc/passwd': 'root:x:0:0::/:/bin/sh\nmine:x:1000:1000::/:/bin/sh\n',
  '/etc/subuid': 'mine:100000:65536\n',
  '/etc/subgid': '1000:200000:65536\n',
  '/usr/bin/newuidmap': '',
  '/usr/bin/newgidmap': '',
};

test("root's bundle, and one with a user namespace, are kept as they are", () => {
  const [plain, own] = [
    bundleOf(configOf()),
    bundleOf(configOf((each) => each.linux.namespaces?.push({ type: 'user' }))),
  ];
  assert.deepEqual(completeBundle(machine(0, full), plain), { bundle: plain, added: [] });
  assert.deepEqual(completeBundle(machine(1000, full), own), { bundle: own, added: [] });
});

test('an ordinary user’s has a user namespace, also in what is kept of it', () => {
  const { bundle, added } = completeBundle(machine(1000, full), bundleOf(configOf()));
  assert.equal(added.length, 3);
  assert.deepEqual(JSON.parse(String(bundle.text)), JSON.parse(JSON.stringify(bundle.config)));
  assert.deepEqual(bundle.config.linux?.gidMappings, [
    { containerID: 0, hostID: 1000, size: 1 },
    { containerID: 1, hostID: 200_000, size: 65_536 },
  ]);
  assert.deepEqual(bundle.warnings, []);
});

test('what newuidmap would not map is not asked of it: not installed, no file, no line', () => {
  for (const missing of ['/usr/bin/newuidmap', '/etc/subuid', '/etc/passwd']) {
    const files = Object.fromEntries(Object.entries(full).filter(([path]) => path !== missing));
    const { bundle } = completeBundle(machine(1000, files), bundleOf(configOf()));
    assert.deepEqual(bundle.config.linux?.uidMappings, [{ containerID: 0, hostID: 1000, size: 1 }], missing);
    assert.equal(bundle.config.linux?.gidMappings?.length, 2, missing);
  }
});

test('a file of ids that is there and cannot be read is told by its name', () => {
  const native = machine(1000, full);
  native.readText = (path) => {
    if (path === '/etc/subgid') throw systemError('EFBIG', 27);
    return full[path as keyof typeof full];
  };
  assert.throws(() => completeBundle(native, bundleOf(configOf())), /cannot read "\/etc\/subgid": EFBIG/);
});

test('an id that this user cannot have is refused at its place', () => {
  const config = configOf((each) => (each.process.user = { uid: 0, gid: 0, additionalGids: [70_000] }));
  assert.throws(
    () => completeBundle(machine(1000, full), bundleOf(config)),
    (error: unknown) => error instanceof Failure && error.pointer === '/process/user/additionalGids/0',
  );
});

test.run();
