import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { handDown } from '../../../../src/cgroup/cgroupfs/hand-down.ts';
import type { CgroupWrite } from '../../../../src/cgroup/limits/step.ts';
import type { SavedCgroup } from '../../../../src/cgroup/saved-cgroup.ts';
import { Failure } from '../../../../src/failure.ts';
import { FakeFiles } from '../fake-files.ts';

const test = suite('handDown()');
const mount = '/sys/fs/cgroup';

const saved = (mode: SavedCgroup['mode']): SavedCgroup => ({
  driver: 'cgroupfs',
  mode,
  rootless: false,
  hierarchies: [],
  unified: { mount, path: `${mount}/pod/web` },
});

const limit = (controller: string): CgroupWrite => ({
  kind: 'write',
  hierarchy: 'v2',
  controller,
  file: `${controller}.max`,
  value: '5',
  pointer: `/linux/resources/${controller}`,
});

/** The root, /pod of a type and with threads, and /pod/web as the kernel shows it below that. */
function machine(type: string, threads: string, below = 'domain'): FakeFiles {
  const fake = new FakeFiles();
  fake.add(mount, {
    'cgroup.controllers': 'cpu memory pids\n',
    'cgroup.subtree_control': 'cpu memory pids\n',
  });
  fake.add(`${mount}/pod`, {
    'cgroup.type': `${type}\n`,
    'cgroup.threads': threads,
    'cgroup.controllers': type === 'threaded' ? 'cpu pids\n' : 'cpu memory pids\n',
    'cgroup.subtree_control': '',
  });
  fake.add(`${mount}/pod/web`, { 'cgroup.type': `${below}\n` });
  return fake;
}

const caught = (work: () => void): Failure => {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  return assert.fail('it was accepted');
};

test('hands down all on v2, only what is needed on hybrid, nothing where nothing is', () => {
  for (const [mode, steps, wanted] of [
    ['v2', [], [`write ${mount}/pod/cgroup.subtree_control +cpu +memory +pids`]],
    ['hybrid', [limit('memory')], [`write ${mount}/pod/cgroup.subtree_control +memory`]],
    ['hybrid', [], []],
  ] as const) {
    const fake = machine('domain', '');
    handDown(fake.native(), saved(mode), steps);
    assert.deepEqual(fake.journal, wanted);
  }
});

test('makes the cgroup threaded where the kernel allows nothing else', () => {
  for (const type of ['threaded', 'domain threaded', 'domain invalid']) {
    const fake = machine(type, '4711\n', 'domain invalid');
    fake.refuse = (action) => (/\+memory/.test(action) ? 'EBUSY' : undefined);
    handDown(fake.native(), saved('v2'), [limit('cpu'), limit('pids')]);
    const made = fake.journal.filter((line) => line.includes('cgroup.type'));
    const web = `write ${mount}/pod/web/cgroup.type threaded`;
    assert.deepEqual(
      made,
      type === 'domain invalid' ? [`write ${mount}/pod/cgroup.type threaded`, web] : [web],
    );
  }
});

test('refuses a limit that needs a domain below processes or threads, by name, before it changes anything', () => {
  for (const [type, threads, says] of [
    ['domain', '4711\n', /"\/sys\/fs\/cgroup\/pod" holds processes/],
    ['threaded', '', /"\/sys\/fs\/cgroup\/pod" is threaded/],
    ['domain invalid', '', /"\/sys\/fs\/cgroup\/pod" is below a threaded one/],
  ] as const) {
    const fake = machine(type, threads);
    const error = caught(() => handDown(fake.native(), saved('v2'), [limit('cpu'), limit('memory')]));
    assert.equal(error.code, 'unsupported');
    assert.equal(error.pointer, '/linux/resources/memory');
    assert.match(error.message, says);
    assert.deepEqual(fake.journal, []);
  }
});

test('positive control: the same limit below an empty domain', () => {
  const fake = machine('domain', '');
  handDown(fake.native(), saved('v2'), [limit('memory')]);
  assert.equal(fake.journal.length, 1);
});

test.run();
