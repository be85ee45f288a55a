import { strict as assert } from 'node:assert';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import { Reporter, type ReportOptions } from '../../../src/cli/report.ts';
import { Failure } from '../../../src/failure.ts';
import type { Sink } from '../../../src/host/outside.ts';

const test = suite('report');
const logDescriptor = 7;
const time = '2026-01-02T03:04:05.678Z';

/** A sink that remembers. `broken` writes fail, as on a full disk. */
function recorder(broken: { open?: boolean; log?: boolean } = {}) {
  const written: Record<number, string> = {};
  const sink: Sink = {
    write(descriptor, text) {
      if (broken.log && descriptor === logDescriptor) throw new Error('ENOSPC: no space left on device');
      written[descriptor] = (written[descriptor] ?? '') + text;
    },
    openLog() {
      if (broken.open) throw new Error('ENOENT: no such file or directory');
      return logDescriptor;
    },
    now: () => new Date(time),
  };
  return { sink, written };
}

const quiet: ReportOptions = { log: undefined, format: 'text', debug: false };
const failure = new Failure('invalid', 'mounts[3] (/data): "x": no', {
  hint: 'Do it otherwise.',
  cleanup: [new Error('rmdir: busy')],
});

test('fail() tells people the message, then what to do', () => {
  const { sink, written } = recorder();
  new Reporter(quiet, sink).fail(failure);
  assert.equal(
    written[2],
    'tsoci: mounts[3] (/data): "x": no\n  while cleaning up: rmdir: busy\n  Do it otherwise.\n',
  );
  assert.equal(written[logDescriptor], undefined);
});

test('fail() ends a JSON log with the error line that engines take', () => {
  const { sink, written } = recorder();
  const reporter = new Reporter({ log: '/l', format: 'json', debug: true }, sink);
  reporter.openLog();
  reporter.warn('careful');
  reporter.debug('step');
  reporter.fail(failure);
  const lines = (written[logDescriptor] ?? '')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);
  assert.deepEqual(lines.at(-1), { level: 'error', msg: failure.message, time });
  assert.deepEqual(lines[0], { level: 'warning', msg: 'careful', time });
  assert.equal(lines.filter(({ level }) => level === 'error').length, 1);
  assert.ok(lines.some(({ level, msg }) => level === 'info' && msg === 'Do it otherwise.'));
  assert.match(written[2] ?? '', /^tsoci: mounts\[3\]/);
});

test('fail() writes text lines of the familiar form', () => {
  const { sink, written } = recorder();
  new Reporter({ log: '/l', format: 'text', debug: false }, sink).fail(failure);
  const last = (written[logDescriptor] ?? '').trimEnd().split('\n').at(-1);
  assert.equal(last, `time="${time}" level=error msg="mounts[3] (/data): \\"x\\": no"`);
});

test('fail() writes JSON alone to standard error when there is no log file', () => {
  const { sink, written } = recorder();
  new Reporter({ log: undefined, format: 'json', debug: false }, sink).fail(failure);
  assert.deepEqual(JSON.parse(written[2] ?? ''), { level: 'error', msg: failure.message, time });
});

test('fail() puts the place in config.json before a message that does not name it', () => {
  for (const [message, pointer, said] of [
    ['no such thing', '/mounts/3/type', 'tsoci: mounts[3].type: no such thing\n'],
    ['mounts[3].type: no such thing', '/mounts/3/type', 'tsoci: mounts[3].type: no such thing\n'],
    ['no', '/linux/sysctl/net.ipv4.x', 'tsoci: linux.sysctl["net.ipv4.x"]: no\n'],
    ['no', '', 'tsoci: no\n'],
  ] as const) {
    const { sink, written } = recorder();
    new Reporter(quiet, sink).fail(new Failure('invalid', message, { pointer }));
    assert.equal(written[2], said);
  }
});

test("fail() marks tsoci's own faults and shows the stack under --debug only", () => {
  const fault = new TypeError('x is not a function');
  const plain = recorder();
  new Reporter(quiet, plain.sink).fail(fault);
  assert.match(
    plain.written[2] ?? '',
    /^tsoci: internal error: x is not a function\n {2}This is a fault of tsoci itself/,
  );
  assert.doesNotMatch(plain.written[2] ?? '', /report\.test|tsoci\.js/);
  const loud = recorder();
  new Reporter({ ...quiet, debug: true }, loud.sink).fail(fault);
  assert.match(loud.written[2] ?? '', /report\.test|tsoci\.js/);
  assert.match(loud.written[2] ?? '', /tsoci: internal error: [^\n]*\n[^\n]*\n$/, 'the error stays last');
});

test('fail() shows causes under --debug', () => {
  const { sink, written } = recorder();
  const cause = new Error('openat2: EXDEV');
  new Reporter({ ...quiet, debug: true }, sink).fail(new Failure('system', 'mount', { cause }));
  assert.match(written[2] ?? '', /debug: Error: openat2: EXDEV/);
});

test('openLog() refuses an unusable log clearly, and fail() still tells people', () => {
  const { sink, written } = recorder({ open: true });
  const reporter = new Reporter({ ...quiet, log: '/nowhere/l' }, sink);
  assert.throws(
    () => reporter.openLog(),
    (error: unknown) =>
      error instanceof Failure && error.code === 'invalid' && /"\/nowhere\/l": ENOENT/.test(error.message),
  );
  assert.equal(written[2], undefined, 'the refusal is printed by fail(), not here');
  new Reporter({ ...quiet, log: '/nowhere/l' }, sink).fail(failure);
  assert.match(written[2] ?? '', /"\/nowhere\/l": ENOENT[\s\S]*mounts\[3\]/);
});

test('fail() says a broken log once and only once', () => {
  const { sink, written } = recorder({ open: true });
  const reporter = new Reporter({ ...quiet, log: '/nowhere/l' }, sink);
  let refusal: unknown;
  try {
    reporter.openLog();
  } catch (error) {
    refusal = error;
  }
  reporter.fail(refusal);
  assert.equal((written[2] ?? '').match(/ENOENT/g)?.length, 1, written[2]);
});

test('fail() survives a full disk', () => {
  const { sink, written } = recorder({ log: true });
  new Reporter({ ...quiet, log: '/l' }, sink).fail(new Failure('system', 'the reason'));
  assert.match(written[2] ?? '', /write the log: ENOSPC[\s\S]*tsoci: the reason\n$/);
});

test('warn() and debug() go to the log, else to standard error', () => {
  const logged = recorder();
  const reporter = new Reporter({ log: '/l', format: 'text', debug: false }, logged.sink);
  reporter.openLog();
  reporter.warn('w');
  reporter.debug('d');
  assert.equal(logged.written[2], undefined);
  assert.equal(logged.written[logDescriptor], `time="${time}" level=warning msg="w"\n`);
  const plain = recorder();
  new Reporter(quiet, plain.sink).warn('w');
  assert.equal(plain.written[2], 'tsoci: warning: w\n');
});

test('holdWarnings() keeps warnings from standard error until the command fails', () => {
  const plain = recorder();
  const held = new Reporter(quiet, plain.sink);
  held.holdWarnings();
  held.warn('w');
  assert.equal(plain.written[2], undefined);
  held.fail(new Failure('invalid', 'the reason'));
  assert.equal(plain.written[2], 'tsoci: warning: w\ntsoci: the reason\n');
  const logged = recorder();
  const reporter = new Reporter({ log: '/l', format: 'text', debug: false }, logged.sink);
  reporter.holdWarnings();
  reporter.openLog();
  reporter.warn('w');
  assert.equal(logged.written[logDescriptor], `time="${time}" level=warning msg="w"\n`);
  const asked = recorder();
  const talkative = new Reporter({ ...quiet, debug: true }, asked.sink);
  talkative.holdWarnings();
  talkative.warn('w');
  assert.equal(asked.written[2], 'tsoci: warning: w\n');
});

test('every log line is one line, whatever is in the message', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('text' as const, 'json' as const),
      (message, format) => {
        const { sink, written } = recorder();
        new Reporter({ log: '/l', format, debug: false }, sink).fail(new Failure('invalid', message));
        assert.equal((written[logDescriptor] ?? '').split('\n').length, 2);
      },
    ),
  );
});

test('print() shows what a terminal would obey, and hands it on to a pipe', () => {
  for (const terminal of [true, false, undefined]) {
    const { sink, written } = recorder();
    const asked = terminal === undefined ? sink : { ...sink, isTerminal: () => terminal };
    const reporter = new Reporter(quiet, asked);
    reporter.print('a\u202eb\n');
    assert.equal(written[1], terminal === false ? 'a\u202eb\n' : 'a\\u202eb\n');
    reporter.control('\x1b[H');
    assert.ok(written[1]?.endsWith('\x1b[H'));
  }
});

test('a log never holds them raw, and says the same', () => {
  for (const format of ['json', 'text'] as const) {
    const { sink, written } = recorder();
    const reporter = new Reporter({ log: '/l', format, debug: false }, sink);
    reporter.openLog();
    reporter.warn('a\u202e\u009bb');
    const line = written[logDescriptor] ?? '';
    assert.match(line, /a\\u202e\\u009bb/);
    if (format === 'json') assert.equal(JSON.parse(line).msg, 'a\u202e\u009bb');
  }
});

test.run();
