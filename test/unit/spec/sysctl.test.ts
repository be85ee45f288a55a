import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { suite } from 'uvu';
import { sysctlRules } from '../../../src/bundle/rules/sysctl.ts';
import { sysctlOwner, sysctlPath } from '../../../src/spec/sysctl.ts';
import { configOf, namespacesOf, operationsOf, planOf } from '../plan/support.ts';
import { assertRefused } from '../refusal.ts';

const test = suite('sysctl');

const paths: Readonly<Record<string, string | undefined>> = {
  'net.ipv4.ip_forward': 'net/ipv4/ip_forward',
  'net/ipv4/ip_forward': 'net/ipv4/ip_forward',
  'net.ipv4.conf.eth0/1.forwarding': 'net/ipv4/conf/eth0.1/forwarding',
  'net/ipv4/conf/eth0.1/forwarding': 'net/ipv4/conf/eth0.1/forwarding',
  'kernel.shmmax': 'kernel/shmmax',
  plain: 'plain',
  '': undefined,
  '.': undefined,
  'net/../kernel/core_pattern': undefined,
  'net./.x': undefined,
  'net//x': undefined,
  '/net/x': undefined,
  'net/x/': undefined,
  'net/.../x': 'net/.../x',
};
for (const [name, path] of Object.entries(paths)) {
  test(`sysctlPath() ${JSON.stringify(name)}`, () => assert.equal(sysctlPath(name), path));
}

const owners: Readonly<Record<string, string | undefined>> = {
  'kernel/shmmax': 'ipc',
  'kernel/shmmax/x': undefined,
  'fs/mqueue/msg_max': 'ipc',
  'fs/mqueue': undefined,
  'net/core/somaxconn': 'network',
  network: undefined,
  'kernel/hostname': 'uts',
  'user/max_user_namespaces': 'user',
  'vm/swappiness': undefined,
};
for (const [path, owner] of Object.entries(owners)) {
  test(`sysctlOwner() ${path}`, () => assert.equal(sysctlOwner(path), owner));
}

const everything = namespacesOf('mount', 'network', 'ipc', 'uts', 'user', 'pid');

function reportsOf(name: string): number {
  let reports = 0;
  const config = { ...configOf(() => {}), linux: { namespaces: everything, sysctl: { [name]: '1' } } };
  for (const { check } of sysctlRules.refuse) check(config, () => reports++);
  return reports;
}

test('what the rule lets pass is written below the directories of the namespace that the rule saw', () => {
  const part = fc.constantFrom('net', 'user', 'kernel', 'sem', 'vm', 'a', '.', '/', '..', '\\', '%2e');
  const start = fc.constantFrom('net.', 'net/', 'user.', 'kernel/', '');
  let passed = 0;
  fc.assert(
    fc.property(start, fc.array(part, { minLength: 1, maxLength: 5 }), (first, parts) => {
      const name = first + parts.join('');
      if (reportsOf(name) > 0) return;
      passed++;
      const plan = planOf(configOf((config) => (config.linux.sysctl = { [name]: '1' })));
      const [operation] = operationsOf(plan, 'sysctl');
      assert.match(operation?.path ?? '', /^sys\/(?:net\/|user\/|kernel\/sem$)/);
      assert.ok(!operation?.path.split('/').some((each) => ['', '.', '..'].includes(each)));
    }),
    { numRuns: 1500, seed: 41 },
  );
  assert.ok(passed > 50, `only ${passed} names were let pass`);
});

test('the planner refuses by itself what leads out of /proc/sys', () => {
  const config = configOf((each) => (each.linux.sysctl = { 'net/../../x': '1' }));
  assertRefused(
    () => planOf(config),
    'invalid',
    '/linux/sysctl/net~1..~1..~1x',
    /no name of a kernel parameter/,
  );
});

test.run();
