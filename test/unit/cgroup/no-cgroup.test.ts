import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { newCgroup } from '../../../src/cgroup/new-cgroup.ts';
import { fakeHost } from '../cli/fake-host.ts';
import { laterFailureOf } from '../refusal.ts';

const test = suite('no cgroup');

/** On a machine of which nothing may be touched. */
const none = () =>
  newCgroup(
    fakeHost({}),
    { mode: 'v2', hierarchies: [], unified: { controllers: ['memory'], mount: '/u', own: '/' } },
    { id: 'c', cgroupsPath: '/c', manager: 'disabled', rootless: false },
  );

test('nothing is made or touched, and nobody is in it', async () => {
  const cgroup = none();
  await cgroup.create();
  cgroup.checkUnused();
  assert.deepEqual([cgroup.joinPaths(), cgroup.unifiedDirectory(), cgroup.processes()], [[], undefined, []]);
  await cgroup.delete();
  assert.deepEqual(cgroup.undoCreate(), []);
});

test('says once which limits are without effect; device rules every config has', async () => {
  const cgroup = none();
  await cgroup.apply({ devices: [{ allow: false }], memory: { limit: 5 }, cpu: {}, pids: { limit: 1 } });
  assert.equal(cgroup.warnings.length, 1);
  assert.match(cgroup.warnings[0] ?? '', /without effect: linux\.resources\.memory, pids \(/);
  const quiet = none();
  await quiet.apply({ devices: [{ allow: false }] });
  await quiet.apply(undefined);
  assert.deepEqual(quiet.warnings, []);
});

test('refuses to change limits', async () => {
  const failure = await laterFailureOf(() => none().update({ memory: { limit: 5 } }, '/linux/resources'));
  assert.deepEqual([failure.code, failure.pointer], ['unsupported', '/linux/resources']);
});

test.run();
