import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { features } from '../../../src/container/mod.ts';
import { Failure } from '../../../src/failure.ts';
import { decodeMessage, type Table } from '../../../src/protobuf.ts';
import { printInfo } from '../../../src/shim/info.ts';
import { fakeHost } from '../cli/fake-host.ts';

const test = suite('shim: -info');

/** containerd's `RuntimeInfo`, as its protocol numbers the fields. */
const runtimeInfo = {
  name: [1, 'string'],
  version: [2, { version: [1, 'string'], revision: [2, 'string'] }],
  features: [4, { type_url: [1, 'string'], value: [2, 'bytes'] }],
} as const satisfies Table;

test('standard output has name, version, and the features as JSON under their type', async () => {
  const written: [number, Uint8Array][] = [];
  const host = {
    ...fakeHost({
      userId: () => 0,
      write: (descriptor, data) => void written.push([descriptor, data as Uint8Array]),
    }),
    openSeccompLibrary: async () => {
      throw new Failure('unsupported', 'no libseccomp here');
    },
  };
  await printInfo({
    host,
    environment: [],
    version: '1.2.3',
    arguments: [],
    name: 'containerd-shim-tsoci-v2',
    versionText: '',
    given: {} as never,
  });
  const [first, ...more] = written;
  assert.deepEqual([first?.[0], more], [1, []]);
  const told = decodeMessage(runtimeInfo, first?.[1] as Uint8Array);
  assert.equal(told.name, 'io.containerd.tsoci.v2');
  assert.equal(told.version?.version, '1.2.3');
  assert.equal(
    told.features?.type_url,
    'types.containerd.io/opencontainers/runtime-spec/1/features/Features',
  );
  const value = JSON.parse(new TextDecoder().decode(told.features?.value));
  const same = await features({
    host,
    root: '/',
    cgroupManager: 'cgroupfs',
    environment: () => [],
    rootless: false,
    warn: assert.fail,
  });
  assert.deepEqual(value, JSON.parse(JSON.stringify(same)));
  assert.deepEqual(value.linux.seccomp, { enabled: false });
});

test.run();
