import type { Context } from './types.ts';

/** Stamps the steps of a command one after another; costs nothing without a sink. */
export class Stopwatch {
  readonly #context: Context;
  #since: bigint;

  constructor(context: Context) {
    this.#context = context;
    this.#since = context.trace === undefined ? 0n : context.host.native.monotonic();
  }

  /** What was done since the last lap. */
  lap(name: string): void {
    const { trace, host } = this.#context;
    if (trace === undefined) return;
    const now = host.native.monotonic();
    trace.add({
      name,
      category: 'container',
      startNs: this.#since,
      endNs: now,
      pid: host.native.processId(),
    });
    this.#since = now;
  }
}
