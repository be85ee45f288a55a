import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { dispatch } from '../../../src/cli/dispatch.ts';
import { Failure } from '../../../src/failure.ts';
import type { Native } from '../../../src/host/native.ts';
import type { Sink } from '../../../src/host/outside.ts';
import { fakeHost } from './fake-host.ts';

const test = suite('dispatch');

interface Result {
  readonly status: number;
  readonly out: string;
  readonly errors: string;
  readonly log: string;
}

const noFile = Object.assign(new Error('ENOENT: no such file or directory'), {
  code: 'ENOENT',
  errno: 2,
  syscall: 'open',
});

/** One call of the command on a machine of which only `calls` may be used. */
async function call(
  line: string,
  calls: Partial<Native> | Failure = new Failure('internal', 'no addon'),
): Promise<Result> {
  const written: Record<number, string> = { 1: '', 2: '', 7: '' };
  const sink: Sink = {
    write: (descriptor, text) => {
      written[descriptor] += text;
    },
    openLog: (path) => {
      if (path === '/nowhere/log') throw noFile;
      return 7;
    },
    now: () => new Date(0),
  };
  const status = await dispatch(line === '' ? [] : line.split(' '), {
    surroundings: { XDG_RUNTIME_DIR: '/run/user/1' },
    program: ['/usr/bin/tsoci'],
    engine: 'none: 1',
    elapsed: () => 3,
    openHost: () => {
      if (calls instanceof Failure) throw calls;
      return fakeHost(calls);
    },
    sink,
    hostSink: () => sink,
  });
  return { status, out: written[1] ?? '', errors: written[2] ?? '', log: written[7] ?? '' };
}

test('dispatch() answers without opening the machine where it can', async () => {
  const shown = await call('--version');
  assert.deepEqual([shown.status, shown.errors], [0, '']);
  assert.equal((await call('version')).out, shown.out);
  assert.match((await call('--help')).out, /COMMAND/);
  assert.equal((await call('')).status, 0);
  assert.match((await call('exec --help')).out, /^Usage: tsoci exec/);
  assert.match((await call('help exec')).out, /^Usage: tsoci exec/);
  assert.match((await call('completion bash')).out, /complete -F/);
});

test('dispatch() ends a wrong command line with status 1, on standard error and in the log', async () => {
  const { status, out, errors, log } = await call('--log /l --log-format json create --bundel x c');
  assert.equal(status, 1);
  assert.equal(out, '');
  assert.match(errors, /^tsoci: create: unknown option "--bundel"\n {2}Did you mean "--bundle"\?/);
  const last = JSON.parse(log.trimEnd().split('\n').at(-1) ?? '') as Record<string, string>;
  assert.equal(last['level'], 'error');
  assert.equal(last['msg'], 'create: unknown option "--bundel"');
  assert.equal((await call('help creat')).status, 1);
});

test('dispatch() has status 255 for an exec that cannot run its command, and 1 for others', async () => {
  const { status, errors } = await call('exec c');
  assert.equal(status, 255);
  assert.match(errors, /no addon/);
  assert.equal((await call('exec c', {})).status, 255);
  assert.match((await call('exec c', {})).errors, /COMMAND is missing/);
  assert.equal((await call('state c')).status, 1);
  assert.equal((await call('exec --bogus')).status, 1, 'a wrong command line is not a failed command');
});

test('dispatch() refuses a log that cannot be opened before it does anything', async () => {
  const { status, errors } = await call('--log /nowhere/log state c', {});
  assert.equal(status, 1);
  assert.match(errors, /^tsoci: open the log file "\/nowhere\/log": ENOENT[^\n]*\n {2}--log takes/);
});

test('dispatch() says a wrong signal before it opens the machine', async () => {
  const { status, errors } = await call('kill c BOGUS');
  assert.equal(status, 1);
  assert.match(errors, /unknown signal "BOGUS"/);
});

test('dispatch() writes a timeline also when the command fails', async () => {
  let document = '';
  const { status } = await call('exec --trace /t.json c', {
    monotonic: () => 5_000_000_000n,
    processId: () => 42,
    open: () => 9,
    write: (_, text) => {
      document += String(text);
    },
    close: () => {},
  });
  assert.equal(status, 255);
  const { traceEvents } = JSON.parse(document) as {
    traceEvents: { name: string; ph: string; pid: number; ts?: number }[];
  };
  assert.ok(traceEvents.some(({ ph, name }) => ph === 'X' && name === 'start the engine'));
  assert.ok(traceEvents.every(({ pid }) => pid === 42));
});

test('dispatch() warns when the timeline of a failed command cannot be written, and keeps its error last', async () => {
  const { errors } = await call('exec --trace /t.json c', {
    monotonic: () => 5_000_000_000n,
    processId: () => 42,
    open: () => 9,
    close: () => {},
    write: (descriptor) => {
      if (descriptor === 9) throw noFile;
    },
  });
  assert.match(errors, /warning: write the timeline to "\/t.json"[\s\S]*tsoci: exec: COMMAND is missing/);
});

test('dispatch() refuses a timeline that cannot be opened before it does anything', async () => {
  const { errors, status } = await call('exec --trace /t.json c true', {
    monotonic: () => 5_000_000_000n,
    processId: () => 42,
    open: () => {
      throw noFile;
    },
  });
  assert.equal(status, 255);
  assert.match(errors, /^tsoci: write the timeline to "\/t.json": ENOENT/);
});

test('dispatch() under --debug logs how long the parts took', async () => {
  const { errors } = await call('--debug exec c', { monotonic: () => 5_000_000_000n, processId: () => 42 });
  assert.match(errors, /debug: cli: start the engine: [\d.]+ ms/);
});

test.run();
