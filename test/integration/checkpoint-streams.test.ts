/** checkpoint and restore by CRIU: what a container talks through. */
import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { logged, patient, read, save, whyNoCriu, writable } from './support/checkpoints.ts';
import { Receiver } from './support/receiver.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';
import { onTerminal } from './support/terminal.ts';
import { until } from './support/wait.ts';

const test = suite(`checkpoint-streams (${runtimeKind})`);
const missing = whyNoCriu();
const here = (name: string, body: () => Promise<void>) =>
  testWhere(test, missing === undefined, missing ?? '', name, body);

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
      'nc -l -p 4000 -e sh -c "while read line; do echo \\$line-heard; done" & while ! grep -q :0FA0 /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done; ' +
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

    // Closed instead, neither end hears the other, and both end.
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    const closed = await logged(sandbox, [...args.slice(0, -2), '--tcp-close', id]);
    expectSuccess(closed.result);
    await sandbox.stopped(id);
    assert.deepEqual(heard(closed.log), []);
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
