import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { type EngineCall, openHost, outsideOf } from '../../../src/entry/engine.ts';
import { callerEnvironment } from '../../../src/host/caller-environment.ts';
import type { Native } from '../../../src/host/native.ts';
import { fakeHost } from '../cli/fake-host.ts';
import { laterFailureOf } from '../refusal.ts';

const test = suite("the executable's entry");

/** A call with this environment, which is asked for by name as getenv(3) does. */
function callWith(...environment: readonly string[]): EngineCall {
  return {
    arguments: [],
    environment,
    variable: (name) => {
      const line = environment.find((each) => each.startsWith(`${name}=`));
      return line?.slice(name.length + 1);
    },
    engine: 'quickjs-ng: 1',
    began: 5_000_000n,
  };
}

/** A machine of which nothing may be asked but these. */
const nativeOf = (calls: Partial<Native> = {}) => fakeHost(calls).native;

test('the environment is looked up by name when it is asked for, and never as a whole', () => {
  const call = callWith('A=1', 'B=');
  const { surroundings } = openHost(nativeOf(), {
    ...call,
    get environment(): never {
      throw new Error('asked for');
    },
  });
  assert.deepEqual([surroundings['A'], surroundings['B'], surroundings['C']], ['1', '', undefined]);
  assert.deepEqual(['A' in surroundings, 'B' in surroundings, 'C' in surroundings], [true, true, false]);
  assert.deepEqual([Object.hasOwn(surroundings, 'A'), Object.hasOwn(surroundings, 'C')], [true, false]);
  // What every object has is no variable.
  assert.deepEqual(['toString' in surroundings, surroundings['constructor']], [false, undefined]);
});

test('of a variable that is given twice the first counts, and what is no variable is handed on to nobody', () => {
  const { surroundings } = openHost(nativeOf(), callWith('A=1', 'A=2', '', 'odd', '=C:', 'B=x=y'));
  assert.deepEqual(Reflect.ownKeys(surroundings), ['A', 'B']);
  assert.deepEqual(callerEnvironment(surroundings), ['A=1', 'B=x=y']);
});

test('where the other programs are is found out when first asked, once, by the executable alone', () => {
  const asked: string[] = [];
  const native = nativeOf({
    readLink: (path) => {
      asked.push(path);
      return '/usr/libexec/tsoci/tsoci';
    },
  });
  const host = openHost(native, callWith('PWD=/elsewhere', 'PATH=/evil'));
  assert.deepEqual(asked, []);
  assert.deepEqual([host.libexec, host.libexec], ['/usr/libexec/tsoci', '/usr/libexec/tsoci']);
  assert.deepEqual(asked, ['/proc/self/exe']);
});

test('libseccomp is in the program beside the executable', async () => {
  const opened: string[] = [];
  const native = nativeOf({
    readLink: () => '/opt/tsoci/tsoci',
    socketPair: () => [8, 9],
    close: () => undefined,
    open: (path) => {
      opened.push(path);
      throw new Error('ENOENT');
    },
  });
  const failure = await laterFailureOf(() => openHost(native, callWith()).openSeccompLibrary());
  assert.equal(failure.code, 'internal');
  assert.deepEqual(opened, ['/opt/tsoci/tsoci-library']);
});

test('outsideOf() asks the machine for nothing, as the image holds what it gives', () => {
  const { engine } = outsideOf(nativeOf(), callWith());
  assert.equal(engine, 'quickjs-ng: 1');
});

test('what is said before the machine is opened goes to the descriptors of this process', () => {
  const written: unknown[] = [];
  const native = nativeOf({ write: (...words) => void written.push(words) });
  outsideOf(native, callWith()).sink.write(2, 'no such command\n');
  assert.deepEqual(written, [[2, 'no such command\n']]);
});

test('another call of this program is of its own file; time is since the process began', () => {
  const native = nativeOf({ readLink: () => '/opt/tsoci/tsoci', monotonic: () => 7_500_000n });
  const outside = outsideOf(native, callWith());
  assert.deepEqual(outside.program, ['/opt/tsoci/tsoci']);
  assert.equal(outside.elapsed(), 2.5);
});

test('a command that opens the machine may have as many files open as it can', async () => {
  let raised = 0;
  const outside = outsideOf(nativeOf({ raiseOpenFiles: () => void raised++ }), callWith('A=1'));
  const host = await outside.openHost();
  assert.equal(raised, 1);
  assert.equal(host.surroundings, outside.surroundings);
});

test.run();
