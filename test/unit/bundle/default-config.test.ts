import { strict as assert } from 'node:assert';
import { test } from 'uvu';
import { defaultConfig, rootlessConfig } from '../../../src/bundle/default-config.ts';
import { checkConfig } from '../../../src/bundle/rules/rules.ts';
import { hasShape } from '../../../src/bundle/schema/explain.ts';
import { findUnknownProperties } from '../../../src/bundle/schema/unknown-properties.ts';
import type { Config } from '../../../src/spec/config.ts';

const CONFIGS: readonly (readonly [string, Config])[] = [
  ['defaultConfig()', defaultConfig()],
  ['rootlessConfig()', rootlessConfig(1000, 1001)],
];

for (const [name, config] of CONFIGS) {
  test(`${name} is valid, without warnings or unknown properties`, () => {
    assert.ok(hasShape('Config', config));
    assert.deepEqual(checkConfig(config, { name }), []);
    assert.deepEqual(findUnknownProperties('Config', config), []);
  });
}

test('defaultConfig() is a new object each time', () => {
  const first = defaultConfig() as unknown as { mounts: unknown[] };
  first.mounts.length = 0;
  assert.equal(defaultConfig().mounts?.length, 7);
});

test('defaultConfig() drops what a shell does not need', () => {
  const { process, root, linux } = defaultConfig();
  assert.equal(process?.noNewPrivileges, true);
  assert.equal(root?.readonly, true);
  assert.deepEqual(process?.capabilities?.bounding, ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE']);
  assert.equal(process?.capabilities?.ambient, undefined);
  assert.deepEqual(linux?.resources?.devices?.[0], { allow: false, access: 'rwm' });
  assert.deepEqual(
    linux?.namespaces?.map(({ type }) => type),
    ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'],
  );
});

test("rootlessConfig() asks for nothing that needs more than the caller's own id", () => {
  const { linux, mounts = [] } = rootlessConfig(1000, 1001);
  assert.deepEqual(linux?.uidMappings, [{ containerID: 0, hostID: 1000, size: 1 }]);
  assert.deepEqual(linux?.gidMappings, [{ containerID: 0, hostID: 1001, size: 1 }]);
  const types = linux?.namespaces?.map(({ type }) => type) ?? [];
  assert.ok(types.includes('user'));
  assert.ok(!types.includes('network'));
  assert.equal(linux?.resources, undefined);
  assert.ok(!mounts.some(({ options }) => options?.some((option) => option.startsWith('gid='))));
  assert.ok(!mounts.some(({ type }) => type === 'sysfs' || type === 'cgroup'));
});

test("rootlessConfig() shows the host's /sys read-only, down to its cgroups (CVE-2023-25809)", () => {
  const sys = rootlessConfig(1, 1).mounts?.filter(({ destination }) => destination.startsWith('/sys'));
  assert.equal(sys?.length, 1);
  assert.ok(sys?.[0]?.options?.includes('rbind'));
  assert.ok(sys?.[0]?.options?.includes('rro'));
});

test.run();
