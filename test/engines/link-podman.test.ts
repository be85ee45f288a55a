/**
 * As link.test.ts, for those who look for runtimes in fixed directories: there the link lies, and no crun
 * (support/podman.ts).
 */
import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../integration/support/wait.ts';
import { engineRuntime, isOurs } from './support/engine-runtime.ts';
import { engineSuite } from './support/engine-suite.ts';
import { image, Podman } from './support/podman.ts';

/**
 * Podman and Buildah, where a link named runc is the one runtime in the directories in which they look. The same is
 * asked with the real runc behind the link: a question that any runtime would pass by proves nothing about who was
 * called.
 */
function podmanSuite(name: string, link: string, expected: 'tsoci' | 'runc'): void {
  const podman = engineSuite(name, ['podman', 'conmon', `${link}=runc`], () => Podman.open(link), expected);

  /**
   * Who keeps the record of a container: each in its own default state directory, ours with the number of its schema.
   */
  const keeper = (id: string): string[] =>
    ['tsoci', 'runc', 'crun'].filter((each) => {
      const path = join('/run', each, id, 'state.json');
      if (!existsSync(path)) return false;
      const { schema } = JSON.parse(readFileSync(path, 'utf8'));
      assert.equal(typeof schema, each === 'tsoci' ? 'number' : 'undefined', path);
      return true;
    });

  podman('Podman: run, exec, as a user, stop: by the runtime behind the link', async (engine) => {
    const box = await engine.running('trap "exit 3" TERM; while :; do sleep 0.05; done');
    assert.equal(await engine.inspect(box, '{{.OCIRuntime}}'), 'runc');
    assert.deepEqual(keeper(await engine.inspect(box, '{{.Id}}')), [expected]);
    const exec = ['exec', '--user', 'user', box, 'sh', '-c', 'id -u; echo named > /dev/stdout'];
    assert.equal(await engine.ok(exec), '1000\nnamed\n');
    await engine.ok(['stop', box]);
    assert.equal(await engine.inspect(box, '{{.State.ExitCode}}'), '3');
    await engine.ok(['rm', box]);
    const { code, stdout, stderr } = await engine.run(['sh', '-c', 'echo out; echo err >&2; exit 9']);
    assert.deepEqual([code, stdout, stderr], [9, 'out\n', 'err\n']);
  });

  const buildah = ['buildah'];

  podman(
    'Buildah: run, as a user, with its status: by the runtime behind the link',
    async (engine) => {
      const box = (await engine.buildah(['from', '--pull-never', image])).trim();
      const run = ['run', '--network', 'none', '--user', 'user', box, 'sh', '-c'];
      assert.equal(await engine.buildah([...run, 'id -u; echo named > /dev/stdout']), '1000\nnamed\n');
      const kept = () => readdirSync(join('/run', expected)).filter((id) => id.startsWith('buildah-'));
      const before = kept();
      const ended = engine.buildah([...run, 'echo step; sleep 3']);
      let called: string[] = [];
      await until('the step is recorded', async () => {
        called = kept().filter((id) => !before.includes(id));
        return called.length > 0 && existsSync(join('/run', expected, called[0] as string, 'state.json'));
      });
      assert.deepEqual(keeper(called[0] as string), [expected]);
      assert.equal(await ended, 'step\n');
      assert.deepEqual(keeper(called[0] as string), []);
      await engine.buildah(['rm', box]);
    },
    buildah,
  );

  podman(
    'Buildah and Podman: build, with cache and tmpfs mounts; what was built runs',
    async (engine) => {
      const context = engine.path('context');
      mkdirSync(context);
      const mounts = '--mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch';
      const text = `FROM ${image}\nRUN ${mounts} echo built > /made && grep -q ' /scratch tmpfs ' /proc/mounts\nCMD ["cat", "/made"]\n`;
      writeFileSync(join(context, 'Dockerfile'), text);
      const options = ['--network', 'none', '--pull-never', '--tag'];
      await engine.buildah(['bud', ...options, 'localhost/by-buildah', context]);
      await engine.ok([
        'build',
        '--network',
        'none',
        '--pull=never',
        '--no-cache',
        '--tag',
        'localhost/by-podman',
        context,
      ]);
      for (const each of ['by-buildah', 'by-podman'])
        assert.equal(await engine.ok(['run', '--rm', '--network', 'none', `localhost/${each}`]), 'built\n');
    },
    buildah,
  );

  podman.run();
}

podmanSuite('Podman, by a link named runc,', engineRuntime, isOurs ? 'tsoci' : 'runc');
if (isOurs) podmanSuite('Podman, by a link to runc itself,', '/usr/sbin/runc', 'runc');
