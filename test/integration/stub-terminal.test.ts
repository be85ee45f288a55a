/** The terminal of the container. */

import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { NO_SLOT } from '../../src/plan/operations.ts';
import { failWith, native, ownRoot, shell, step } from './support/stub.ts';
import { mount, stubSuite } from './support/stub-suite.ts';

const { test, bench } = stubSuite('the stub: terminals');

/** What a terminal still has to say after its last process: reading its master ends with EIO then. */
function readToTheEnd(master: number): string {
  let text = '';
  for (;;) {
    try {
      const bytes = native.read(master, 4096);
      if (bytes.length === 0) return text;
      text += new TextDecoder().decode(bytes);
    } catch (error) {
      if ((error as { code?: string }).code === 'EIO') return text;
      throw error;
    }
  }
}

test('a console is the standard streams and the controlling terminal, and its master arrives', () => {
  const root = join(bench.directory, 'tty-root');
  mkdirSync(join(root, 'dev/pts'), { recursive: true });
  rmSync(join(root, 'dev/console'), { force: true });
  symlinkSync(join(bench.directory, 'victim'), join(root, 'dev/console'));
  const outcome = bench.run({
    operations: [
      ...ownRoot(root, 0),
      mount('devpts', '/dev/pts', { options: ['newinstance', 'ptmxmode=0666'] }),
      step('rootfs', 'console', { root: 0, socket: NO_SLOT, rows: 33, columns: 77, uid: 0, bind: true }),
      ...shell(
        `test -t 0 -a -t 1 -a -t 2 && stty size && stty -a | grep -o -- -onlcr; stat -c %F ${root}/dev/console; exec 3<>/dev/tty && echo has tty`,
      ),
    ],
    slots: 1,
  });
  assert.equal(outcome.failure, undefined, JSON.stringify(outcome.failure));
  const master = outcome.descriptors[0] as number;
  const text = readToTheEnd(master);
  native.close(master);
  assert.equal(text, '33 77\n-onlcr\ncharacter special file\nhas tty\n');
  assert.deepEqual(
    outcome.messages.find((message) => message.type === 'console'),
    { stage: 1, operation: 5, type: 'console', name: '/dev/pts/0' },
  );
  assert.ok(!existsSync(join(bench.directory, 'victim')), 'the link was not followed');
});

test('a multiplexer that is none is refused (CVE-2025-52565)', () => {
  const root = join(bench.directory, 'fake-root');
  mkdirSync(join(root, 'dev/pts'), { recursive: true });
  const console = step('rootfs', 'console', {
    root: 0,
    socket: NO_SLOT,
    rows: 0,
    columns: 0,
    uid: 0,
    bind: false,
  });
  const attempt = () => bench.run({ operations: [...ownRoot(root, 0), console, ...shell('true')], slots: 1 });
  failWith(attempt(), 19, /not a terminal multiplexer/);
  writeFileSync(join(root, 'dev/pts/ptmx'), '');
  failWith(attempt(), 19, /not a terminal multiplexer/);
  rmSync(join(root, 'dev/pts/ptmx'));
  execFileSync('mknod', [join(root, 'dev/pts/ptmx'), 'c', '1', '3']);
  failWith(attempt(), 19, /not a terminal multiplexer/);
  rmSync(join(root, 'dev/pts'), { recursive: true });
  failWith(attempt(), 2, /dev\/pts\/ptmx/);
});

test('a multiplexer that is none is not even opened: a device may do something then', () => {
  const root = join(bench.directory, 'watched-root');
  mkdirSync(join(root, 'dev/pts'), { recursive: true });
  const path = join(root, 'dev/pts/ptmx');
  execFileSync('mkfifo', [path]);
  // The kernel tells a reader of a hang-up only after somebody had opened it for writing.
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const hungUp = () => {
    const script = 'import select, sys; p = select.poll(); p.register(0, 0); print(len(p.poll(0)))';
    return (
      execFileSync('python3', ['-c', script], { stdio: [reader, 'pipe', 'inherit'] }).toString() !== '0\n'
    );
  };
  const console = step('rootfs', 'console', {
    root: 0,
    socket: NO_SLOT,
    rows: 0,
    columns: 0,
    uid: 0,
    bind: false,
  });
  failWith(
    bench.run({ operations: [...ownRoot(root, 0), console, ...shell('true')], slots: 1 }),
    19,
    /not a terminal multiplexer/,
  );
  assert.equal(hungUp(), false);
  // Positive control: this is how one that was opened is found out.
  closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
  assert.equal(hungUp(), true);
  closeSync(reader);
});

test.run();
