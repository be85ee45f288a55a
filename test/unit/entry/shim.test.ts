import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { EngineCall } from '../../../src/entry/engine.ts';
import { findLibexec } from '../../../src/entry/libexec.ts';
import { isShim, shimMain } from '../../../src/entry/shim.ts';
import type { Loop } from '../../../src/host/loop.ts';
import type { Native } from '../../../src/host/native.ts';
import { version } from '../../../src/version.ts';
import { native, nativeWith } from '../container/support.ts';

const test = suite("the shim's entry");

const name = '/usr/bin/containerd-shim-tsoci-v2';
const callOf = (...words: readonly string[]): EngineCall => ({
  arguments: words,
  environment: [],
  variable: () => undefined,
  engine: 'quickjs-ng: 1',
  began: 0n,
});
const noLoop = {} as Loop;

/** What is written, by descriptor. */
function recorder() {
  const written = new Map<number, string>();
  const write: Native['write'] = (descriptor, data) => {
    const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
    written.set(descriptor, (written.get(descriptor) ?? '') + text);
  };
  return { written, write };
}

/** A machine that may be written to, and of which no other call is made. */
const machineThat = (write: Native['write'], raiseOpenFiles: () => void = () => undefined) =>
  ({ raiseOpenFiles, write }) as Native;

test('isShim() goes by the name, not by the directory', () => {
  for (const each of [name, 'containerd-shim-tsoci-v2', './containerd-shim-other-v1'])
    assert.ok(isShim(each), each);
  for (const each of [
    'tsoci',
    '/usr/bin/tsoci',
    '/containerd-shim-tsoci-v2/tsoci',
    '',
    'my-containerd-shim-x',
  ])
    assert.ok(!isShim(each), each);
});

test('-v tells the version of the program, and which engine runs it', async () => {
  const { written, write } = recorder();
  let raised = 0;
  const machine = machineThat(write, () => void raised++);
  assert.equal(await shimMain(machine, callOf('-v'), name, noLoop), 0);
  assert.match(written.get(1) ?? '', new RegExp(`^tsoci version ${version}\\n[^]*\\nquickjs-ng: 1\\n$`));
  assert.deepEqual([written.get(2), raised], [undefined, 1]);
});

test('a command line that is none is told on standard error, with status 1', async () => {
  const { written, write } = recorder();
  assert.equal(await shimMain(machineThat(write), callOf('-bogus'), name, noLoop), 1);
  assert.equal(written.get(2), 'the option -bogus is unknown\n');
});

/** A loop on timers, which counts what is watched. */
function timedLoop(): Loop & { readonly count: { seen: number; now: number } } {
  const timers = new Map<number, ReturnType<typeof setInterval>>();
  const count = { seen: 0, now: 0 };
  return {
    count,
    watch(descriptor, _, call) {
      count.seen++;
      count.now++;
      timers.set(
        descriptor,
        setInterval(() => {
          if (native.pollMany([descriptor], 0).length > 0) call(1);
        }, 1),
      );
      return 0;
    },
    unwatch(descriptor) {
      count.now--;
      clearInterval(timers.get(descriptor));
      return 0;
    },
    setTimer: (call, milliseconds) => setTimeout(call, milliseconds) as never,
    clearTimer: (timer) => clearTimeout(timer as never),
  };
}

test('whatever is waited for is waited for on the loop of the engine, without a thread', async () => {
  const { written, write } = recorder();
  let looks = 0;
  const machine = nativeWith({
    write,
    // Whoever looks first is too early.
    pollMany: (descriptors, most) => (looks++ === 0 ? [] : native.pollMany(descriptors, most)),
    readLink: (path) => (path === '/proc/self/exe' ? `${findLibexec()}/tsoci` : native.readLink(path)),
    pollManyAsync: () => {
      throw new Error('a thread was asked for');
    },
  });
  const loop = timedLoop();
  assert.equal(await shimMain(machine, callOf('-info'), name, loop), 0, written.get(2));
  assert.match(written.get(1) ?? '', /io\.containerd\.tsoci\.v2/);
  assert.ok(loop.count.seen > 0, 'the answer of libseccomp was waited for');
  assert.equal(loop.count.now, 0);
});

test.run();
