/** The shim's entry in the shipped executable: the same program under another name. */
import { versionText } from '../cli/version.ts';
import { type Loop, pollOnLoop } from '../host/loop.ts';
import type { Native } from '../host/native.ts';
import { watchingWait } from '../host/wait.ts';
import { main } from '../shim/main.ts';
import { version } from '../version.ts';
import type { EngineCall } from './engine.ts';
import { openHost } from './engine.ts';

/** By which name containerd calls it: `containerd-shim-tsoci-v2`. */
export function isShim(name: string): boolean {
  return name.slice(name.lastIndexOf('/') + 1).startsWith('containerd-shim-');
}

/** One call; the answer is the exit status. The server's comes when it ends. Never throws. */
export function shimMain(native: Native, call: EngineCall, name: string, loop: Loop): Promise<number> {
  native.raiseOpenFiles();
  const host = openHost(native, call);
  const poll = pollOnLoop(native, loop);
  const wait = watchingWait({
    wait: native.wait,
    pidfdOpen: native.pidfdOpen,
    close: native.close,
    tryConnect: native.tryConnect,
    receive: native.receive,
    lock: native.lock,
    openAsync: native.openAsync,
    pollManyAsync: poll,
  });
  return main({
    arguments: call.arguments,
    environment: call.environment,
    host: Object.defineProperty(host, 'wait', { value: wait }),
    name,
    version,
    versionText: versionText(call.engine),
  });
}
