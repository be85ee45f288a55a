import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { UnusableRecord } from '../../../../src/container/record/check-record.ts';
import type { ContainerRecord } from '../../../../src/container/record/record.ts';
import { removeDamaged } from '../../../../src/container/record/remove-damaged.ts';
import type { Config } from '../../../../src/spec/config.ts';
import { systemError } from '../../cgroup/fake-files.ts';
import { cgroupAt, type Scene, withScene } from '../scene.ts';

const test = suite('remove-damaged');

const config: Config = {
  ociVersion: '1.3.0',
  root: { path: 'rootfs' },
  linux: { namespaces: [{ type: 'mount' }], cgroupsPath: '/c' },
};
const failing = [{ path: '/bin/false' }];

/** Removes container `c`, of whose record this is known; cgroup2 is at /sys/fs/cgroup, with `pids` in /c. */
async function removed(
  scene: Scene,
  known: Partial<ContainerRecord>,
  kept: Partial<Config> | undefined,
  pids?: readonly number[],
) {
  const { calls, real, files } = scene;
  const at = '/sys/fs/cgroup/c';
  if (pids !== undefined) {
    files.add(at, { 'cgroup.procs': pids.map((pid) => `${pid}\n`).join(''), 'cgroup.kill': '' });
    files.add(at, { 'cgroup.freeze': '0\n', 'cgroup.events': 'frozen 0\n' });
  }
  const fake = files.native();
  const other = (path: string) => (path.startsWith('/sys/fs/cgroup/c') ? fake : real);
  calls.fileSystemType = (path) => (path === '/sys/fs/cgroup' ? 0x63677270 : real.fileSystemType(path));
  calls.readText = (path, maximum) => {
    if (path === '/sys/fs/cgroup/cgroup.controllers') return 'memory pids\n';
    return other(path).readText(path, maximum);
  };
  calls.status = (path, follow) => other(path).status(path, follow);
  calls.readTree = (path, names, maximum) => other(path).readTree(path, names, maximum);
  calls.writeFile = (path, data) => other(path).writeFile(path, data);
  calls.removeTree = (path) => other(path).removeTree(path);
  calls.readDirectory = (path) => other(path).readDirectory(path);
  await scene.add('c', {}, kept === undefined ? undefined : { ...config, ...kept });
  const lock = await scene.store.lock(scene.context.host.wait, 'c');
  try {
    await removeDamaged(scene.context, scene.store, 'c', new UnusableRecord('damaged', 'is damaged', known));
  } finally {
    lock.release();
  }
  return scene.warned.slice(1);
}

const complete = { poststop: [] as ContainerRecord['poststop'] };

test('what of the record is sound counts: its cgroup, its groups of resctrl, its temporary file', () =>
  withScene(async (scene) => {
    const { root } = scene.context;
    mkdirSync(`${root}/rdt`, { recursive: true });
    writeFileSync(`${root}/.pid.c`, '');
    scene.addCgroup('own');
    const known = { cgroup: cgroupAt('own'), resctrl: [`${root}/rdt`], temporary: `${root}/.pid.c` };
    assert.deepEqual(await removed(scene, { ...complete, ...known }, {}), []);
    assert.deepEqual(scene.files.journal, ['rmdir /cg/own']);
    assert.deepEqual([existsSync(`${root}/rdt`), existsSync(`${root}/.pid.c`)], [false, false]);
    assert.deepEqual(scene.ids, []);
    assert.equal(scene.warned[0], 'is damaged');
  }));

test('without a known cgroup, the one that its config implies is cleared', () =>
  withScene(async (scene) => {
    scene.calls.readLink = (path) => `mnt:[${path.includes('/self/') ? 1 : 2}]`;
    assert.deepEqual(await removed(scene, complete, {}, [4_194_302]), []);
    assert.deepEqual(scene.files.journal, ['write /sys/fs/cgroup/c/cgroup.kill 1', 'rmdir /sys/fs/cgroup/c']);
  }));

test('processes there that are in our own mount namespace are nobody’s whom we may kill', () =>
  withScene(async (scene) => {
    scene.calls.readLink = () => 'mnt:[1]';
    const [left] = await removed(scene, complete, {}, [4_194_302]);
    assert.match(left ?? '', /cgroup "\/sys\/fs\/cgroup\/c", which may be another's: processes 4194302/);
    assert.deepEqual(scene.files.journal, []);
    assert.deepEqual(scene.ids, [], 'the container is gone all the same');
  }));

test('a process that ends while we look at it is no stranger', () =>
  withScene(async (scene) => {
    scene.calls.readLink = (path) => {
      throw systemError('ENOENT', path);
    };
    assert.deepEqual(await removed(scene, complete, {}, [4_194_302]), []);
  }));

test('it says what stays: a cgroup that is not there, hooks that nobody knows, groups of resctrl', () =>
  withScene(async (scene) => {
    const [left] = await removed(scene, {}, undefined);
    assert.match(left ?? '', /^what stays of container "c": its processes and its cgroup, if there are any/);
    assert.match(left ?? '', /; its poststop hooks, if it had any, not run$/);
  }));

test('with a known init it is the cgroup alone that may be elsewhere', () =>
  withScene(async (scene) => {
    const init = { pid: 4_194_303, startTime: '1' };
    const linux = { ...config.linux, intelRdt: { closID: 'x' } };
    const [left] = await removed(scene, { ...complete, init }, { linux });
    assert.match(left ?? '', /its cgroup, if it has another than "\/sys\/fs\/cgroup\/c", where none is/);
    assert.match(left ?? '', /its groups in resctrl/);
  }));

test('poststop hooks run from the record, or from the copy of the config', () =>
  withScene(async (scene) => {
    const ran = (await removed(scene, { poststop: failing }, {})).filter((each) =>
      each.includes('hooks.poststop'),
    );
    assert.equal(ran.length, 1);
    scene.warned.splice(0);
    const again = await removed(scene, {}, { hooks: { poststop: [...failing, ...failing] } });
    assert.equal(again.filter((each) => each.includes('hooks.poststop')).length, 2);
  }));

test('a process that waits for start is let go by being called and told nothing', () =>
  withScene(async (scene) => {
    const called: string[] = [];
    scene.calls.isThere = (path) => path.endsWith('/start.sock') || scene.real.isThere(path);
    scene.calls.connect = (path) => {
      called.push(path.slice(path.lastIndexOf('/')));
      throw systemError('ECONNREFUSED', path);
    };
    await removed(scene, complete, {});
    assert.deepEqual(called, ['/start.sock']);
  }));

test.run();
