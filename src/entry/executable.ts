/** What the image of the shipped executable is made of: evaluated once, when it is built; a process calls the function at the end. */
import type { Native } from '../host/native.ts';
import { main } from './engine.ts';
import { engine } from './engine-globals.ts';

const native = engine.native as Native;
const name = `quickjs-ng: ${engine.version()}`;

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
