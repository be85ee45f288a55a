/** A --root that others could have filled: the hooks of records in it would run as whoever calls. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { type CommandResult, runCommand, runtimeCommand, runtimeKind } from '../support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from '../support/sandbox.ts';

const test = suite(`owner of the state directory (${runtimeKind})`);

/** No user of a test machine. */
const stranger = 54321;

const on = (root: string, args: readonly string[], before: readonly string[] = []): Promise<CommandResult> =>
  runCommand([...before, ...runtimeCommand, '--root', root, ...args]);

/** A root with the record of a container that never was, whose poststop hook leaves a mark. */
function trap(sandbox: Sandbox): { readonly root: string; readonly mark: string } {
  const directory = sandbox.directory();
  chmodSync(directory, 0o755);
  const [root, mark] = [join(directory, 'root'), join(directory, 'mark')];
  mkdirSync(join(root, 'trap'), { recursive: true, mode: 0o700 });
  const record = {
    schema: 1,
    id: 'trap',
    ociVersion: '1.3.0',
    bundle: '/',
    rootfs: '/',
    created: '2026-01-01T00:00:00Z',
    uid: 0,
    namespaces: [],
    startable: true,
    poststart: [],
    poststop: [{ path: '/bin/sh', args: ['sh', '-c', `: > ${mark}`] }],
    startNotes: [],
    noSetGroups: false,
  };
  writeFileSync(join(root, 'trap/state.json'), JSON.stringify(record));
  return { root, mark };
}

test("positive control: hooks of a record run in the caller's name", () =>
  withSandbox(async (sandbox) => {
    const { root, mark } = trap(sandbox);
    expectSuccess(await on(root, ['delete', 'trap']));
    assert.ok(existsSync(mark));
  }));

const doors: Readonly<Record<string, { readonly open: (root: string) => void; readonly words: RegExp }>> = {
  'somebody else owns it': {
    open: (root) => chownSync(root, stranger, 0),
    words: /is refused: it belongs to somebody else \(its owner is user 54321, its mode 0700 \(rwx------\)\)/,
  },
  'everybody may write': {
    open: (root) => chmodSync(root, 0o777),
    words: /is refused: others can write to it \(its owner is root \(?0?\)?.*mode 0777 \(rwxrwxrwx\)\)/,
  },
  'everybody may write, and it is sticky': { open: (root) => chmodSync(root, 0o1777), words: /mode 1777/ },
  'its group may write': { open: (root) => chmodSync(root, 0o770), words: /mode 0770 \(rwxrwx---\)/ },
};
for (const [name, { open, words }] of Object.entries(doors)) {
  test(`${name}: no command uses it, and no hook runs`, () =>
    withSandbox(async (sandbox) => {
      const { root, mark } = trap(sandbox);
      open(root);
      const { directory } = sandbox.bundle(['true']);
      const calls = [
        ['delete', 'trap'],
        ['delete', '--force', 'trap'],
        ['list'],
        ['state', 'trap'],
        ['start', 'trap'],
        ['kill', 'trap'],
      ];
      calls.push(['create', '--bundle', directory, 'new'], ['run', '--bundle', directory, 'new']);
      for (const args of calls) {
        const refused = await on(root, args);
        expectRefusal(refused, words);
        assert.match(refused.stderr, new RegExp(`state directory "${root}"`));
      }
      assert.ok(!existsSync(mark));
      assert.deepEqual(readFileSync(join(root, 'trap/state.json'), 'utf8').length > 0, true);
    }));
}

test('a link to such a directory is as good as the directory', () =>
  withSandbox(async (sandbox) => {
    const { root, mark } = trap(sandbox);
    chmodSync(root, 0o777);
    symlinkSync(root, `${root}-link`);
    expectRefusal(await on(`${root}-link`, ['delete', '--force', 'trap']), /others can write to it/);
    assert.ok(!existsSync(mark));
  }));

test('a directory that anybody may write to above it is fine: what was looked at is what is used', () =>
  withSandbox(async (sandbox) => {
    for (const mode of [0o1777, 0o777]) {
      const parent = sandbox.directory();
      chmodSync(parent, mode);
      const { directory } = sandbox.bundle(['true']);
      expectSuccess(await on(join(parent, 'root'), ['run', '--bundle', directory, sandbox.id()]));
      expectSuccess(await on(join(parent, 'root'), ['list']));
    }
  }));

test('swapped for a trap while it is used: no hook of it runs', () =>
  withSandbox(async (sandbox) => {
    const { root, mark } = trap(sandbox);
    chownSync(root, stranger, stranger);
    chownSync(join(root, 'trap'), stranger, stranger);
    const good = join(root, '../good');
    mkdirSync(good, { mode: 0o700 });
    const name = join(root, '../name');
    symlinkSync(good, name);
    // Turns the name into the trap and back, as fast as it can.
    const swapper = `
      const fs = require('fs'); const [name, good, bad] = process.argv.slice(1);
      for (const end = Date.now() + 6000; Date.now() < end; )
        for (const target of [bad, good]) { fs.symlinkSync(target, name + '.new'); fs.renameSync(name + '.new', name); }`;
    const swapping = runCommand([process.execPath, '-e', swapper, name, good, root]);
    const seen = { refused: 0, absent: 0 };
    for (const end = Date.now() + 5000; Date.now() < end; ) {
      const { stderr } = await on(name, ['delete', 'trap']);
      if (/is refused: it belongs to somebody else/.test(stderr)) seen.refused++;
      else if (/does not exist/.test(stderr)) seen.absent++;
      else assert.fail(stderr);
    }
    expectSuccess(await swapping);
    assert.ok(seen.refused > 0 && seen.absent > 0, JSON.stringify(seen));
    assert.ok(!existsSync(mark));
  }));

test("an ordinary user's own, root's for reading, and nobody's", () =>
  withSandbox(async (sandbox) => {
    const { root } = trap(sandbox);
    const asUser = ['setpriv', `--reuid=${stranger}`, '--clear-groups', `--regid=${stranger}`];
    // Root's own, which this user may read: root is trusted.
    for (const path of [root, join(root, 'trap')]) chmodSync(path, 0o755);
    chmodSync(join(root, 'trap/state.json'), 0o644);
    if (runtimeKind === 'executable')
      assert.match((await on(root, ['list', '-q'], asUser)).stdout, /^trap$/m);
    execFileSync('chown', ['-R', String(stranger), root]);
    const listed = await on(root, ['list', '-q'], asUser);
    assert.equal(expectSuccess(listed).stdout, 'trap\n');
    chownSync(root, stranger + 1, stranger);
    expectRefusal(await on(root, ['list'], asUser), /its owner is user 54322/);
  }));

test('in a user namespace: the root of it is, an owner outside of its map is named as that', () =>
  withSandbox(async (sandbox) => {
    const { root } = trap(sandbox);
    const inside = ['unshare', '--user', '--map-root-user'];
    assert.match((await on(root, ['list', '-q'], inside)).stdout, /^trap$/m);
    chownSync(root, stranger, stranger);
    chmodSync(root, 0o755);
    expectRefusal(
      await on(root, ['list'], inside),
      /its owner is 65534, whom this user namespace does not know/,
    );
    // Without any map, everybody is 65534, we too.
    chownSync(root, 0, 0);
    assert.match((await on(root, ['list', '-q'], ['unshare', '--user'])).stdout, /^trap$/m);
  }));

test.run();
