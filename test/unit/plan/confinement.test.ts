import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { configOf, namespacesOf, operationsOf, planOf } from './support.ts';

const test = suite('confinement');

test('sysctls are written through the private procfs, each with its place', () => {
  const plan = planOf(
    configOf((config) => (config.linux.sysctl = { 'net.ipv4.ip_forward': '1', 'net/a~b': 'x' })),
  );
  assert.deepEqual(
    operationsOf(plan, 'sysctl').map(({ from, path, value }) => [from, path, value]),
    [
      ['/linux/sysctl/net.ipv4.ip_forward', 'sys/net/ipv4/ip_forward', '1'],
      ['/linux/sysctl/net~1a~0b', 'sys/net/a~b', 'x'],
    ],
  );
  const [proc] = operationsOf(plan, 'open-proc');
  assert.ok(operationsOf(plan, 'sysctl').every((operation) => operation.proc === proc?.slot));
});

test('without a uts namespace nobody is renamed: it would be the host', () => {
  const named = configOf((config) => (config.domainname = 'example'));
  assert.equal(operationsOf(planOf(named), 'hostname').length, 1);
  assert.equal(operationsOf(planOf(named), 'domainname').length, 1);
  const { linux: _linux, ...without } = named;
  for (const config of [without, { ...named, linux: { namespaces: namespacesOf('pid', 'mount') } }]) {
    assert.deepEqual(operationsOf(planOf(config), 'hostname'), []);
    assert.deepEqual(operationsOf(planOf(config), 'domainname'), []);
  }
});

test('the loopback interface is set up in a new network namespace alone', () => {
  const withNetwork = (...names: string[]) =>
    operationsOf(
      planOf(configOf((config) => (config.linux.namespaces = namespacesOf(...names)))),
      'loopback-up',
    );
  assert.equal(withNetwork('mount', 'network').length, 1);
  assert.equal(withNetwork('mount', 'network:/n').length, 0);
  assert.equal(withNetwork('mount').length, 0);
});

test('masks are made of one device that was checked and one tmpfs, both closed afterwards', () => {
  const plan = planOf(configOf((config) => (config.linux.maskedPaths = ['/a/../b', '/c'])));
  const [device] = operationsOf(plan, 'open-device');
  const [empty] = operationsOf(plan, 'empty-tmpfs');
  assert.deepEqual([device?.path, device?.major, device?.minor], ['/dev/null', 1, 3]);
  assert.deepEqual(
    operationsOf(plan, 'mask').map((mask) => [mask.path, mask.null, mask.empty]),
    [
      ['/b', device?.slot, empty?.slot],
      ['/c', device?.slot, empty?.slot],
    ],
  );
  assert.deepEqual(
    operationsOf(plan, 'mask').map(({ ends }) => ends),
    [undefined, [device?.slot, empty?.slot]],
  );
});

test('without masks nothing is opened for them', () => {
  const plan = planOf(configOf((config) => (config.linux.maskedPaths = [])));
  assert.deepEqual(operationsOf(plan, 'open-device'), []);
  assert.deepEqual(operationsOf(plan, 'empty-tmpfs'), []);
});

test.run();
