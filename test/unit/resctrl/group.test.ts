/** linux.intelRdt, rule by rule (config-linux.md, IntelRdt), on a directory that looks like resctrl. */

import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Native } from '../../../src/host/native.ts';
import { openResctrl, removeResctrl, resctrlTasks } from '../../../src/resctrl/group.ts';
import { readSchemata, writeSchemata } from '../../../src/resctrl/schemata.ts';
import type { IntelRdt } from '../../../src/spec/config.ts';
import { native, withDirectory } from '../container/support.ts';
import { assertRefused } from '../refusal.ts';

const test = suite('resctrl');

interface Tree {
  readonly root: string;
  /** Everything that was written, in order: `class line`. */
  readonly written: string[];
  readonly native: Native;
  open(config: IntelRdt | undefined): ReturnType<typeof openResctrl>;
  makeClass(name: string, schemata: string): void;
}

/** As the kernel does: a new class has files from the start, and goes away with them. */
const withTree = (body: (tree: Tree) => unknown) =>
  withDirectory((root) => {
    const written: string[] = [];
    const files = ['schemata', 'tasks'];
    const fill = (directory: string, schemata: string) => {
      for (const name of files) writeFileSync(join(directory, name), name === 'schemata' ? schemata : '');
      mkdirSync(join(directory, 'mon_groups'));
    };
    fill(root, 'L3:0=ff\nMB:0=100\n');
    const fake: Native = {
      ...native,
      makeDirectory: (path, mode) => {
        native.makeDirectory(path, mode);
        if (!path.includes('mon_groups')) fill(path, 'L3:0=ff\nMB:0=100\n');
      },
      removeDirectory: (path) => {
        for (const name of files) if (existsSync(join(path, name))) native.unlink(join(path, name));
        if (existsSync(join(path, 'mon_groups'))) rmdirSync(join(path, 'mon_groups'));
        native.removeDirectory(path);
      },
      writeFile: (path, data) => {
        native.writeFile(path, data);
        const name = path.slice(root.length + 1).replace(/\/?schemata$/, '');
        written.push(`${name} ${String(data).trim()}`);
      },
    };
    return body({
      root,
      written,
      native: fake,
      open: (config) => openResctrl(fake, root, config, 'box'),
      makeClass: (name, schemata) => {
        mkdirSync(join(root, name));
        fill(join(root, name), schemata);
      },
    });
  });

const there = (tree: Tree, path: string) => existsSync(join(tree.root, path));

test('without intelRdt nothing is looked at', () =>
  withTree(({ root }) => assert.equal(openResctrl({} as Native, root, undefined, 'box'), undefined)));

test('without a mounted resctrl it is an error', () =>
  withDirectory((root) =>
    assertRefused(
      () => openResctrl(native, root, {}, 'box'),
      'unsupported',
      '/linux/intelRdt',
      /resctrl, which is not mounted/,
    ),
  ));

test('closID "/" is the default class: nothing is made, nothing is removed', () =>
  withTree((tree) => {
    const group = tree.open({ closID: '/' });
    group?.create();
    assert.deepEqual(group?.joinPaths, [`${tree.root}/tasks`]);
    assert.deepEqual(group?.saved, []);
    group?.remove();
    assert.ok(there(tree, 'tasks'));
    assert.deepEqual(tree.written, []);
  }));

test('without closID the class has the container’s id, and goes with it', () =>
  withTree((tree) => {
    const group = tree.open({});
    assert.ok(!there(tree, 'box'));
    group?.create();
    assert.ok(there(tree, 'box'));
    assert.deepEqual(group?.joinPaths, [`${tree.root}/box/tasks`]);
    assert.deepEqual(tree.written, []);
    removeResctrl(tree.native, group?.saved ?? []);
    assert.ok(!there(tree, 'box'));
    // What is gone already is fine.
    removeResctrl(tree.native, group?.saved ?? []);
  }));

test('resctrlTasks() are the files that create has the first process enter', () =>
  withTree((tree) => {
    for (const config of [
      {},
      { closID: '/' },
      { closID: 'gold', schemata: ['L3:0=f'] },
      { enableMonitoring: true },
    ])
      assert.deepEqual(resctrlTasks(tree.root, config, 'box'), tree.open(config)?.joinPaths);
    assert.deepEqual(resctrlTasks(tree.root, { closID: 'gold', enableMonitoring: true }, 'box'), [
      `${tree.root}/gold/tasks`,
      `${tree.root}/gold/mon_groups/box/tasks`,
    ]);
    assert.deepEqual(resctrlTasks(tree.root, undefined, 'box'), []);
  }));

test('without closID a directory that was there before stays', () =>
  withTree((tree) => {
    tree.makeClass('box', '');
    const group = tree.open({});
    group?.create();
    group?.remove();
    assert.deepEqual(group?.saved, []);
    assert.ok(there(tree, 'box'));
  }));

test('schemata are written in their order: cache, bandwidth, then the rest', () =>
  withTree((tree) => {
    tree.open({ schemata: ['L2:0=f', 'MB:1=5'], memBwSchema: 'MB:0=70', l3CacheSchema: 'L3:0=f0' })?.create();
    assert.deepEqual(tree.written, ['box L3:0=f0', 'box MB:0=70', 'box L2:0=f', 'box MB:1=5']);
  }));

for (const [name, config] of Object.entries({
  cache: { l3CacheSchema: 'L3:0=f0' },
  bandwidth: { memBwSchema: 'MB:0=70' },
  schemata: { schemata: ['L2:0=f'] },
})) {
  test(`${name} alone is written alone`, () =>
    withTree((tree) => {
      tree.open(config)?.create();
      assert.equal(tree.written.length, 1);
    }));
}

test('closID with schemata, not there yet: made, written, and left behind', () =>
  withTree((tree) => {
    const group = tree.open({ closID: 'gold', l3CacheSchema: 'L3:0=f0' });
    group?.create();
    assert.deepEqual(tree.written, ['gold L3:0=f0']);
    assert.deepEqual(group?.saved, []);
    assert.deepEqual(group?.joinPaths, [`${tree.root}/gold/tasks`]);
  }));

test('closID with schemata that is there: the same is fine, however it is spelled, and nothing is written', () =>
  withTree((tree) => {
    tree.makeClass('gold', '    L3:0=00f0;1=f\n    MB:0= 70\n');
    tree.open({ closID: 'gold', l3CacheSchema: 'L3:0=0F0;1=0f', memBwSchema: 'MB:0=70' })?.create();
    assert.deepEqual(tree.written, []);
  }));

for (const config of [{ l3CacheSchema: 'L3:0=1' }, { memBwSchema: 'MB:0=20' }, { schemata: ['L2:0=1'] }]) {
  test(`closID that is there with another ${Object.keys(config)[0]} is an error`, () =>
    withTree((tree) => {
      tree.makeClass('gold', 'L3:0=f\nMB:0=70\n');
      const group = tree.open({ closID: 'gold', ...config });
      assertRefused(() => group?.create(), 'invalid', '/linux/intelRdt', /exists with another schema/);
      assert.deepEqual(tree.written, []);
      assert.ok(there(tree, 'gold'));
    }));
}

test('closID alone has to be there', () =>
  withTree((tree) => {
    assertRefused(
      () => tree.open({ closID: 'gold' }),
      'invalid',
      '/linux/intelRdt/closID',
      /"gold" does not exist/,
    );
    tree.makeClass('gold', '');
    tree.open({ closID: 'gold' })?.create();
    assert.deepEqual(tree.written, []);
  }));

for (const closID of [undefined, 'gold', '/']) {
  test(`enableMonitoring below closID ${closID}: a group of its own, which goes with the container`, () =>
    withTree((tree) => {
      tree.makeClass('gold', '');
      const group = tree.open({ ...(closID !== undefined && { closID }), enableMonitoring: true });
      group?.create();
      const name = closID === '/' ? '' : `${closID ?? 'box'}/`;
      assert.ok(there(tree, `${name}mon_groups/box`));
      assert.ok(group?.joinPaths.includes(`${tree.root}/${name}mon_groups/box/tasks`));
      removeResctrl(tree.native, group?.saved ?? []);
      assert.ok(!there(tree, `${name}mon_groups/box`));
      assert.equal(there(tree, name), closID !== undefined);
    }));
}

test('a monitoring group that cannot be made is an error, and what was made is taken back', () =>
  withTree((tree) => {
    const refusing: Native = {
      ...tree.native,
      makeDirectory: (path, mode) => {
        if (path.includes('mon_groups')) throw new Error('no space');
        tree.native.makeDirectory(path, mode);
      },
    };
    const group = openResctrl(refusing, tree.root, { enableMonitoring: true }, 'box');
    assertRefused(() => group?.create(), 'system', '/linux/intelRdt', /monitoring group .*no space/);
    group?.remove();
    assert.ok(!there(tree, 'box'));
  }));

test('a schema that the kernel refuses is shown, and the class is taken back', () =>
  withTree((tree) => {
    const refusing: Native = {
      ...tree.native,
      writeFile: () => {
        throw new Error('EINVAL');
      },
    };
    const group = openResctrl(refusing, tree.root, { l3CacheSchema: 'L3:9=1' }, 'box');
    assertRefused(() => group?.create(), 'system', '/linux/intelRdt', /"L3:9=1" was refused: EINVAL/);
    group?.remove();
    assert.ok(!there(tree, 'box'));
  }));

test('readSchemata() has the names that engines know; nothing when the class is gone or not its own', () =>
  withTree((tree) => {
    tree.makeClass('box', '    L3:0=f\n    MB:0=70\n    L2:0=1\n');
    const directories = [`${tree.root}/box/mon_groups/box`, `${tree.root}/box`];
    assert.deepEqual(readSchemata(native, directories), {
      l3_cache_schema: 'L3:0=f',
      mem_bw_schema: 'MB:0=70',
    });
    assert.deepEqual(readSchemata(native, []), {});
    assert.deepEqual(readSchemata(native, [`${tree.root}/gone`]), {});
  }));

test('writeSchemata() changes all or none, and can take it back', () =>
  withTree((tree) => {
    tree.makeClass('box', 'L3:0=f\n');
    const directories = [`${tree.root}/box`];
    const undo = writeSchemata(tree.native, directories, ['L3:0=1']);
    assert.match(readFileSync(join(tree.root, 'box/schemata'), 'utf8'), /^L3:0=1\n/);
    undo();
    assert.match(readFileSync(join(tree.root, 'box/schemata'), 'utf8'), /^L3:0=f\n/);
    const refusing: Native = {
      ...tree.native,
      writeFile: (path, data) => {
        if (String(data).startsWith('MB')) throw new Error('EINVAL');
        tree.native.writeFile(path, data);
      },
    };
    assertRefused(
      () => writeSchemata(refusing, directories, ['L3:0=3', 'MB:0=1']),
      'system',
      undefined,
      /"MB:0=1" was refused/,
    );
    assert.match(readFileSync(join(tree.root, 'box/schemata'), 'utf8'), /^L3:0=f\n/);
    assertRefused(() => writeSchemata(native, [], ['x']), 'unsupported', undefined, /no class of service/);
  }));

test.run();
