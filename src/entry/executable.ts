/**
 * What the image of the shipped executable is made of: evaluated once, when it is built; a process calls the function
 * at the end.
 */
import type { Native } from '../host/native.ts';
// First of all that runs: what is loaded behind it makes encoders.
import './engine-globals.ts';
import { dispatch } from '../cli/dispatch.ts';
import { type EngineCall, outsideOf } from './engine.ts';
import { engine } from './engine-globals.ts';
import { isShim, shimMain } from './shim.ts';

const native = engine.native as Native;
const name = `quickjs-ng: ${engine.version()}`;

/** A door behind which nothing is: no file, no process. Nothing of the building machine can come through it. */
const nothing = new Proxy({} as Native, {
  get: (_, name) => {
    if (name === 'write') return () => undefined;
    if (name === 'userId') return () => 0;
    if (name === 'monotonic') return () => 0n;
    return () => {
      throw Object.assign(new Error(`ENOENT: no such file or directory, ${String(name)}`), {
        code: 'ENOENT',
        errno: 2,
        syscall: String(name),
      });
    };
  },
});

/**
 * The engine makes a function of the language when somebody first asks for it, and then writes it into the object
 * that it belongs to: a page that the process has to copy. So all of them are asked for while the image is made.
 */
function makeBuiltIns(object: object, seen: Set<object>): void {
  seen.add(object);
  const parts: unknown[] = [Object.getPrototypeOf(object)];
  for (const name of Reflect.ownKeys(object)) {
    const { value, get, set } = Object.getOwnPropertyDescriptor(object, name) ?? {};
    parts.push(value, get, set);
  }
  for (const part of parts) {
    const isObject = typeof part === 'function' || (typeof part === 'object' && part !== null);
    if (isObject && !seen.has(part)) makeBuiltIns(part, seen);
  }
}
makeBuiltIns(globalThis, new Set());

/**
 * Each command is called once while the image is made, and fails: what the engine makes when something is first used
 * is then in the image, and not made again by every process on pages of its own.
 */
const calls = [
  ['state', 'x'],
  ['start', 'x'],
  ['kill', 'x'],
  ['delete', 'x'],
  ['exec', 'x', 'true'],
  ['create', 'x'],
  ['list'],
];
const nowhere = { arguments: [], environment: [], variable: () => undefined, engine: name, began: 0n };
for (const words of calls) void dispatch(words, outsideOf(nothing, nowhere));

const call: EngineCall = {
  get arguments() {
    return engine.arguments();
  },
  get environment() {
    return engine.environment();
  },
  variable: engine.variable,
  engine: name,
  get began() {
    return engine.began();
  },
};
const outside = outsideOf(native, call);

engine.main(() => {
  const called = engine.name();
  (isShim(called) ? shimMain(native, call, called, engine) : dispatch(call.arguments, outside)).then(
    engine.exit,
  );
});
