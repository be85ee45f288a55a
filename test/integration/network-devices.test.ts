/** linux.netDevices with real interfaces: a veth pair in a network namespace that is the test's own. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import type { ConfigChange } from './support/bundle.ts';
import { runCommand, runtimeCommand, runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';

const test = suite(`network devices (${runtimeKind})`);

const make = 'ip link add tsocia type veth peer name tsocib';
const able = spawnSync('unshare', ['-n', 'sh', '-c', make]).status === 0;

/** Runs a shell script with a veth pair `tsocia`, `tsocib` in a namespace that ends with it. */
const inNamespace = (script: string) =>
  runCommand([
    'unshare',
    '-n',
    'sh',
    '-ec',
    `${make}; ip addr add 10.9.8.7/24 dev tsocia; ip link set tsocia up; ${script}`,
  ]);

const tsoci = (sandbox: Sandbox) => `${runtimeCommand.join(' ')} --root ${sandbox.root}`;

const moving: ConfigChange = (config) => {
  if (config.linux) config.linux.netDevices = { tsocia: { name: 'net0' } };
};

function testDevices(name: string, body: (sandbox: Sandbox) => Promise<void>): void {
  testWhere(test, able, 'no veth interfaces here', name, () => withSandbox(body));
}

testDevices(
  'a device arrives under its new name, up, with its address, and is gone from where it was',
  async (sandbox) => {
    const bundle = sandbox.script('ip addr show dev net0', moving);
    const { stdout } = expectSuccess(
      await inNamespace(
        `${tsoci(sandbox)} run --bundle ${bundle.directory} ${sandbox.id()}; ip link show tsocia 2>/dev/null || echo moved`,
      ),
    );
    assert.match(stdout, /net0@.*[<,]UP[,>]/);
    assert.match(stdout, /inet 10\.9\.8\.7\/24 scope global net0/);
    assert.match(stdout, /moved\n$/);
  },
);

testDevices('a create that fails later gives it back as it was', async (sandbox) => {
  const bundle = sandbox.script('true', (config) => {
    moving(config);
    config.hooks = { createRuntime: [{ path: '/bin/false' }] };
  });
  const { stdout, stderr } = expectSuccess(
    await inNamespace(
      `${tsoci(sandbox)} create --bundle ${bundle.directory} ${sandbox.id()} </dev/null || true; ip addr show dev tsocia`,
    ),
  );
  assert.match(stderr, /hooks\.createRuntime\[0\]/);
  assert.match(stdout, /tsocia@.*[<,]UP[,>]/);
  assert.match(stdout, /inet 10\.9\.8\.7\/24 scope global tsocia/);
});

testDevices('a device that is not there is named, and nothing is made', async (sandbox) => {
  const bundle = sandbox.script('true', (config) => {
    if (config.linux) config.linux.netDevices = { nothere: {} };
  });
  const id = sandbox.id();
  const result = await inNamespace(`${tsoci(sandbox)} run --bundle ${bundle.directory} ${id}`);
  expectRefusal(result, /"nothere" does not exist on the host/);
  assert.deepEqual(sandbox.leftovers(), []);
});

test.run();
