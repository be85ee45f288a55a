import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { checkConfig, validate } from '../../../src/bundle/mod.ts';
import { defaultConfig, type NewConfig, rootlessConfig } from '../../../src/library/default-config.ts';

const test = suite('configs to start from');

const makers: Readonly<Record<string, () => NewConfig>> = {
  'defaultConfig()': defaultConfig,
  'rootlessConfig()': () => rootlessConfig(1000, 100),
};

for (const [name, make] of Object.entries(makers)) {
  test(`${name} is valid as it is, and has no terminal, in front of which nobody may be`, () => {
    const config = validate('Config', make(), name);
    assert.deepEqual(checkConfig(config, { name }), []);
    assert.equal(config.process?.terminal, false);
  });

  test(`${name} gives a document of its own, of which all is the caller's to change`, () => {
    const before = JSON.stringify(make());
    spoil(make());
    assert.equal(JSON.stringify(make()), before);
  });
}

/** Empties every list of a document and overwrites every text. */
function spoil(part: object): void {
  for (const [key, value] of Object.entries(part)) {
    if (typeof value === 'object' && value !== null) spoil(value);
    else Object.assign(part, { [key]: 'spoilt' });
  }
  if (Array.isArray(part)) part.splice(0);
}

test('that of root has no user namespace; that of an ordinary user has one, in which they are root', () => {
  const types = (config: NewConfig) => config.linux.namespaces.map(({ type }) => type);
  assert.deepEqual(types(defaultConfig()), ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup']);
  const config = rootlessConfig(1000, 100);
  assert.deepEqual(types(config), ['pid', 'ipc', 'uts', 'mount', 'cgroup', 'user']);
  assert.deepEqual(config.linux.uidMappings, [{ containerID: 0, hostID: 1000, size: 1 }]);
  assert.deepEqual(config.linux.gidMappings, [{ containerID: 0, hostID: 100, size: 1 }]);
});

test.run();
