import { strict as assert } from 'node:assert';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { list } from '../../../src/container/list.ts';
import { Store } from '../../../src/container/record/store.ts';
import { systemError } from '../cgroup/fake-files.ts';
import { withChild, withScene } from './scene.ts';
import { recordOf } from './support.ts';

const test = suite('list');

const short = async (scene: Parameters<Parameters<typeof withScene>[0]>[0]) =>
  (await list(scene.context)).map(({ id, status, pid }) => `${id} ${status} ${pid}`);

test('all containers of the root, as people sort them; none where there is no root', () =>
  withScene((scene) =>
    withChild(async (init) => {
      for (const id of ['web10', 'web2']) await scene.add(id);
      await scene.add('app', { init });
      assert.deepEqual(await short(scene), [`app running ${init.pid}`, 'web2 stopped 0', 'web10 stopped 0']);
      rmSync(scene.context.root, { recursive: true });
      assert.deepEqual(await list(scene.context), []);
      mkdirSync(scene.context.root);
    }),
  ));

test('one whose record is damaged is in the list with what is known of it, and why is a warning', () =>
  withScene((scene) =>
    withChild(async (init) => {
      await scene.add('hurt');
      await scene.add('newer');
      await scene.add('sound');
      const write = (id: string, record: object) =>
        writeFileSync(`${scene.context.root}/${id}/state.json`, JSON.stringify(record));
      write('hurt', { ...recordOf('hurt', { init, uid: 4_000_000 }), created: 7 });
      write('newer', { ...recordOf('newer'), schema: 99 });
      assert.deepEqual(await short(scene), [`hurt damaged ${init.pid}`, 'newer newer 0', 'sound stopped 0']);
      const [hurt, newer] = await list(scene.context);
      assert.deepEqual([hurt?.created, hurt?.owner, newer?.owner], ['', '4000000', 'root']);
      assert.match(scene.warned[0] ?? '', /"hurt".* is damaged: "created" is not what it has to be/);
      assert.match(scene.warned[1] ?? '', /newer version of tsoci/);
    }),
  ));

test('of a container of which nothing can be read, its name is told', () =>
  withScene(async (scene) => {
    await scene.add('c');
    writeFileSync(`${scene.context.root}/c/state.json`, '{');
    const [found] = await list(scene.context);
    assert.deepEqual([found?.status, found?.pid, found?.bundle, found?.owner], ['damaged', 0, '', '']);
  }));

test('a directory whose create was killed before it recorded anything is no container', () =>
  withScene(async (scene) => {
    mkdirSync(`${scene.context.root}/early`, { recursive: true });
    assert.deepEqual(await list(scene.context), []);
    assert.deepEqual(scene.warned, []);
  }));

test('one that is deleted while we look is passed over', () =>
  withScene(async (scene) => {
    for (const id of ['a', 'b']) await scene.add(id);
    const original = Store.prototype.isLocked;
    Store.prototype.isLocked = function (this: Store, id) {
      if (id === 'a') rmSync(`${scene.context.root}/a`, { recursive: true });
      return original.call(this, id);
    };
    try {
      assert.deepEqual(await short(scene), ['b stopped 0']);
    } finally {
      Store.prototype.isLocked = original;
    }
  }));

test('without a procfs nobody is called stopped', () =>
  withScene(async (scene) => {
    await scene.add('c', { init: { pid: 7, startTime: '1' } });
    scene.calls.processStat = () => {
      throw systemError('EIO', '/proc/7/stat');
    };
    scene.calls.fileSystemType = () => 1;
    const thrown = await list(scene.context).catch((error: unknown) => error);
    assert.match(String(thrown), /no procfs is mounted at \/proc/);
  }));

test('the name of a user who has many containers is looked up once', () =>
  withScene(async (scene) => {
    for (const id of ['a', 'b', 'c']) await scene.add(id, { uid: 4_000_000 });
    const { native } = scene.context.host;
    const looked: string[] = [];
    const read = native.readText.bind(native);
    scene.calls.readText = (path, maximum) => {
      looked.push(path);
      return read(path, maximum);
    };
    assert.deepEqual(
      (await list(scene.context)).map(({ owner }) => owner),
      ['4000000', '4000000', '4000000'],
    );
    assert.deepEqual(looked, ['/etc/passwd']);
  }));

test.run();
