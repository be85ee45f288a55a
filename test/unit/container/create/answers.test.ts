/** Tests also: src/container/hooks/create-hooks.ts */

import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import type { Cgroup } from '../../../../src/cgroup/cgroup.ts';
import type { SavedCgroup } from '../../../../src/cgroup/saved-cgroup.ts';
import { type ContainerBeingMade, CreateAnswers } from '../../../../src/container/create/answers.ts';
import { type Attempt, attempt } from '../../../../src/container/create/attempt.ts';
import type { CreateMode } from '../../../../src/container/create/prepare.ts';
import type { CreateOptions } from '../../../../src/container/types.ts';
import { Failure } from '../../../../src/failure.ts';
import type { Config } from '../../../../src/spec/config.ts';
import { laterFailureOf } from '../../refusal.ts';
import { contextOn } from '../context.ts';
import { cgroupAt } from '../scene.ts';
import { native, recordOf, withDirectory } from '../support.ts';

const test = suite('answers');

const saved = (change: Partial<SavedCgroup> = {}): SavedCgroup => ({ ...cgroupAt('c'), ...change });

/** A cgroup that remembers what is done to it. */
function remembering(change: Partial<Cgroup> = {}) {
  const done: string[] = [];
  const say = (word: string) => async (about?: unknown) =>
    void done.push(about === undefined ? word : `${word} ${JSON.stringify(about)}`);
  const cgroup: Partial<Cgroup> = {
    warnings: ['a limit without effect'],
    saved: saved(),
    create: say('create'),
    apply: say('apply'),
    update: say('update'),
    delete: say('delete'),
    ...change,
  };
  return { done, cgroup: cgroup as Cgroup };
}

interface Scene {
  readonly config?: Partial<Config>;
  readonly mode?: Partial<CreateMode>;
  readonly options?: Partial<CreateOptions>;
  readonly cgroup: Cgroup;
}

/** Answers for a container `c` that is being made; what `act` makes of them is undone when it throws. */
const during = (
  scene: Scene,
  act: (answers: CreateAnswers, attempted: Attempt, root: string, warned: string[]) => Promise<unknown>,
) =>
  withDirectory(async (root) => {
    mkdirSync(`${root}/bundle`);
    const warned: string[] = [];
    const context = contextOn(`${root}/state`, warned);
    const bundle = {
      directory: `${root}/bundle`,
      config: { ociVersion: '1.3.0', ...scene.config },
      text: 'the config as it was',
    };
    await attempt(context, recordOf('c', { bundle: `${root}/bundle` }), async (attempted) => {
      const making = {
        context,
        options: { id: 'c', ...scene.options },
        mode: { waits: true, ...scene.mode },
        preparation: { bundle, cgroup: scene.cgroup },
        attempt: attempted,
      } as unknown as ContainerBeingMade;
      await act(new CreateAnswers(making), attempted, root, warned);
    });
  });

const failing = async () => {
  throw new Failure('system', 'refused');
};

test('the cgroup is made, then limited; its warnings are told', async () => {
  const { done, cgroup } = remembering();
  const resources = { memory: { limit: 5 } };
  await during({ cgroup, config: { linux: { resources } } }, async (answers, _attempted, _root, warned) => {
    await answers.makeCgroup();
    assert.deepEqual(warned, ['a limit without effect']);
  });
  assert.deepEqual(done, ['create', 'apply {"memory":{"limit":5}}']);
});

test('a cgroup that could not be made is not ours to remove; one that was made and not limited is', async () => {
  const unmade = remembering({ create: failing });
  await laterFailureOf(() => during({ cgroup: unmade.cgroup }, (answers) => answers.makeCgroup()));
  assert.deepEqual(unmade.done, []);
  const unlimited = remembering({ apply: failing });
  await laterFailureOf(() => during({ cgroup: unlimited.cgroup }, (answers) => answers.makeCgroup()));
  assert.deepEqual(unlimited.done, ['create', 'delete']);
});

test('where somebody else makes the cgroup, it is made around the process that waits for it', async () => {
  const adopted: unknown[] = [];
  const { cgroup } = remembering({ adopt: async (...given) => void adopted.push(given) });
  const resources = { pids: { limit: 3 } };
  await during({ cgroup, config: { linux: { resources } } }, (answers) => answers.makeCgroup(77));
  assert.deepEqual(adopted, [['c', 77, resources]]);
});

test('a limit of no tasks comes when the process is in the cgroup', async () => {
  const { done, cgroup } = remembering();
  const resources = { pids: { limit: 0 }, memory: { limit: 5 } };
  await during({ cgroup, config: { linux: { resources } } }, async (answers, attempted) => {
    attempted.claim({ ...cgroup, checkUnused: () => undefined });
    await answers.makeCgroup();
    answers.cloned(native.processId());
    await answers.answer('commit', native.processId());
  });
  assert.deepEqual(done, ['create', 'apply {"memory":{"limit":5}}', 'update {"pids":{"limit":0}}']);
});

test('what is delegated is handed over when the process is in it, before it may go on', async () => {
  const { done, cgroup } = remembering({
    saved: saved({ delegated: '/u/c/d' }),
    handOver: () => void done.push('hand over'),
  });
  await during({ cgroup }, async (answers, attempted) => {
    attempted.claim({ ...cgroup, checkUnused: () => undefined });
    await answers.makeCgroup();
    answers.cloned(native.processId());
    assert.deepEqual(done, ['create', 'apply']);
    await answers.answer('commit', native.processId());
  });
  assert.deepEqual(done, ['create', 'apply', 'hand over']);
});

test('what is written while the stub works is in force with the commit alone', async () => {
  const { cgroup } = remembering();
  const pid = native.processId();
  const options = { pidFile: '' };
  await during({ cgroup, options }, async (answers, attempted, root) => {
    options.pidFile = `${root}/pid`;
    attempted.claim({ ...cgroup, checkUnused: () => undefined });
    answers.cloned(pid);
    assert.equal(readFileSync(`${root}/state/c/config.json`, 'utf8'), 'the config as it was');
    assert.equal(attempted.store.read('c').init, undefined);
    assert.equal(existsSync(options.pidFile), false);
  });
});

test('commit answers a process that waits for `start` with nothing, and one of `run` with its state', async () => {
  const pid = native.processId();
  const commit = async (waits: boolean) => {
    const { cgroup } = remembering();
    let answer: unknown;
    await during({ cgroup, mode: { waits } }, async (answers, attempted) => {
      attempted.claim({ ...cgroup, checkUnused: () => undefined });
      answers.cloned(pid);
      answer = await answers.answer('commit', pid);
      assert.equal(attempted.store.read('c').init?.pid, pid);
    });
    return answer as { state?: string };
  };
  assert.deepEqual(await commit(true), {});
  const { state = '' } = await commit(false);
  assert.equal(JSON.parse(state).status, 'created');
  assert.equal(JSON.parse(state).pid, pid);
});

test('a pid file that cannot be written ends the create, and the pid file’s place stays as it was', async () => {
  const { cgroup } = remembering();
  const refusal = await laterFailureOf(() =>
    during({ cgroup, options: { pidFile: '/proc/nowhere/pid' } }, async (answers, attempted) => {
      attempted.claim({ ...cgroup, checkUnused: () => undefined });
      answers.cloned(native.processId());
      await answers.answer('commit', native.processId());
    }),
  );
  assert.match(refusal.message, /cannot write the pid file "\/proc\/nowhere\/pid"/);
});

test('a receiver of pidfds that nobody listens at is refused; the option comes before the annotation', async () => {
  const { cgroup } = remembering();
  const annotations = { 'run.oci.pidfd_receiver': '/nowhere/annotated' };
  const refusalWith = (options: Partial<CreateOptions>) =>
    laterFailureOf(() =>
      during({ cgroup, config: { annotations }, options }, async (answers, attempted) => {
        attempted.claim({ ...cgroup, checkUnused: () => undefined });
        answers.cloned(native.processId());
        await answers.answer('commit', native.processId());
      }),
    );
  assert.match((await refusalWith({})).message, /pidfd socket "\/nowhere\/annotated"/);
  assert.match((await refusalWith({ pidfdSocket: '/nowhere/given' })).message, /socket "\/nowhere\/given"/);
});

test('hooks of the runtime are told that the container is being created, and poststop’s run from here on', async () => {
  const { cgroup } = remembering();
  const said: string[] = [];
  const hooks = { createRuntime: [{ path: '/bin/false' }] };
  const refusal = await laterFailureOf(() =>
    during({ cgroup, config: { hooks } }, async (answers, attempted) => {
      attempted.beginHooks = () => void said.push('begun');
      await answers.answer('create-runtime', native.processId());
    }),
  );
  assert.match(refusal.message, /hooks\.createRuntime\[0\] \(\/bin\/false\)/);
  assert.deepEqual(said, ['begun']);
  await during({ cgroup }, async (answers) => {
    const { state = '' } = await answers.answer('create-runtime', 5);
    assert.equal(JSON.parse(state).status, 'creating');
  });
});

test.run();
