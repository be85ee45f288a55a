/**
 * A container's cgroup in a subgroup of its scope, and a part of it that is delegated.
 * Tests also: src/cgroup/systemd/attach-process.ts
 */
import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Cgroup } from '../../../src/cgroup/cgroup.ts';
import type { CgroupManager } from '../../../src/cgroup/cgroup-request.ts';
import { newCgroup } from '../../../src/cgroup/new-cgroup.ts';
import { attachProcess, moveBelow } from '../../../src/cgroup/systemd/attach-process.ts';
import { scopeOf } from '../../../src/cgroup/systemd/scope-of.ts';
import { assertRefused, laterFailureOf } from '../refusal.ts';
import { pauses } from '../waits.ts';
import { FakeFiles } from './fake-files.ts';

const test = suite('subgroups and delegation');

const top = '/sys/fs/cgroup';
const subgroup = 'run.oci.systemd.subgroup';
const delegate = 'run.oci.delegate-cgroup';

function machine(options = 'rw,nsdelegate'): FakeFiles {
  const files = new FakeFiles();
  const control = { 'cgroup.procs': '', 'cgroup.freeze': '0\n', 'cgroup.subtree_control': '' };
  files.add(top, { ...control, 'cgroup.controllers': 'memory pids\n' });
  files.add('/proc/self', { mountinfo: `30 24 0:27 / ${top} rw,nosuid - cgroup2 cgroup2 ${options}\n` });
  files.template = () => ({ ...control, 'pids.max': '', 'cgroup.controllers': 'memory pids\n' });
  return files;
}

interface Asked {
  readonly manager?: CgroupManager;
  readonly mode?: 'v1' | 'hybrid' | 'v2';
  readonly files?: FakeFiles;
}

function placed(annotations: Record<string, string>, asked: Asked = {}) {
  const { manager = 'systemd', mode = 'v2', files = machine() } = asked;
  const native = new Proxy(files.native(), {
    get: (target, name) => (name === 'userId' ? () => 0 : Reflect.get(target, name)),
  });
  const host = { native, wait: pauses, surroundings: {} };
  const warnings: string[] = [];
  const cgroup: Cgroup = newCgroup(
    host,
    { mode, hierarchies: [], unified: { controllers: ['memory', 'pids'], mount: top, own: '/' } },
    {
      id: 'c',
      cgroupsPath: manager === 'systemd' ? undefined : '/c',
      manager,
      annotations,
      rootless: false,
      warn: (sentence) => warnings.push(sentence),
    },
  );
  return { cgroup, warnings, host };
}

const scope = `${top}/system.slice/tsoci-c.scope`;

test('without annotations, and with an empty subgroup, the container is in the scope itself', () => {
  for (const annotations of [{}, { [subgroup]: '' }]) {
    const { cgroup, warnings } = placed(annotations as Record<string, string>);
    assert.equal(cgroup.saved.unified?.path, scope);
    assert.equal(cgroup.saved.scope?.subgroup, undefined);
    assert.deepEqual(warnings, []);
  }
});

test('the subgroup is the container’s cgroup, and the unit is still found', () => {
  const { cgroup, warnings } = placed({ [subgroup]: 's' });
  assert.equal(cgroup.saved.unified?.path, `${scope}/s`);
  assert.equal(cgroup.unifiedDirectory(), `${scope}/s`);
  assert.deepEqual(scopeOf(cgroup.saved), {
    unit: 'tsoci-c.scope',
    slice: 'system.slice',
    kind: 'system',
    path: scope,
  });
  assert.deepEqual(warnings, []);
});

test('processes are in what is delegated, limits one above; with each driver', () => {
  const both = placed({ [subgroup]: 's', [delegate]: 'd' }).cgroup;
  assert.deepEqual([both.saved.unified?.path, both.unifiedDirectory()], [`${scope}/s`, `${scope}/s/d`]);
  const alone = placed({ [delegate]: 'd' }).cgroup;
  assert.deepEqual([alone.saved.unified?.path, alone.unifiedDirectory()], [scope, `${scope}/d`]);
  const files = placed({ [delegate]: 'd' }, { manager: 'cgroupfs' }).cgroup;
  assert.deepEqual([files.saved.unified?.path, files.unifiedDirectory()], [`${top}/c`, `${top}/c/d`]);
});

test('says what is without effect, and refuses to delegate on cgroup v1', () => {
  const plain = placed({ [subgroup]: 's' }, { manager: 'cgroupfs' });
  assert.match(plain.warnings.join(), /systemd\.subgroup is without effect: it needs --systemd-cgroup/);
  assert.equal(plain.cgroup.saved.unified?.path, `${top}/c`);
  const hybrid = placed({ [subgroup]: 's' }, { mode: 'hybrid' });
  assert.match(hybrid.warnings.join(), /it needs cgroup v2/);
  assert.equal(hybrid.cgroup.saved.scope?.subgroup, undefined);
  const none = placed({ [subgroup]: 's', [delegate]: 'd' }, { manager: 'disabled' });
  assert.match(none.warnings.join(), /no cgroup, so without effect/);
  assert.equal(none.cgroup.unifiedDirectory(), undefined);
  const pointer = `/annotations/${delegate}`;
  for (const mode of ['v1', 'hybrid'] as const)
    assertRefused(() => placed({ [delegate]: 'd' }, { mode }), 'unsupported', pointer, /cgroup v1/);
});

test('a cgroup2 without nsdelegate keeps no limits from root in the container: that is said', () => {
  assert.deepEqual(placed({ [delegate]: 'd' }).warnings, []);
  for (const options of ['rw', 'rw,memory_recursiveprot'])
    assert.match(
      placed({ [delegate]: 'd' }, { files: machine(options) }).warnings.join(),
      /without nsdelegate: root in the container can change its limits/,
    );
});

test('create() makes both, limits are those of the outer, and controllers come last', async () => {
  const files = machine();
  const { cgroup } = placed({ [delegate]: 'd' }, { manager: 'cgroupfs', files });
  await cgroup.create();
  await cgroup.apply({ pids: { limit: 5 }, devices: [{ allow: true, access: 'rwm' }] });
  assert.deepEqual(
    files.journal.filter((line) => line.startsWith('mkdir')),
    [`mkdir ${top}/c`, `mkdir ${top}/c/d`],
  );
  assert.deepEqual([files.files.get(`${top}/c/pids.max`), files.files.get(`${top}/c/d/pids.max`)], ['5', '']);
  const handed = () =>
    files.journal.filter((line) => line.startsWith(`write ${top}/c/cgroup.subtree_control`));
  assert.deepEqual(handed(), [], 'nobody could be cloned into it any more');
  cgroup.handOver();
  assert.deepEqual(handed(), [`write ${top}/c/cgroup.subtree_control +memory +pids`]);
});

test('create() without permission leaves nothing delegated', async () => {
  const files = machine();
  files.refuse = (action) => (action.startsWith('mkdir') ? 'EACCES' : undefined);
  const { cgroup } = placed({ [delegate]: 'd' }, { manager: 'cgroupfs', files });
  const failure = await laterFailureOf(() => cgroup.create());
  assert.equal(failure.errno, 'EACCES');
});

test('a process is moved below the scope by our own hand, by systemd’s where that may not be', async () => {
  const files = machine();
  files.add(`${scope}/s`, { 'cgroup.procs': '' });
  const { cgroup, host } = placed({ [subgroup]: 's' }, { files });
  await moveBelow(host, cgroup.saved, 7, cgroup);
  assert.deepEqual(files.journal, [`write ${scope}/s/cgroup.procs 7`]);
  files.refuse = () => 'EACCES';
  // There is no bus here: that it was asked for says that systemd would have been.
  const refused = await laterFailureOf(() => moveBelow(host, cgroup.saved, 7, cgroup));
  const asked = await laterFailureOf(() => attachProcess(host, cgroup.saved, 7, cgroup));
  assert.equal(refused.message, asked.message);
  files.refuse = () => 'EBUSY';
  await assert.rejects(() => moveBelow(host, cgroup.saved, 7, cgroup), /EBUSY/);
});

test.run();
