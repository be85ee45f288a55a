/** Tests also: src/container/resume.ts src/container/tell-unknown.ts src/container/record/state-directory.ts */

import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { pause } from '../../../src/container/pause.ts';
import { stateDirectory } from '../../../src/container/record/state-directory.ts';
import { resume } from '../../../src/container/resume.ts';
import { tellUnknown } from '../../../src/container/tell-unknown.ts';
import { laterFailureOf } from '../refusal.ts';
import { cgroupAt, withChild, withScene } from './scene.ts';

const test = suite('pause and resume');

test('pause() freezes the cgroup, resume() lets it go, each once', () =>
  withScene((scene) =>
    withChild(async (init) => {
      scene.addCgroup('c', [], { 'cgroup.events': 'frozen 1\n' });
      await scene.add('c', { init, cgroup: cgroupAt('c') });
      await pause(scene.context, 'c');
      assert.deepEqual(scene.files.journal, ['write /cg/c/cgroup.freeze 1']);
      assert.match((await laterFailureOf(() => pause(scene.context, 'c'))).message, /already paused/);
      scene.files.files.set('/cg/c/cgroup.events', 'frozen 0\n');
      await resume(scene.context, 'c');
      assert.equal(scene.files.journal.at(-1), 'write /cg/c/cgroup.freeze 0');
      assert.match((await laterFailureOf(() => resume(scene.context, 'c'))).message, /not paused/);
    }),
  ));

test('a container without a cgroup cannot be paused', () =>
  withScene((scene) =>
    withChild(async (init) => {
      await scene.add('c', { init });
      const refusal = await laterFailureOf(() => pause(scene.context, 'c'));
      assert.equal(refusal.code, 'unsupported');
      assert.equal(scene.store.isLocked('c'), false);
    }),
  ));

test('stateDirectory() is where the state is, or would be; of what is no id, nowhere', () =>
  withScene(async (scene) => {
    assert.equal(stateDirectory(scene.context, 'c'), `${scene.context.root}/c`);
    assert.match((await laterFailureOf(() => stateDirectory(scene.context, '..'))).message, /invalid/);
  }));

test('tellUnknown() warns of slips of the keyboard always, and of other unknown names who looks closely', () =>
  withScene((scene) => {
    const told: string[] = [];
    const context = {
      ...scene.context,
      warn: (message: string, when?: string) => void told.push(`${when} ${message}`),
      debug: (message: string) => void told.push(`debug ${message}`),
    };
    tellUnknown(context, 'Config', { ociVersion: '1.3.0', hostnam: 'x', zzzzzzzz: 1 });
    assert.equal(told.length, 2, told.join('\n'));
    assert.match(told[0] ?? '', /^always hostnam: .*did you mean "hostname"/);
    assert.match(told[1] ?? '', /^debug zzzzzzzz/);
    tellUnknown(scene.context, 'Config', { zzzzzzzz: 1 });
    assert.deepEqual(scene.warned, []);
  }));

test.run();
