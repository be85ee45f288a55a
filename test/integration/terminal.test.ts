/** Terminals: of the foreground with somebody in front of it, and by console socket. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { ConfigChange } from './support/bundle.ts';
import { Receiver } from './support/receiver.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, procStatus, type Sandbox, withSandbox } from './support/sandbox.ts';
import { onTerminal, type Step } from './support/terminal.ts';
import { until } from './support/wait.ts';

const test = suite(`terminal (${runtimeKind})`);

const withTerminal =
  (more: ConfigChange = () => undefined): ConfigChange =>
  (config) => {
    if (config.process) config.process.terminal = true;
    more(config);
  };

/** Runs a script on a terminal in a new container. */
function run(sandbox: Sandbox, script: string, steps: readonly Step[] = [], more?: ConfigChange) {
  const bundle = sandbox.script(script, withTerminal(more));
  return onTerminal(sandbox, ['run', '--bundle', bundle.directory, sandbox.id()], steps);
}

test('run() gives the program a terminal of its own as standard streams and /dev/console', () =>
  withSandbox(async (sandbox) => {
    const session = await run(
      sandbox,
      'tty; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all; stat -c "%t %a %u" /dev/console /dev/pts/0; echo via > /dev/console; ls -1 /dev/pts; ps -o tty | tail -1',
    );
    assert.equal(session.code, 0);
    assert.equal(
      session.output.replaceAll('\r', ''),
      '/dev/pts/0\nall\n88 620 0\n88 620 0\nvia\n0\nptmx\n136,0\n',
    );
    assert.ok(session.restored);
  }));

test('the terminal is the controlling one: keys are typed through, ^C reaches the program', () =>
  withSandbox(async (sandbox) => {
    const session = await run(
      sandbox,
      'trap "echo interrupted; exit 9" INT; echo ready; read line; echo "got $line"; echo again; while :; do sleep 0.05; done',
      [
        { expect: 'ready', type: 'typed\n' },
        { expect: 'got typed.*again', type: '\x03' },
      ],
    );
    assert.equal(session.code, 9);
    assert.match(session.output, /interrupted/);
    // Raw while it runs: the outer terminal neither echoes nor makes signals.
    assert.deepEqual(session.raw, [true, true]);
    assert.ok(session.restored);
  }));

test('output has plain newlines, as the outer terminal adds its own returns or not', () =>
  withSandbox(async (sandbox) => {
    const session = await run(sandbox, 'stty -a | grep -o -- "-\\?onlcr"; echo end');
    assert.match(session.output, /-onlcr/);
  }));

test('the window size comes in, and follows', () =>
  withSandbox(async (sandbox) => {
    const session = await run(
      sandbox,
      'trap "stty size" WINCH; stty size; echo ready; i=0; while [ $i -lt 400 ]; do sleep 0.05; i=$((i+1)); [ "$(stty size)" = "44 133" ] && break; done; stty size',
      [{ expect: 'ready', resize: [44, 133] }],
    );
    const lines = session.output.split(/\r?\n/);
    assert.equal(lines[0], '30 100');
    assert.equal(lines.at(-2), '44 133');
  }));

test('consoleSize is what a terminal without a window gets', () =>
  withSandbox(async (sandbox) => {
    const receiver = await Receiver.listen(sandbox, 'terminal');
    await sandbox.created(
      ['sleep', '1000'],
      withTerminal((config) => {
        if (config.process) config.process.consoleSize = { height: 50, width: 160 };
      }),
      ['--console-socket', receiver.path],
    );
    assert.deepEqual((await receiver.received())['size'], [50, 160]);
  }));

test('the terminal is restored whatever happens: error, signal to the program, signal to us', () =>
  withSandbox(async (sandbox) => {
    const missing = sandbox.bundle(['no-such-program'], withTerminal());
    const refused = await onTerminal(sandbox, ['run', '--bundle', missing.directory, sandbox.id()]);
    assert.equal(refused.code, 1);
    assert.match(refused.output, /executable file not found/);
    assert.ok(refused.restored);

    const id = sandbox.id();
    const { directory } = sandbox.script('stty raw -echo; exec sleep 1000', withTerminal());
    const ending = onTerminal(sandbox, ['run', '--bundle', directory, id]);
    await until('the program sleeps', async () => {
      const { code, stdout } = await sandbox.tsoci(['state', id]);
      if (code !== 0) return false;
      const { status, pid } = JSON.parse(stdout) as { status: string; pid: number };
      return status === 'running' && procStatus(pid)['Name'] === 'sleep';
    });
    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    const killed = await ending;
    assert.equal(killed.code, 137);
    assert.ok(killed.restored);

    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']) {
      const session = await run(
        sandbox,
        'trap "exit 5" TERM INT HUP QUIT; echo ready; while :; do sleep 0.05; done',
        [{ expect: 'ready', signal }],
      );
      assert.equal(session.code, 5, signal);
      assert.ok(session.restored, signal);
    }
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('the end of the output is not lost, however much there is', () =>
  withSandbox(async (sandbox) => {
    const session = await run(sandbox, 'seq 1 20000; echo end');
    assert.ok(session.output.replaceAll('\r', '').endsWith('\n19999\n20000\nend\n'));
    assert.equal(session.output.replaceAll('\r', '').split('\n').length, 20002);
  }));

test('a program that ended, whose child keeps the terminal open, ends the run', () =>
  withSandbox(async (sandbox) => {
    const session = await run(sandbox, 'sleep 100 & echo end');
    assert.equal(session.code, 0);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('exec --tty on a terminal', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const session = await onTerminal(
      sandbox,
      ['exec', '--tty', id, 'sh', '-c', 'tty; stty size; read x; echo "got $x"; exit 4'],
      [{ expect: '30 100', type: 'this\n' }],
    );
    assert.equal(session.code, 4);
    assert.match(session.output, /^\/dev\/pts\/\d+\r?\n30 100\r?\n.*got this/s);
    assert.ok(session.restored);
    const again = await onTerminal(sandbox, ['exec', '-t', id, 'tty']);
    assert.equal(again.code, 0);
    const refused = await onTerminal(sandbox, ['exec', '-t', id, 'no-such']);
    assert.equal(refused.code, 255);
    assert.ok(refused.restored);
  }));

test('--console-socket gets the master of the terminal, with the path as payload', () =>
  withSandbox(async (sandbox) => {
    const receiver = await Receiver.listen(sandbox, 'terminal');
    const id = await sandbox.created(['sh', '-c', 'tty; read x; echo "got $x"; sleep 1000'], withTerminal(), [
      '--console-socket',
      receiver.path,
    ]);
    const { payload, ...rest } = await receiver.received();
    assert.deepEqual(rest, { terminal: true, onlcr: true, size: [0, 0] });
    assert.match(String(payload), /^\/dev\/p/);
    expectSuccess(await sandbox.tsoci(['start', id]));
    await until('the terminal is named', () => receiver.printed.includes('/dev/pts/0\r\n'));
    receiver.type('hello\n');
    await until('the answer comes', () => receiver.printed.includes('got hello\r\n'));

    const second = await Receiver.listen(sandbox, 'terminal');
    const file = join(sandbox.directory(), 'pid');
    expectSuccess(
      await sandbox.tsoci([
        'exec',
        '-d',
        '-t',
        '--pid-file',
        file,
        '--console-socket',
        second.path,
        id,
        'sh',
        '-c',
        'tty; sleep 1000',
      ]),
    );
    assert.equal((await second.received())['terminal'], true);
    await until('it prints', () => /\/dev\/pts\/\d+\r\n/.test(second.printed));
    assert.ok(Number(readFileSync(file, 'utf8')) > 1);
  }));

test('a detached run with a console socket', () =>
  withSandbox(async (sandbox) => {
    const receiver = await Receiver.listen(sandbox, 'terminal');
    const bundle = sandbox.script('echo printed; sleep 1000', withTerminal());
    expectSuccess(
      await sandbox.tsoci([
        'run',
        '-d',
        '--console-socket',
        receiver.path,
        '--bundle',
        bundle.directory,
        sandbox.id(),
      ]),
    );
    await receiver.received();
    await until('it prints', () => receiver.printed.includes('printed\r\n'));
  }));

test('combinations that make no sense are refused before anything happens', () =>
  withSandbox(async (sandbox) => {
    const terminal = sandbox.bundle(['true'], withTerminal());
    const plain = sandbox.bundle(['true']);
    const id = sandbox.id();
    const refuse = async (args: string[], message: RegExp, code = 1) => {
      expectRefusal(await sandbox.tsoci(args), message, code);
      assert.deepEqual(sandbox.leftovers(), []);
    };
    await refuse(['create', '--bundle', terminal.directory, id], /process\.terminal.*--console-socket/s);
    await refuse(['run', '-d', '--bundle', terminal.directory, id], /process\.terminal.*--console-socket/s);
    await refuse(
      ['create', '--bundle', plain.directory, '--console-socket', '/x', id],
      /--console-socket.*terminal/,
    );
    await refuse(
      ['create', '--bundle', terminal.directory, '--console-socket', '/nowhere/socket', id],
      /console socket "\/nowhere\/socket"/,
    );
    const running = await sandbox.running();
    expectRefusal(await sandbox.tsoci(['exec', '-d', '-t', running, 'true']), /--console-socket/, 255);
    expectRefusal(
      await sandbox.tsoci(['exec', '-d', '--console-socket', '/x', running, 'true']),
      /--console-socket.*terminal|--tty/,
      255,
    );
  }));

test.run();
