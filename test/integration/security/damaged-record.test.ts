/** A state.json that is damaged: nothing hides behind it, neither from `list` nor from `delete --force`. */
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { cgroupsNamed } from '../support/leftovers.ts';
import { hasEnded } from '../support/processes.ts';
import { runtimeKind } from '../support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from '../support/sandbox.ts';
import { until } from '../support/wait.ts';

const test = suite(`damaged records (${runtimeKind})`);

type Fields = { [name: string]: unknown };

const fileOf = (sandbox: Sandbox, id: string) => join(sandbox.root, id, 'state.json');
const readRecord = (sandbox: Sandbox, id: string): Fields =>
  JSON.parse(readFileSync(fileOf(sandbox, id), 'utf8'));

/** What can happen to a record of a running container. */
const damages: Readonly<Record<string, (record: Fields) => string | undefined>> = {
  'an empty file': () => '',
  'one that is cut off': (record) => JSON.stringify(record).slice(0, 200),
  'no object': () => '[]',
  'a missing file': () => undefined,
  'no schema': ({ schema: _gone, ...rest }) => JSON.stringify(rest),
  'no id': ({ id: _gone, ...rest }) => JSON.stringify(rest),
  'a cgroup that is a number': (record) => JSON.stringify({ ...record, cgroup: 7 }),
  'a cgroup without directories': (record) => JSON.stringify({ ...record, cgroup: {} }),
  'an init that is a string': (record) => JSON.stringify({ ...record, init: '7' }),
  'an init whose pid is one': (record) => JSON.stringify({ ...record, init: { pid: 'one', startTime: 1 } }),
  'wrong bundle and created': (record) => JSON.stringify({ ...record, bundle: 7, created: {} }),
  'neither init nor cgroup': ({ init: _init, cgroup: _cgroup, ...rest }) =>
    JSON.stringify({ ...rest, uid: -1 }),
  'a newer version': (record) => JSON.stringify({ ...record, schema: 999, created: { seconds: 1 } }),
};

function damage(sandbox: Sandbox, id: string, name: string): void {
  const text = damages[name]?.(readRecord(sandbox, id));
  rmSync(fileOf(sandbox, id));
  if (text !== undefined) writeFileSync(fileOf(sandbox, id), text, { mode: 0o600 });
}

for (const name of Object.keys(damages)) {
  for (const waits of [false, true]) {
    test(`${name}, of a container that ${waits ? 'waits' : 'runs'}: commands refuse, delete --force leaves nothing`, () =>
      withSandbox(async (sandbox) => {
        const id = waits ? await sandbox.created(['sleep', '1000']) : await sandbox.running();
        const { pid } = await sandbox.state(id);
        damage(sandbox, id, name);
        const words = name === 'a newer version' ? /written by a newer version of tsoci/ : /is damaged: /;
        for (const command of ['state', 'kill', 'delete'])
          expectRefusal(await sandbox.tsoci([command, id]), words);
        assert.ok(!hasEnded(pid));
        const forced = expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
        assert.match(forced.stderr, words);
        assert.doesNotMatch(forced.stderr, /stays/);
        await until(`${pid} ends`, () => hasEnded(pid));
        assert.deepEqual(cgroupsNamed(id), []);
        assert.ok(!existsSync(join(sandbox.root, id)));
      }));
  }
}

test('list shows a damaged one as damaged, a newer one as newer, and the others as they are', () =>
  withSandbox(async (sandbox) => {
    const well = await sandbox.running();
    const [damaged, bare, newer] = [
      await sandbox.running(),
      await sandbox.running(),
      await sandbox.running(),
    ];
    const { pid } = await sandbox.state(damaged);
    damage(sandbox, damaged, 'wrong bundle and created');
    damage(sandbox, bare, 'an empty file');
    damage(sandbox, newer, 'a newer version');
    const listed = expectSuccess(await sandbox.tsoci(['list', '--format', 'json']));
    const rows: Fields[] = JSON.parse(listed.stdout);
    const seen = (id: string) => rows.find((row) => row['id'] === id) ?? {};
    assert.equal(rows.length, 4);
    assert.equal(seen(well)['status'], 'running');
    assert.deepEqual(
      [seen(damaged)['status'], seen(damaged)['pid'], seen(damaged)['bundle']],
      ['damaged', pid, ''],
    );
    assert.deepEqual([seen(bare)['status'], seen(bare)['pid']], ['damaged', 0]);
    assert.equal(seen(newer)['status'], 'newer');
    for (const id of [damaged, bare, newer]) assert.match(listed.stderr, new RegExp(`"${id}"`));
    const table = expectSuccess(await sandbox.tsoci(['list'])).stdout;
    assert.match(table, new RegExp(`^${well} .* running `, 'm'));
    assert.match(table, new RegExp(`^${damaged} +${pid} +damaged `, 'm'));
  }));

test('poststop hooks of a damaged record run, from the copy of the config if need be', () =>
  withSandbox(async (sandbox) => {
    for (const name of ['an empty file', 'an init that is a string']) {
      const mark = join(sandbox.directory(), 'mark');
      const id = await sandbox.running((config) => {
        config.hooks = { poststop: [{ path: '/bin/sh', args: ['sh', '-c', `cat > ${mark}`] }] };
      });
      damage(sandbox, id, name);
      expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
      assert.equal(JSON.parse(readFileSync(mark, 'utf8')).id, id);
    }
  }));

/** A process of the host in a cgroup that is named as the one of a container would be. */
function inCgroup(sandbox: Sandbox, path: string): ChildProcess {
  const child = spawn('sh', ['-c', `mkdir -p "$0" && echo $$ > "$0/cgroup.procs" && exec sleep 1000`, path]);
  sandbox.onClose(() => {
    child.kill('SIGKILL');
  });
  return child;
}

test('a cgroup that an id alone implies is not emptied of processes that are in no container: they are named', () =>
  withSandbox(async (sandbox) => {
    // Where it is, a container of the same id shows.
    const id = sandbox.id();
    const { directory } = sandbox.bundle(['sleep', '1000']);
    expectSuccess(await sandbox.tsoci(['run', '--detach', '--bundle', directory, id]));
    const [path = ''] = cgroupsNamed(id).slice(-1);
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    assert.ok(!existsSync(path));
    sandbox.onClose(() => removeCgroup(path));
    const child = inCgroup(sandbox, path);
    await until(
      'it is there',
      () =>
        existsSync(`${path}/cgroup.procs`) &&
        readFileSync(`${path}/cgroup.procs`, 'utf8') === `${child.pid}\n`,
    );
    mkdirSync(join(sandbox.root, id), { mode: 0o700 });
    writeFileSync(fileOf(sandbox, id), '');
    const forced = expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    assert.match(
      forced.stderr,
      new RegExp(`what stays of container "${id}": cgroup "${path}".*processes ${child.pid} `),
    );
    assert.equal(child.exitCode, null);
    assert.ok(!hasEnded(child.pid ?? 0));
    assert.ok(!existsSync(join(sandbox.root, id)));
  }));

/** Waits for the last process to leave it. */
async function removeCgroup(path: string): Promise<void> {
  await until('the cgroup goes', () => {
    try {
      rmdirSync(path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
      throw error;
    }
  });
}

test('nothing is known and nothing is found: that is said', () =>
  withSandbox(async (sandbox) => {
    for (const content of ['', '{', '{}', '[]', '7', 'null']) {
      const id = sandbox.id();
      mkdirSync(join(sandbox.root, id), { mode: 0o700 });
      writeFileSync(fileOf(sandbox, id), content);
      const forced = expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
      assert.match(
        forced.stderr,
        /what stays .*its processes and its cgroup, if there are any: no pid is known/,
      );
      assert.ok(!existsSync(join(sandbox.root, id)));
    }
  }));

test.run();
