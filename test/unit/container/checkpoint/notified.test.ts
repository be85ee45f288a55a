import { strict as assert } from 'node:assert';
import { mkdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import { RestoreAnswers, type Restoring } from '../../../../src/container/checkpoint/notified.ts';
import type { Restoration } from '../../../../src/container/checkpoint/prepare-restore.ts';
import type { RestoreOptions } from '../../../../src/container/checkpoint/types.ts';
import { attempt } from '../../../../src/container/create/attempt.ts';
import { Failure } from '../../../../src/failure.ts';
import type { Config } from '../../../../src/spec/config.ts';
import { laterFailureOf } from '../../refusal.ts';
import { cgroupAt, endOf, type Scene, withChild, withScene } from '../scene.ts';
import { recordOf } from '../support.ts';

const test = suite('notified');

interface Given {
  readonly config?: Partial<Config>;
  readonly options?: Partial<RestoreOptions>;
  readonly resctrl?: Restoration['resctrl'];
}

/** Answers for a container `c` that is being restored; where `act` throws, what was made is undone. */
const during = (
  { config, options, resctrl }: Given,
  act: (answers: RestoreAnswers, scene: Scene, restoring: Restoring) => Promise<unknown>,
  scene: Scene,
) => {
  const cgroup = { saved: cgroupAt('c'), processes: () => [] };
  return attempt(scene.context, recordOf('c'), async (attempted) => {
    attempted.store.write(recordOf('c'));
    const restoring = {
      context: scene.context,
      options: { emptyNs: [], detach: false, ...options },
      restoration: { bundle: { config: { ociVersion: '1.3.0', ...config } }, cgroup, resctrl },
      attempt: attempted,
    } as unknown as Restoring;
    await act(new RestoreAnswers(restoring), scene, restoring);
  });
};

const said = (script: string, pid: number, descriptor?: number) =>
  ({
    script,
    pid,
    ...(descriptor !== undefined && { descriptor }),
  }) as Parameters<RestoreAnswers['notified']>[0];

test('a restored process is recorded, with its cgroup and its pid file', () =>
  withScene((scene) =>
    withChild(async (child) => {
      const pidFile = `${scene.context.root}/pid`;
      mkdirSync(scene.context.root, { recursive: true });
      await during(
        { options: { pidFile } },
        async (answers) => {
          await answers.notified(said('setup-namespaces', child.pid));
          assert.equal(scene.store.read('c').init, undefined);
          await answers.notified(said('post-restore', child.pid));
          assert.equal(answers.pid, child.pid);
        },
        scene,
      );
      const { init, cgroup } = scene.store.read('c');
      assert.deepEqual(init, child);
      assert.deepEqual(cgroup, cgroupAt('c'));
      assert.equal(readFileSync(pidFile, 'utf8'), String(child.pid));
    }),
  ));

test('what fails later ends the process, from the first word of it on, and once', () =>
  withScene((scene) =>
    withChild(async (child) => {
      const kills: number[] = [];
      scene.calls.kill = (pid, signal) => {
        kills.push(pid);
        scene.real.kill(pid, signal);
      };
      await laterFailureOf(() =>
        during(
          {},
          async (answers) => {
            await answers.notified(said('setup-namespaces', child.pid));
            await answers.notified(said('post-restore', child.pid));
            throw new Failure('system', 'later');
          },
          scene,
        ),
      );
      assert.deepEqual(kills, [child.pid]);
      assert.throws(() => endOf(child.pid), /ECHILD/, 'ended and reaped');
      assert.deepEqual([...scene.ids], []);
    }),
  ));

test('no process is none, and not our own process group', () =>
  withScene(async (scene) => {
    scene.calls.kill = () => assert.fail('0 is everybody in our group') as never;
    await laterFailureOf(() => during({}, (answers) => answers.notified(said('post-restore', 0)), scene));
  }));

test('hooks of the runtime run when the namespaces are there', () =>
  withScene((scene) =>
    withChild(async (child) => {
      const config = { hooks: { createRuntime: [{ path: '/bin/false' }] } };
      const failure = await laterFailureOf(() =>
        during({ config }, (answers) => answers.notified(said('setup-namespaces', child.pid)), scene),
      );
      assert.match(failure.message, /hooks\.createRuntime\[0\]/);
      assert.throws(() => endOf(child.pid), /ECHILD/);
    }),
  ));

test('the terminal is kept for the foreground, and closed when it fails; other descriptors are nobody’s', () =>
  withScene(async (scene) => {
    const closed: number[] = [];
    const mine = [301, 302];
    scene.calls.close = (descriptor) => {
      if (mine.includes(descriptor)) closed.push(descriptor);
      else scene.real.close(descriptor);
    };
    await laterFailureOf(() =>
      during(
        {},
        async (answers) => {
          await answers.notified(said('network-lock', 0, 301));
          assert.deepEqual(closed, [301]);
          await answers.notified(said('orphan-pts-master', 0, 302));
          assert.equal(answers.terminal, 302);
          throw new Failure('system', 'later');
        },
        scene,
      ),
    );
    assert.deepEqual(closed, [301, 302]);
  }));

test('threads go into the resctrl group before the container is recorded', () =>
  withScene((scene) =>
    withChild(async (child) => {
      const written: string[] = [];
      const { writeFile } = scene.real;
      scene.calls.writeFile = (path, data) => {
        if (path !== '/r/tasks') return writeFile(path, data);
        assert.equal(scene.store.read('c').init, undefined);
        written.push(String(data));
      };
      const resctrl = { joinPaths: ['/r/tasks'], saved: ['/r'], create() {}, remove() {} };
      await during({ resctrl }, (answers) => answers.notified(said('post-restore', child.pid)), scene);
      assert.deepEqual(written, [String(child.pid)]);
      assert.deepEqual(scene.store.read('c').resctrl, ['/r']);
    }),
  ));

test.run();
