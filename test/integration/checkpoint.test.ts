/** checkpoint and restore by CRIU: what was saved goes on, with everything that commands do to a container. */
import { strict as assert } from 'node:assert';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { control, files } from './support/cgroup-of.ts';
import {
  goOn,
  logged,
  numbers,
  patient,
  read,
  save,
  startCounting,
  whyNoCriu,
  writable,
} from './support/checkpoints.ts';
import { parseMountinfo } from './support/mountinfo.ts';
import { Receiver } from './support/receiver.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';
import { onTerminal } from './support/terminal.ts';
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

here('--leave-running, and a second container from the same images', () =>
  withSandbox(async (sandbox) => {
    const { id, bundle, log } = await startCounting(sandbox);
    const before = numbers(log).length;
    const images = await save(sandbox, id, [
      '--leave-running',
      '--work-path',
      join(sandbox.directory(), 'w'),
    ]);
    assert.equal((await sandbox.state(id)).status, 'running');
    await until('it counts on', () => numbers(log).length > before + 5);
    const other = sandbox.id();
    const after = await goOn(sandbox, other, bundle, images);
    assert.ok((numbers(after)[0] ?? 0) > before);
    assert.notEqual((await sandbox.state(other)).pid, (await sandbox.state(id)).pid);
  }),
);

here('--pre-dump, then the checkpoint with --parent-path', () =>
  withSandbox(async (sandbox) => {
    const { id, bundle, log } = await startCounting(sandbox);
    const ahead = await save(sandbox, id, ['--pre-dump']);
    assert.equal((await sandbox.state(id)).status, 'running');
    const images = await save(sandbox, id, ['--parent-path', ahead]);
    assert.equal(existsSync(join(images, 'parent')), true);
    const last = numbers(log).at(-1) ?? 0;
    assert.equal(numbers(await goOn(sandbox, id, bundle, images))[0], last + 1);
  }),
);

here('a paused container; the foreground hands on the status', () =>
  withSandbox(async (sandbox) => {
    const id = sandbox.id();
    const { directory } = sandbox.script(
      'while [ ! -e /go ]; do sleep 0.1; done; echo seen; exit 7',
      writable,
    );
    expectSuccess((await logged(sandbox, ['run', '--detach', '--bundle', directory, id])).result);
    expectSuccess(await sandbox.tsoci(['pause', id]));
    const images = await save(sandbox, id);
    writeFileSync(join(directory, 'rootfs/go'), '');
    const { log, result } = await logged(sandbox, [
      'restore',
      '--bundle',
      directory,
      '--image-path',
      images,
      id,
    ]);
    assert.equal(result.code, 7, result.stderr);
    assert.equal(read(log), 'seen\n');
    assert.deepEqual(sandbox.leftovers(), []);
  }),
);

here('an established TCP connection', () =>
  withSandbox(async (sandbox) => {
    const talk =
      'nc -l -p 4000 -e sh -c "while read line; do echo $line-heard; done" & while ! grep -q :0FA0 /proc/net/tcp; do sleep 0.1; done; ' +
      'i=0; while :; do i=$((i+1)); echo $i; sleep 0.2; done | nc 127.0.0.1 4000';
    const id = sandbox.id();
    const { directory } = sandbox.script(talk, writable);
    const run = ['run', '--detach', '--bundle', directory, id];
    const { log, result } = await logged(sandbox, run);
    expectSuccess(result);
    const heard = (path: string) =>
      [...read(path).matchAll(/^(\d+)-heard$/gm)].map((each) => Number(each[1]));
    await until('they talk', () => heard(log).length > 3);
    const images = join(sandbox.directory(), 'images');
    expectRefusal(
      await sandbox.tsoci(['checkpoint', '--image-path', images, id], patient),
      /--tcp-established/,
    );
    assert.equal((await sandbox.state(id)).status, 'running');
    const count = heard(log).length;
    await until('they talk on', () => heard(log).length > count + 2);

    const saved = await save(sandbox, id, ['--tcp-established']);
    const last = heard(log).at(-1) ?? 0;
    const args = [
      'restore',
      '--detach',
      '--bundle',
      directory,
      '--image-path',
      saved,
      '--tcp-established',
      id,
    ];
    const restored = await logged(sandbox, args);
    expectSuccess(restored.result);
    await until('they talk again', () => heard(restored.log).length > 3);
    assert.equal(heard(restored.log)[0], last + 1);
  }),
);

here('a terminal: over the console socket, and in the foreground', () =>
  withSandbox(async (sandbox) => {
    const id = sandbox.id();
    const script = 'n=0; while read line; do n=$((n+1)); echo "$line $n"; [ "$line" = end ] && exit 5; done';
    const { directory } = sandbox.script(script, (config) => {
      writable(config);
      if (config.process) config.process.terminal = true;
    });
    const first = await Receiver.listen(sandbox, 'terminal');
    const create = ['run', '--detach', '--bundle', directory, '--console-socket', first.path, id];
    expectSuccess(await sandbox.tsoci(create, patient));
    await first.received();
    first.type('one\n');
    await until('it answers', () => first.printed.includes('one 1'));
    const images = await save(sandbox, id);

    const restore = ['restore', '--bundle', directory, '--image-path', images];
    expectRefusal(await sandbox.tsoci([...restore, '--detach', id], patient), /nobody takes the terminal/);
    const second = await Receiver.listen(sandbox, 'terminal');
    expectSuccess(
      await sandbox.tsoci([...restore, '--detach', '--console-socket', second.path, id], patient),
    );
    await second.received();
    second.type('two\n');
    await until('it answers again', () => second.printed.includes('two 2'));
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));

    const session = await onTerminal(
      sandbox,
      [...restore, id],
      [{ expect: '', type: 'end\r' }, { expect: 'end 2' }],
    );
    assert.equal(session.code, 5);
    assert.equal(session.restored, true);
  }),
);

test.run();
