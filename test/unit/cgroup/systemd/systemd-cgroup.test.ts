/**
 * What can be said without a systemd; test/integration has one.
 * Tests also: src/cgroup/systemd/scope-of.ts src/cgroup/systemd/stop-scope.ts
 */
import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { SavedCgroup } from '../../../../src/cgroup/saved-cgroup.ts';
import { SystemdCgroup } from '../../../../src/cgroup/systemd/systemd-cgroup.ts';
import { busNameOf, noSuchUnit, refused } from '../../../../src/cgroup/systemd/unit-manager.ts';
import { BusError } from '../../../../src/dbus/connection.ts';
import { Failure } from '../../../../src/failure.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { laterFailureOf } from '../../refusal.ts';

const test = suite('cgroups of systemd');

const tree = '/user.slice/user-7.slice/user@7.service';
const saved: SavedCgroup = {
  driver: 'systemd',
  mode: 'v2',
  rootless: true,
  hierarchies: [],
  unified: { mount: '/cg', path: `/cg${tree}/app.slice/c.scope` },
  scope: { unit: 'c.scope', slice: 'app.slice', kind: 'user' },
};

test('create() and apply() do nothing: systemd makes it around the process', async () => {
  const cgroup = new SystemdCgroup(fakeHost({}), saved);
  await cgroup.create();
  await cgroup.apply();
  assert.equal(typeof cgroup.adopt, 'function');
});

test('who is outside of the tree of the user’s systemd has it move processes; who is inside does it alone', () => {
  const attachFrom = (own: string, change: Partial<SavedCgroup> = {}) =>
    new SystemdCgroup(fakeHost({ readText: () => `0::${own}\n` }), { ...saved, ...change }).mustAttach;
  assert.equal(attachFrom('/user.slice/user-7.slice/session-1.scope'), true);
  assert.equal(attachFrom(`${tree}/app.slice/x.service`), false);
  assert.equal(attachFrom(tree), false);
  assert.equal(attachFrom(`${tree}-other`), true);
  assert.equal(attachFrom('/', { scope: { unit: 'c.scope', slice: 's', kind: 'system' } }), false);
  const elsewhere = { mount: '/cg', path: '/cg/system.slice/c.scope' };
  assert.equal(attachFrom('/', { unified: elsewhere }), false, 'no tree of a user');
});

test('systemd can move processes of whoever’s scope, where there is cgroup v2', () => {
  const attaches = (change: Partial<SavedCgroup>) =>
    new SystemdCgroup(fakeHost({}), { ...saved, ...change }).attach !== undefined;
  assert.equal(attaches({}), true);
  assert.equal(attaches({ scope: { unit: 'c.scope', slice: 's', kind: 'system' } }), true);
  assert.equal(attaches({ mode: 'hybrid' }), false);
  assert.equal(attaches({ unified: undefined }), false);
});

test('a scope that has ended by itself is not stopped', async () => {
  const looked: string[] = [];
  const host = fakeHost({
    status: (path) => void looked.push(path) as undefined,
    removeTree: () => undefined,
    isThere: () => false,
  });
  await new SystemdCgroup(host, saved).delete();
  assert.equal(looked[0], saved.unified?.path);
});

test('a cgroup without a scope is none of systemd’s', async () => {
  const { scope: _scope, ...without } = saved;
  const failure = await laterFailureOf(() => new SystemdCgroup(fakeHost({}), without).delete());
  assert.equal(failure.code, 'internal');
});

test('refused() tells what systemd would not do to which unit, and who may', () => {
  const denied = refused('start', 'c.scope', new BusError('org.freedesktop.DBus.Error.AccessDenied', 'no'));
  assert.equal(denied.message, 'systemd cannot start unit "c.scope": no');
  assert.match(denied.hint ?? '', /Run as root/);
  assert.equal(refused('stop', 'c.scope', new BusError(noSuchUnit, 'gone')).hint, undefined);
  const own = new Failure('unsupported', 'no bus');
  assert.equal(refused('start', 'c.scope', own), own);
  assert.equal(busNameOf(new BusError(noSuchUnit, 'gone')), noSuchUnit);
  assert.equal(busNameOf(own), undefined);
});

test.run();
