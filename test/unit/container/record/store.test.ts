/** Tests also: src/container/record/state-files.ts */

import { strict as assert } from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { Store } from '../../../../src/container/record/store.ts';
import { blockingWait, watchingWait } from '../../../../src/host/wait.ts';
import { newDescriptors, openDescriptors } from '../../open-descriptors.ts';
import { assertRefused, laterFailureOf } from '../../refusal.ts';
import { native, recordOf, withDirectory } from '../support.ts';

const test = suite('Store');
const wait = blockingWait(native);

/** A store below a directory that is made when it is needed, and one reserved container. */
const withStore = (body: (store: Store, root: string) => unknown) =>
  withDirectory((directory) => body(new Store(native, join(directory, 'a/b')), join(directory, 'a/b')));

const permissions = (path: string) => statSync(path).mode & 0o777;

test('reserve() makes all directories for their owner alone, whatever the umask', () =>
  withStore(async (store, root) => {
    const before = process.umask(0);
    try {
      (await store.reserve(wait, 'c')).release();
      store.write(recordOf('c'));
      store.writeConfig('c', new TextEncoder().encode('{}'));
    } finally {
      process.umask(before);
    }
    for (const path of [root, join(root, '..'), join(root, 'c')]) assert.equal(permissions(path), 0o700);
    for (const name of ['state.json', 'config.json']) assert.equal(permissions(join(root, 'c', name)), 0o600);
  }));

test('reserve() refuses an id in use, and leaves what is there alone', () =>
  withStore(async (store) => {
    (await store.reserve(wait, 'c')).release();
    store.write(recordOf('c'));
    const refused = await laterFailureOf(() => store.reserve(wait, 'c'));
    assert.equal(refused.code, 'exists');
    assert.match(refused.message, /container with id "c" already exists/);
    assert.deepEqual(store.read('c'), recordOf('c'));
  }));

test('write() replaces a record whole: every reader sees the old one or the new one', () =>
  withStore(async (store, root) => {
    (await store.reserve(wait, 'c')).release();
    store.write(recordOf('c'));
    const inode = () => statSync(join(root, 'c/state.json')).ino;
    const first = inode();
    const init = { pid: 7, startTime: '1' };
    store.write(recordOf('c', { init }));
    assert.deepEqual(store.read('c').init, init);
    // Another file in its place, not the same one written over; and no temporary one beside it.
    assert.notEqual(inode(), first);
    assert.deepEqual(readdirSync(join(root, 'c')), ['state.json']);
  }));

test('write() does not follow a link that lies in its way', () =>
  withStore(async (store, root) => {
    (await store.reserve(wait, 'c')).release();
    const prey = join(root, 'prey');
    writeFileSync(prey, 'whole');
    symlinkSync(prey, join(root, 'c/state.json.new'));
    assertRefused(
      () => store.write(recordOf('c')),
      'system',
      undefined,
      /cannot write the state of container "c"/,
    );
    assert.equal(readFileSync(prey, 'utf8'), 'whole');
  }));

test('replaceConfig() replaces it whole, also after an update that was killed', () =>
  withStore(async (store, root) => {
    (await store.reserve(wait, 'c')).release();
    store.writeConfig('c', new TextEncoder().encode('{"a":1}'));
    writeFileSync(join(root, 'c/state.json.new'), 'left behind');
    store.replaceConfig('c', new TextEncoder().encode('{"a":2}'));
    assert.equal(readFileSync(store.configPath('c'), 'utf8'), '{"a":2}');
    assert.deepEqual(readdirSync(join(root, 'c')), ['config.json']);
  }));

test('lock() excludes a second Store and another process, until it is released', () =>
  withStore(async (store, root) => {
    const other = new Store(native, root);
    const tryElsewhere = () => spawnSync('flock', ['--nonblock', join(root, 'c'), 'true']).status;
    const lock = await store.reserve(wait, 'c');
    assert.equal(other.isLocked('c'), true);
    assert.equal(tryElsewhere(), 1);
    lock.release();
    lock.release();
    assert.equal(other.isLocked('c'), false);
    assert.equal(tryElsewhere(), 0);
    const again = await other.lock(wait, 'c');
    assert.equal(store.isLocked('c'), true);
    again.release();
  }));

test('lock() waits for another process', () =>
  withStore(async (store, root) => {
    (await store.reserve(wait, 'c')).release();
    const directory = join(root, 'c');
    // Holds the lock for a while and writes when it lets go.
    const script = `flock "${directory}" sh -c 'echo held; sleep 0.3; echo x > "${directory}/done"' &
      while ! [ -e "${directory}/done" ] && flock --nonblock "${directory}" true; do sleep 0.01; done`;
    assert.equal(spawnSync('sh', ['-c', script], { stdio: 'ignore' }).status, 0);
    const lock = await store.lock(wait, 'c');
    assert.ok(readdirSync(directory).includes('done'));
    lock.release();
  }));

test('lock() on an event loop lets whoever holds it go on: a second call waits for its turn', () =>
  withStore(async (store, root) => {
    const watching = watchingWait(native);
    const first = await store.reserve(watching, 'c');
    const order: string[] = [];
    const others = ['second', 'third', 'fourth'].map(async (name) => {
      const lock = await new Store(native, root).lock(watching, 'c');
      order.push(name);
      await watching.pause(5);
      order.push(name);
      lock.release();
    });
    // Held across a timer, as create holds it across its waits.
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual(order, []);
    first.release();
    await Promise.all(others);
    assert.deepEqual(order, ['second', 'second', 'third', 'third', 'fourth', 'fourth']);
  }));

test('lock() on an event loop: another process that holds it does not stop the loop', () =>
  withStore(async (store, root) => {
    const watching = watchingWait(native);
    (await store.reserve(watching, 'c')).release();
    const holder = spawn('flock', [join(root, 'c'), 'sh', '-c', 'echo held; sleep 0.3'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    let ticks = 0;
    const ticker = setInterval(() => {
      ticks += 1;
    }, 10);
    const lock = await store.lock(watching, 'c');
    clearInterval(ticker);
    lock.release();
    assert.ok(ticks >= 5, `${ticks} ticks`);
  }));

const missing: Readonly<Record<string, (store: Store) => unknown>> = {
  read: (store) => store.read('nobody'),
  lock: (store) => store.lock(wait, 'nobody'),
  isLocked: (store) => store.isLocked('nobody'),
};
for (const [name, act] of Object.entries(missing)) {
  test(`${name}() of a container that is not there says so in the words that engines match`, () =>
    withStore(async (store) => {
      const refused = await laterFailureOf(() => act(store));
      assert.equal(refused.code, 'not-found');
      assert.match(refused.message, /container does not exist: "nobody"/);
    }));
}

test('a bad id never becomes a path', () =>
  withStore(async (store) => {
    for (const id of ['..', '.', 'a/b', ''])
      for (const act of [
        () => store.directory(id),
        () => store.configPath(id),
        () => store.startSocketPath(id),
        () => store.hasStartSocket(id),
        () => store.read(id),
        () => store.lock(wait, id),
        () => store.remove(id),
      ])
        assert.equal((await laterFailureOf(act)).code, 'invalid');
  }));

const damaged: Readonly<Record<string, string>> = {
  empty: '',
  'cut off': '{"schema":1,"id":"c"',
  'not an object': '[]',
  null: 'null',
  'without a schema': '{"id":"c"}',
  'with a schema that is no number': '{"schema":"1","id":"c"}',
  'that of another container': JSON.stringify(recordOf('other')),
  binary: '\0\u00ff',
};
for (const [name, text] of Object.entries(damaged)) {
  test(`read() tells of a record that is damaged: ${name}`, () =>
    withStore(async (store, root) => {
      (await store.reserve(wait, 'c')).release();
      writeFileSync(join(root, 'c/state.json'), text);
      assertRefused(
        () => store.read('c'),
        'internal',
        undefined,
        /the state of container "c" in ".*" is damaged/,
      );
    }));
}

test('read() says of a record of a newer version that it is one, and of an impossible one that it is damaged', () =>
  withStore(async (store, root) => {
    (await store.reserve(wait, 'c')).release();
    const write = (schema: unknown) =>
      writeFileSync(join(root, 'c/state.json'), JSON.stringify({ ...recordOf('c'), schema }));
    write(2);
    assertRefused(
      () => store.read('c'),
      'unsupported',
      undefined,
      /written by a newer version of tsoci \(record version 2; this one reads 1\)/,
    );
    for (const schema of [0, -1, 1.5, '1', null]) {
      write(schema);
      assertRefused(() => store.read('c'), 'internal', undefined, /is damaged: .*"schema"/);
    }
  }));

test('tryRead() misses a record that was there: the copy of the config still is', () =>
  withStore(async (store) => {
    (await store.reserve(wait, 'c')).release();
    store.writeConfig('c', new TextEncoder().encode('{}'));
    assertRefused(() => store.tryRead('c'), 'internal', undefined, /"\S+\/c\/state.json" is missing/);
  }));

test('tryRead() is undefined for a directory without a record', () =>
  withStore(async (store) => {
    (await store.reserve(wait, 'c')).release();
    assert.equal(store.tryRead('c'), undefined);
  }));

test('ids() are those of containers, sorted as people sort; none without a state directory', () =>
  withStore(async (store, root) => {
    assert.deepEqual(store.ids(), []);
    for (const id of ['b10', 'b9', 'a']) (await store.reserve(wait, id)).release();
    mkdirSync(join(root, 'not an id'));
    assert.deepEqual(store.ids(), ['a', 'b9', 'b10']);
  }));

test("listing() reads what it listed, whatever has the root's name by then", () =>
  withStore(async (store, root) => {
    const other = `${root}-other`;
    for (const [place, bundle] of [
      [root, '/listed'],
      [other, '/another'],
    ] as const) {
      const each = new Store(native, place);
      (await each.reserve(wait, 'c')).release();
      each.write(recordOf('c', { bundle }));
    }
    const opened = openDescriptors(native);
    store.listing((ids) => {
      assert.deepEqual(ids, ['c']);
      renameSync(root, `${root}-before`);
      renameSync(other, root);
      assert.equal(store.read('c').bundle, '/listed');
      // A lock is that of what has the name: none could be had for good of what has it no more.
      assert.equal(store.isLocked('c'), false);
    });
    assert.equal(store.read('c').bundle, '/another');
    assert.throws(() =>
      store.listing(() => {
        throw new Error('in between');
      }),
    );
    assert.equal(store.read('c').bundle, '/another');
    assert.deepEqual(newDescriptors(native, opened), []);
  }));

test('listing() looks at the root once for all that is read meanwhile', () =>
  withStore(async (plain, root) => {
    for (const id of ['a', 'b', 'c']) {
      (await plain.reserve(wait, id)).release();
      plain.write(recordOf(id));
    }
    let opened = 0;
    const counting: typeof native = {
      ...native,
      open: (path, flags, mode) => {
        if (path === root) opened++;
        return native.open(path, flags, mode);
      },
    };
    const store = new Store(counting, root);
    store.listing((ids) => {
      for (const id of ids) assert.equal(store.hasStartSocket(store.read(id).id), false);
    });
    assert.equal(opened, 1);
    store.read('a');
    assert.equal(opened, 2);
  }));

test('remove() takes away all that is ours, and is content with what is gone', () =>
  withStore(async (store, root) => {
    (await store.reserve(wait, 'c')).release();
    store.write(recordOf('c'));
    store.writeConfig('c', new Uint8Array());
    for (const name of ['start.sock', 'state.json.new']) writeFileSync(join(root, 'c', name), '');
    store.remove('c');
    store.remove('c');
    assert.deepEqual(readdirSync(root), []);
  }));

test('remove() does not take away what it does not know', () =>
  withStore(async (store, root) => {
    (await store.reserve(wait, 'c')).release();
    writeFileSync(join(root, 'c/precious'), '');
    assert.throws(() => store.remove('c'));
    assert.deepEqual(readdirSync(join(root, 'c')), ['precious']);
  }));

test.run();
