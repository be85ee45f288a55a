/** checkpoint and restore by CRIU: what was saved goes on, with everything that commands do to a container. */
import { strict as assert } from 'node:assert';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { control, files } from './support/cgroup-of.ts';
import { goOn, numbers, patient, save, startCounting, whyNoCriu } from './support/checkpoints.ts';
import { parseMountinfo } from './support/mountinfo.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';
import { until } from './support/wait.ts';

const test = suite(`checkpoint (${runtimeKind})`);
const missing = whyNoCriu();
const here = (name: string, body: () => Promise<void>) =>
  testWhere(test, missing === undefined, missing ?? '', name, body);

here('a counter goes on counting under its own id; every command works on it; nothing is left', () =>
  withSandbox(async (sandbox) => {
    const { id, bundle, log } = await startCounting(sandbox, (config) => {
      const { linux } = config;
      if (linux) linux.resources = { ...linux.resources, pids: { limit: 77 }, memory: { limit: 99_999_744 } };
    });
    const images = await save(sandbox, id);
    const last = numbers(log).at(-1) ?? 0;
    assert.equal(existsSync(join(sandbox.root, id)), false, 'the container is deleted, as runc does');
    assert.deepEqual(sandbox.leftovers(), []);

    const pidFile = join(sandbox.directory(), 'pid');
    const after = await goOn(sandbox, id, bundle, images, ['--pid-file', pidFile]);
    assert.equal(numbers(after)[0], last + 1);
    const { status, pid } = await sandbox.state(id);
    assert.equal(status, 'running');
    assert.equal(readFileSync(pidFile, 'utf8'), String(pid));
    assert.equal(control(sandbox, id, files.pidsLimit), '77');
    assert.equal(control(sandbox, id, files.memoryLimit), '99999744');

    const seen = expectSuccess(await sandbox.tsoci(['exec', id, 'cat', '/proc/1/cmdline'])).stdout;
    assert.match(seen, /i=0; while/);
    assert.ok(JSON.parse(expectSuccess(await sandbox.tsoci(['ps', '-f', 'json', id])).stdout).includes(pid));
    expectSuccess(await sandbox.tsoci(['pause', id]));
    const paused = numbers(after).length;
    assert.equal((await sandbox.state(id)).status, 'paused');
    expectSuccess(await sandbox.tsoci(['resume', id]));
    await until('it counts after the pause', () => numbers(after).length > paused + 2);
    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    await sandbox.stopped(id);
    expectSuccess(await sandbox.tsoci(['delete', id]));
    assert.deepEqual(sandbox.leftovers(), []);
  }),
);

here('mounts come from where the new config says, and are as restricted as before', () =>
  withSandbox(async (sandbox) => {
    const [first, second] = [sandbox.directory(), sandbox.directory()];
    writeFileSync(join(first, 'file'), 'first');
    writeFileSync(join(second, 'file'), 'second');
    const { id, bundle } = await startCounting(sandbox, (config) => {
      for (const [name, mode] of [
        ['a', 'ro'],
        ['b', 'rw'],
        ['c', 'ro'],
      ] as const)
        config.mounts?.push({
          destination: `/${name}`,
          type: 'bind',
          source: first,
          options: ['bind', mode],
        });
    });
    const table = (pid: number) => parseMountinfo(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'));
    const restrictions = (pid: number) =>
      table(pid)
        .map(({ target, options }) => `${target} ${options.filter((each) => !each.includes('atime')).join()}`)
        .sort();
    const before = restrictions((await sandbox.state(id)).pid);
    const images = await save(sandbox, id);
    const path = join(bundle, 'config.json');
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(first, second));
    await goOn(sandbox, id, bundle, images);
    assert.deepEqual(restrictions((await sandbox.state(id)).pid), before);
    const shown = await sandbox.tsoci(['exec', id, 'cat', '/a/file', '/c/file']);
    assert.equal(expectSuccess(shown).stdout, 'secondsecond');
    for (const path of ['/a/new', '/c/new', '/proc/kcore'])
      assert.notEqual((await sandbox.tsoci(['exec', id, 'chmod', '600', path])).code, 0);
    assert.match((await sandbox.tsoci(['exec', id, 'touch', '/c/new'])).stderr, /Read-only/);
    expectSuccess(await sandbox.tsoci(['exec', id, 'touch', '/b/new']));
  }),
);

const installed = existsSync('/usr/sbin/criu');
testWhere(
  test,
  installed,
  'it takes CRIU (package criu)',
  'what cannot be is refused; nothing is left of it',
  () =>
    withSandbox(async (sandbox) => {
      const empty = sandbox.directory();
      const { directory } = sandbox.bundle(['true']);
      const refusals: readonly (readonly [string, RegExp])[] = [
        ['checkpoint nobody', /container does not exist: "nobody"/],
        ['checkpoint --page-server here nobody', /ADDRESS:PORT/],
        ['checkpoint --manage-cgroups-mode some nobody', /soft, full, strict or ignore/],
        ['checkpoint --status-fd one nobody', /--status-fd/],
        ['--criu /nowhere/criu checkpoint nobody', /no CRIU program "\/nowhere\/criu"/],
        [`restore --bundle ${directory} --image-path ${empty} nobody`, /there is no checkpoint in/],
        [`restore --bundle ${empty} nobody`, /has no config.json/],
        ['restore --lsm-mount-context', /flag needs an argument: --lsm-mount-context/],
      ];
      for (const [words, message] of refusals) expectRefusal(await sandbox.tsoci(words.split(' ')), message);
      writeFileSync(join(empty, 'inventory.img'), '');
      const id = sandbox.id();
      const restore = ['restore', '--bundle', directory, '--image-path', empty];
      expectRefusal(
        await sandbox.tsoci([...restore, '--empty-ns', 'user', id], patient),
        /network namespace/,
      );
      expectRefusal(await sandbox.tsoci([...restore, '--console-socket', '/x', id]), /--console-socket/);
      expectRefusal(await sandbox.tsoci([...restore, id], patient), /CRIU could not restore the container: /);
      assert.deepEqual(sandbox.leftovers(), []);
      const created = await sandbox.created(['true']);
      expectRefusal(await sandbox.tsoci(['checkpoint', '--image-path', empty, created]), /was not started/);
    }),
);

test.run();
