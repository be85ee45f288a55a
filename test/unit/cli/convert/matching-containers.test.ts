import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { forEachContainer, matchingContainers } from '../../../../src/cli/convert/matching-containers.ts';
import { withChild, withScene } from '../../container/scene.ts';
import { laterFailureOf } from '../../refusal.ts';
import { call } from '../commands/call.ts';

const test = suite('containers by a regular expression');

test('matchingContainers() looks anywhere in a name, unless the expression says where', () =>
  withScene(async (scene) => {
    for (const id of ['web-1', 'web-2', 'app-web', 'x']) await scene.add(id);
    for (const [pattern, ids] of [
      ['web', ['app-web', 'web-1', 'web-2']],
      ['^web', ['web-1', 'web-2']],
      ['^x$', ['x']],
      ['.', ['app-web', 'web-1', 'web-2', 'x']],
      ['.*', ['app-web', 'web-1', 'web-2', 'x']],
    ] as const)
      assert.deepEqual(await matchingContainers(scene.context, pattern), ids, pattern);
  }));

test('matchingContainers() refuses what is no expression with the reason, and one that describes nobody', () =>
  withScene(async (scene) => {
    await scene.add('web');
    for (const pattern of ['(', '[', '*', 'web{1', '\\w\\']) {
      const failure = await laterFailureOf(() => matchingContainers(scene.context, pattern));
      assert.equal(failure.code, 'invalid', pattern);
      assert.ok(failure.message.startsWith(`--regex "${pattern}": `), failure.message);
    }
    const nobody = await laterFailureOf(() => matchingContainers(scene.context, '^eb'));
    assert.deepEqual([nobody.code, nobody.message], ['not-found', 'no container matches "^eb"']);
  }));

test('an empty expression is refused by kill and delete, changes nothing, and the words for all are told', () =>
  withScene((scene) =>
    withChild(async (init) => {
      await scene.add('ended');
      await scene.add('web', { init });
      for (const words of [
        ['kill', '--regex', '', 'KILL'],
        ['delete', '--regex', ''],
        ['delete', '--force', '--regex', 'ended', ''],
      ]) {
        const failure = await laterFailureOf(() => call(words, scene.context));
        assert.equal(failure.code, 'invalid');
        assert.match(failure.message, /^--regex "": /);
        assert.match(failure.hint ?? '', /^Give \. or \.\* for all /);
      }
      assert.deepEqual(scene.ids, ['ended', 'web']);
      assert.equal(scene.context.host.native.wait(init.pid, true), undefined, 'it still runs');
      assert.equal(await call(['delete', '--regex', '^e'], scene.context), 0);
      assert.deepEqual(scene.ids, ['web'], 'positive control');
    }),
  ));

test('forEachContainer() goes on behind a failure, tells all of them, and the last is that of the command', () =>
  withScene(async ({ context, warned }) => {
    const done: string[] = [];
    const failing = async (id: string) => {
      done.push(id);
      if (id !== 'b') throw new Error(`${id} is busy`);
    };
    await assert.rejects(forEachContainer(context, ['a', 'b', 'c', 'a'], failing), /^Error: c is busy$/);
    assert.deepEqual(done, ['a', 'b', 'c'], 'each once');
    assert.deepEqual(warned, ['a is busy']);
    await forEachContainer(context, ['b'], failing);
    await forEachContainer(context, [], failing);
  }));

test.run();
