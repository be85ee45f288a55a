import { strict as assert } from 'node:assert';
import { tmpdir } from 'node:os';
import { suite } from 'uvu';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { openRuntime, type RuntimeOptions } from '../../../src/library/runtime.ts';
import { withDirectory } from '../container/support.ts';
import { failureOf } from '../refusal.ts';

const test = suite('openRuntime');

const root = `${tmpdir()}/tsoci-no-root`;

test('a root that depends on the working directory is refused, with what to do', () => {
  for (const relative of ['', 'run', './run', '../run']) {
    const failure = failureOf(() => openRuntime({ root: relative }));
    assert.deepEqual(
      [failure.code, failure.message],
      ['invalid', `root "${relative}" is not an absolute path`],
    );
    assert.match(failure.hint ?? '', /path\.resolve\(\)/);
  }
});

test('without the native parts it is told where they were looked for', () =>
  withDirectory((libexec) => {
    const failure = failureOf(() => openRuntime({ root, libexec }));
    assert.equal(failure.code, 'internal');
    assert.ok(failure.message.includes(`"${libexec}/tsoci.node"`), failure.message);
  }));

test('what is not given has a default, also where it is given as undefined', () => {
  const nothing = { criu: undefined, warn: undefined, rootless: undefined, environment: undefined };
  for (const given of [{}, { ...nothing, cgroupManager: undefined, onExit: undefined, libexec: undefined }]) {
    const runtime = openRuntime({ root, ...(given as object) });
    assert.equal(runtime.cgroupManager, 'cgroupfs');
    assert.equal(runtime.rootless, process.geteuid?.() !== 0);
    assert.equal(runtime.host.libexec, findLibexec());
    assert.equal(typeof runtime.warn, 'function');
    // Somebody is told: so what is started here is waited for, and reaped.
    assert.equal(typeof runtime.onExit, 'function');
    assert.ok(runtime.environment().includes(`PATH=${process.env['PATH']}`));
    assert.ok(!('criu' in runtime));
  }
});

test('what is given counts, but for the machine, which nobody gives', () => {
  const given = {
    root,
    cgroupManager: 'systemd',
    rootless: process.geteuid?.() === 0,
    criu: '/opt/criu',
    environment: () => ['A=1'],
    warn: () => undefined,
    onExit: () => undefined,
  } satisfies RuntimeOptions;
  const { host, tracked, ...rest } = openRuntime({ ...given, host: 'x', tracked: 'x' } as RuntimeOptions);
  assert.deepEqual(rest, given);
  assert.equal(host.surroundings, process.env);
  assert.deepEqual(tracked, new Map());
});

test('two runtimes remember their processes apart', () => {
  const [one, other] = [openRuntime({ root }), openRuntime({ root })];
  one.tracked.set('c', { pid: 1, ended: new Promise(() => {}), exited: new Promise(() => {}) });
  assert.equal(other.tracked.size, 0);
});

test("a warning is one of Node's, of a kind that can be told from others, in the words of the library", () => {
  const { emitWarning } = process;
  const told: unknown[] = [];
  process.emitWarning = (...words: readonly unknown[]) => void told.push(words);
  try {
    openRuntime({ root }).warn('leave it out, or give --console-socket');
  } finally {
    process.emitWarning = emitWarning;
  }
  assert.deepEqual(told, [['leave it out, or give `consoleSocket`', { type: 'TsociWarning' }]]);
});

test.run();
