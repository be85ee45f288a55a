/** What the image of the shipped executable is made of: evaluated once, when it is built; a process calls the function at the end. */
import type { Native } from '../host/native.ts';
import { main } from './engine.ts';
import { engine } from './engine-globals.ts';

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
 * Each command is called once while the image is made, and fails: what the engine makes when something is first used is then in the image, and
 * not made again by every process on pages of its own.
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
for (const words of calls)
  void main(nothing, {
    arguments: words,
    environment: [],
    variable: () => undefined,
    engine: name,
    began: 0n,
  });

engine.main(() => {
  const call = {
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
  main(native, call).then(engine.exit);
});
