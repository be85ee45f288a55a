import type { Context, ProcessExit } from '../../../src/container/types.ts';
import type { Runtime } from '../../../src/library/runtime.ts';

/** A runtime on a context of the test's, and the ends that its host was told of. */
export function runtimeOn(context: Context): {
  readonly runtime: Runtime;
  readonly told: readonly ProcessExit[];
} {
  const told: ProcessExit[] = [];
  return { runtime: { ...context, tracked: new Map(), onExit: (exit) => void told.push(exit) }, told };
}
