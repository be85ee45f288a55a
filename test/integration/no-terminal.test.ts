/** A process that is to have a terminal, where there is none: refused at once, with the reason. */
import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import type { ConfigChange } from './support/bundle.ts';
import { leftoversOf } from './support/leftovers.ts';
import { runCommand, runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, withSandbox } from './support/sandbox.ts';

const test = suite(`no terminal (${runtimeKind})`);

const withTerminal: ConfigChange = (config) => {
  if (config.process) config.process.terminal = true;
};

/**
 * In a session of its own there is no controlling terminal either; TERM, to which a shell on a terminal is deaf, is
 * not waited for.
 */
const alone = ['setsid', '--wait', 'timeout', '--signal=KILL', '20'];
const words = /there is none in front of us \(open \/dev\/tty: no such device or address\)/i;

test('run() of a config with a terminal makes nothing', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['sh'], withTerminal);
    const id = sandbox.id();
    const refused = await runCommand([
      ...alone,
      ...sandbox.runtime,
      '--root',
      sandbox.root,
      'run',
      '--bundle',
      directory,
      id,
    ]);
    expectRefusal(refused, words);
    assert.match(refused.stderr, /process\.terminal/);
    assert.deepEqual(leftoversOf(id, sandbox.root), []);
    assert.deepEqual(readdirSync(sandbox.root), []);
  }));

test('exec --tty starts nothing', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    for (const args of [['exec', '--tty', id, 'sh']]) {
      const refused = await runCommand([...alone, ...sandbox.runtime, '--root', sandbox.root, ...args]);
      assert.equal(refused.code, 255);
      assert.match(refused.stderr, words);
    }
    const { pid } = await sandbox.state(id);
    assert.deepEqual(JSON.parse(expectSuccess(await sandbox.tsoci(['ps', '--format', 'json', id])).stdout), [
      pid,
    ]);
  }));

test('any standard stream that is a terminal will do, and so does a controlling one alone', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['echo', 'hello'], withTerminal);
    const command = [...sandbox.runtime, '--root', sandbox.root, 'run', '--bundle', directory];
    const play = `
import fcntl, os, pty, subprocess, sys, termios
which, command = sys.argv[1], sys.argv[2:]
master, slave = pty.openpty()
streams = dict(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
if which != 'controlling': streams[which] = slave
def begin():
    os.setsid()
    if which == 'controlling': fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
done = subprocess.run(command, preexec_fn=begin, timeout=20, pass_fds=[slave] if which == 'controlling' else [], **streams)
sys.stderr.write(str(done.stderr))
sys.exit(done.returncode)`;
    for (const which of ['stdin', 'stdout', 'stderr', 'controlling'])
      expectSuccess(await runCommand(['/usr/bin/python3', '-c', play, which, ...command, sandbox.id()]));
  }));

test.run();
