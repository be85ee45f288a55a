import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import type { Host } from '../../../src/host/host.ts';
import { encodeMessage } from '../../../src/protobuf.ts';
import { socketDirectory, socketPath } from '../../../src/shim/address.ts';
import { readArguments } from '../../../src/shim/arguments.ts';
import {
  bootstrapParams,
  bootstrapResult,
  readBootstrap,
  writeBootstrap,
} from '../../../src/shim/bootstrap.ts';
import { sha256 } from '../../../src/shim/sha256.ts';
import { groupOf, ownerOf, wantsSystemd } from '../../../src/shim/task/bundle.ts';
import { any } from '../../../src/shim/task/messages.ts';
import { noOptions, readOptions, runcOptions, runtimeOptions } from '../../../src/shim/task/options.ts';
import { assertRefused } from '../refusal.ts';

const test = suite('shim: what it is started with');
const bytes = (text: string) => new TextEncoder().encode(text);

test('sha256() says what others say, around the borders of its blocks', () => {
  for (const length of [0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 1000]) {
    const text = 'aé'.repeat(length).slice(0, length);
    assert.equal(sha256(text), createHash('sha256').update(text).digest('hex'));
  }
});

test('readArguments(): one dash or two, = or the next word, and the first other word is what to do', () => {
  const words =
    '-namespace k8s.io --address=/run/c.sock -publish-binary /usr/bin/containerd -id a -debug start -id b';
  const { namespace, address, id, debug, action, info } = readArguments(words.split(' '));
  assert.deepEqual(
    [namespace, address, id, debug, action, info],
    ['k8s.io', '/run/c.sock', 'a', true, 'start', false],
  );
  assert.equal(readArguments(['-info']).info, true);
  assert.equal(readArguments(['-debug=false']).debug, false);
  assertRefused(() => readArguments(['-id']), 'invalid', undefined, /-id needs a value/);
  assertRefused(() => readArguments(['-nothing']), 'invalid', undefined, /-nothing is unknown/);
});

const runc = {
  type_url: 'containerd.runc.v1.Options',
  value: encodeMessage(runcOptions, { systemd_cgroup: true }),
};

test('readBootstrap(): options alone, or the message of containerd 2.3, which names the container', () => {
  assert.deepEqual(readBootstrap(new Uint8Array(0), 'a', 'n'), { options: undefined, params: undefined });
  const old = readBootstrap(encodeMessage(any, runc), 'a', 'n');
  assert.deepEqual([old.options?.type_url, old.params], [runc.type_url, undefined]);
  assert.equal(new TextDecoder().decode(writeBootstrap('unix:///s', old)), 'unix:///s');
  const params = {
    instance_id: 'a',
    namespace: 'n',
    extensions: [{ value: { type_url: 'other' } }, { value: runc }],
    socket_dir: '/run/other',
  };
  const fresh = readBootstrap(encodeMessage(bootstrapParams, params), 'a', 'n');
  assert.deepEqual([fresh.options?.type_url, fresh.params?.socket_dir], [runc.type_url, '/run/other']);
  assert.deepEqual(
    writeBootstrap('unix:///s', fresh),
    encodeMessage(bootstrapResult, { version: 3, address: 'unix:///s', protocol: 'ttrpc' }),
  );
  // The same bytes mean options to whoever is another container.
  assert.equal(readBootstrap(encodeMessage(bootstrapParams, params), 'b', 'n').params, undefined);
});

const native = { readText: (path: string) => (path === '/o.toml' ? toml : '') };
const toml = `# a comment
[options]
  SystemdCgroup = true
  Root = "/run/other" # where
  NoPivotRoot=false
  IoUid = 1000
  Group = 'node'
`;
const generic = (options: Parameters<typeof encodeMessage<typeof runtimeOptions>>[1]) => ({
  type_url: 'type.googleapis.com/runtimeoptions.v1.Options',
  value: encodeMessage(runtimeOptions, options),
});

test('socketDirectory(): what containerd names, else the usual one, else that of the user’s session', () => {
  const host = (uid: number, session?: string) =>
    ({ native: { userId: () => uid }, surroundings: { XDG_RUNTIME_DIR: session } }) as unknown as Host;
  assert.equal(socketDirectory(host(0), '/run/k3s/s'), '/run/k3s/s');
  assert.equal(socketDirectory(host(0, '/run/user/0'), undefined), '/run/containerd/s');
  assert.equal(socketDirectory(host(1000, '/run/user/1000'), ''), '/run/user/1000/containerd/s');
  assert.equal(socketDirectory(host(1000), undefined), '/run/containerd/s');
  // 106 bytes are what a shim’s address may have (containerd), whatever the names are.
  assert.ok(socketPath('/run/containerd/s', 'x'.repeat(200), 'n', 'g').length <= 106);
});

test("readOptions(): runc's message, and TOML from a file or in the message", () => {
  assert.deepEqual(readOptions(native, undefined), noOptions);
  assert.deepEqual(readOptions(native, runc), { ...noOptions, systemdCgroup: true });
  const expected = { ...noOptions, systemdCgroup: true, root: '/run/other', userId: 1000, group: 'node' };
  assert.deepEqual(readOptions(native, generic({ config_path: '/o.toml' })), expected);
  assert.deepEqual(readOptions(native, generic({ config_body: bytes(toml) })), expected);
  assert.deepEqual(readOptions(native, generic({ type_url: 'x' })), noOptions);
  assert.equal(readOptions(native, generic({ config_body: bytes('BinaryName = "/x"\n') })).binary, '/x');
  assertRefused(
    () => readOptions(native, { type_url: 'x.y' }),
    'invalid',
    undefined,
    /type "x\.y" are unknown/,
  );
  assertRefused(
    () => readOptions(native, { ...runc, value: bytes('\x3a\xff') }),
    'invalid',
    undefined,
    /no such message/,
  );
});

test('wantsSystemd(): by the form of the cgroups path', () => {
  const of = (cgroupsPath: string) => wantsSystemd({ linux: { cgroupsPath } });
  assert.deepEqual(['system.slice:docker:a', ':cri:a', '/a/b', '/a:b:c', 'a:b'].map(of), [
    true,
    true,
    false,
    false,
    false,
  ]);
  assert.equal(wantsSystemd({}), false);
});

test('groupOf(): the pod of a container, for containerd and CRI-O', () => {
  assert.equal(groupOf({ 'io.kubernetes.cri.sandbox-id': 'p' }), 'p');
  assert.equal(groupOf({ 'io.kubernetes.cri-o.SandboxID': 'q' }), 'q');
  assert.equal(groupOf({ 'io.containerd.runc.v2.group': 'g', 'io.kubernetes.cri.sandbox-id': 'p' }), 'g');
  assert.equal(groupOf({ 'io.kubernetes.cri.sandbox-id': '' }), undefined);
  assert.equal(groupOf(undefined), undefined);
});

test("ownerOf(): the container's user as the host numbers it; root for one that is not mapped", () => {
  const mapping = [{ containerID: 0, hostID: 100_000, size: 10 }];
  const linux = { uidMappings: mapping, gidMappings: mapping };
  assert.deepEqual(ownerOf({ uid: 5, gid: 10 }, linux), { uid: 100_005, gid: 0 });
  assert.deepEqual(ownerOf({ uid: 5 }, {}), { uid: 5, gid: 0 });
});

test.run();
