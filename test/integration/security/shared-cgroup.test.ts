/** Containers that share a cgroup: deleting one never kills what is not of it. */
import { strict as assert } from 'node:assert';
import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { suite } from 'uvu';
import type { ConfigChange } from '../support/bundle.ts';
import { cgroupsNamed } from '../support/leftovers.ts';
import { runtimeKind } from '../support/runtime.ts';
import { expectSuccess, type Sandbox, withSandbox } from '../support/sandbox.ts';
import { until } from '../support/wait.ts';

const test = suite(`shared cgroups (${runtimeKind})`);

/** Without a pid namespace, what a container started outlives its init. */
const withoutPids: ConfigChange = (config) => {
  if (config.linux?.namespaces)
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'pid');
};

const inCgroup =
  (path: string, change: ConfigChange = () => undefined): ConfigChange =>
  (config) => {
    if (config.linux) config.linux.cgroupsPath = path;
    change(config);
  };

/**
 * A container that has stopped, and whose empty cgroup another that runs has taken; `below` it where that is given.
 */
async function stoppedAndRunning(sandbox: Sandbox, change?: ConfigChange, below = '') {
  const path = `/tsoci-test-shared-${process.pid}-${sandbox.id()}`;
  const stopped = await sandbox.running(inCgroup(path, change), ['true']);
  await sandbox.stopped(stopped);
  const running = await sandbox.running(inCgroup(`${path}${below}`, change));
  return { path, stopped, running };
}

const kinds: Readonly<Record<string, ConfigChange | undefined>> = {
  'pid namespaces': undefined,
  'no pid namespaces': withoutPids,
};
for (const [name, change] of Object.entries(kinds))
  for (const below of ['', '/below'])
    for (const words of [['delete'], ['delete', '--force']]) {
      test(`${words.join(' ')} of a stopped container leaves the one in ${below ? 'a cgroup below' : 'the same cgroup'} alone (${name})`, () =>
        withSandbox(async (sandbox) => {
          const { path, stopped, running } = await stoppedAndRunning(sandbox, change, below);
          const { pid } = await sandbox.state(running);
          const { stderr } = expectSuccess(await sandbox.tsoci([...words, stopped]));
          assert.deepEqual(
            [(await sandbox.state(running)).status, (await sandbox.state(running)).pid],
            ['running', pid],
          );
          assert.match(
            stderr,
            new RegExp(
              `cgroup "\\S+${path}", which container "${running}" has as well, stays: processes ${pid} `,
            ),
          );
          expectSuccess(await sandbox.tsoci(['exec', running, 'true']));
          expectSuccess(await sandbox.tsoci(['delete', '--force', running]));
          // What lies above the last one's own cgroup was the first one's, and stays as the warning said.
          if (below === '') assert.deepEqual(cgroupsNamed(path.slice(1)), []);
          else for (const left of cgroupsNamed(path.slice(1))) rmdirSync(left);
        }));
    }

test('leftovers of a container without a pid namespace are killed, where the cgroup is its alone', () =>
  withSandbox(async (sandbox) => {
    for (const words of [['delete'], ['delete', '--force']]) {
      const path = `/tsoci-test-shared-${process.pid}-${sandbox.id()}`;
      const id = await sandbox.running(inCgroup(path, withoutPids), [
        'sh',
        '-c',
        'sleep 1000 & until [ -e /proc/$!/exe ]; do :; done',
      ]);
      await sandbox.stopped(id);
      const [cgroup = ''] = cgroupsNamed(path.slice(1));
      const left = Number(readFileSync(`${cgroup}/cgroup.procs`, 'utf8'));
      assert.ok(left > 0);
      expectSuccess(await sandbox.tsoci([...words, id]));
      await until('it ends', () => !existsSync(`/proc/${left}`));
      assert.deepEqual(cgroupsNamed(path.slice(1)), []);
    }
  }));

test('a container whose pid namespace was joined leaves processes there that are its own', () =>
  withSandbox(async (sandbox) => {
    const pod = await sandbox.running();
    const { pid } = await sandbox.state(pod);
    const path = `/tsoci-test-shared-${process.pid}-${sandbox.id()}`;
    const id = await sandbox.running(
      inCgroup(path, (config) => {
        for (const entry of config.linux?.namespaces ?? [])
          if (entry.type === 'pid') entry.path = `/proc/${pid}/ns/pid`;
      }),
      ['sh', '-c', 'sleep 1000 & true'],
    );
    await sandbox.stopped(id);
    const [cgroup = ''] = cgroupsNamed(path.slice(1));
    assert.match(readFileSync(`${cgroup}/cgroup.procs`, 'utf8'), /^\d+\n$/);
    const { stderr } = expectSuccess(await sandbox.tsoci(['delete', id]));
    assert.equal(stderr, '');
    assert.deepEqual(cgroupsNamed(path.slice(1)), []);
    assert.equal((await sandbox.state(pod)).status, 'running');
  }));

for (const below of ['', '/below'])
  test(`kill KILL of a stopped container leaves the one in ${below ? 'a cgroup below' : 'the same cgroup'} alone`, () =>
    withSandbox(async (sandbox) => {
      const { path, stopped, running } = await stoppedAndRunning(sandbox, withoutPids, below);
      const { code, stderr } = await sandbox.tsoci(['kill', stopped, 'KILL']);
      assert.equal(code, 1);
      assert.match(stderr, /container not running/);
      assert.equal((await sandbox.state(running)).status, 'running');
      for (const id of [stopped, running]) expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
      if (below === '') assert.deepEqual(cgroupsNamed(path.slice(1)), []);
      else for (const left of cgroupsNamed(path.slice(1))) rmdirSync(left);
    }));

test.run();
