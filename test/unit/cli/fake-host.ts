import type { Host } from '../../../src/host/host.ts';
import type { Native } from '../../../src/host/native.ts';
import { blockingWait } from '../../../src/host/wait.ts';
import { nowhere } from '../waits.ts';

/** A host of which only the given calls may be made; any other is an error of the test. */
export function fakeHost(calls: Partial<Native>): Host {
  const native = new Proxy(calls, {
    get(target, name) {
      if (name in target) return target[name as keyof Native];
      throw new Error(`the test did not expect native.${String(name)}`);
    },
  }) as Native;
  return { native, wait: blockingWait(native), ...nowhere };
}
