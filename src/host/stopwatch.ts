import type { Host } from './host.ts';

/** One finished piece of work of a start-up, stamped with CLOCK_MONOTONIC. */
export interface TraceStamp {
  readonly name: string;
  /** Who did it and in which phase, such as `cli`, `container`, `stub:rootfs`. */
  readonly category: string;
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** Process that did it, as the host numbers it. */
  readonly pid: number;
  readonly args?: Readonly<Record<string, string | number>>;
}

/** Receives stamps while a container starts. */
export interface TraceSink {
  add(stamp: TraceStamp): void;
}

/** Who is traced: the host, and where the stamps go. */
export interface Traced {
  readonly host: Host;
  readonly trace?: TraceSink | undefined;
}

/** Stamps the steps of a command one after another; costs nothing without a sink. */
export class Stopwatch {
  readonly #traced: Traced;
  #since: bigint;

  constructor(traced: Traced) {
    this.#traced = traced;
    this.#since = traced.trace === undefined ? 0n : traced.host.native.monotonic();
  }

  /** What was done since the last lap. */
  lap(name: string): void {
    const { trace, host } = this.#traced;
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
