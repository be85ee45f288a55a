import type { Foreground, ProcessExit } from '../../container/mod.ts';
import type { Deleted } from './messages.ts';
import type { ProcessStreams, StreamNames } from './streams.ts';

/** How a process ended, as callers are told. */
export interface Ended {
  /** 0 to 255, or 128 and the signal. */
  readonly status: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What a shell would say of it (OCI engines do as well). */
export function endedOf({ code, signal }: ProcessExit): Ended {
  return { status: code ?? 128 + (signal ?? 0), at: Date.now() };
}

export type ProcessStatus = 'created' | 'running' | 'stopped';

/** The container's own process, or one of an exec: what callers know of it, and who waits for its end. */
export class TaskProcess {
  /** Empty for the container's own. */
  readonly execId: string;
  readonly names: StreamNames;
  /** config.json's `process` of an exec. */
  readonly spec: unknown;
  /** 0 until it was made. */
  pid = 0;
  streams: ProcessStreams | undefined;
  /** Under way. */
  deletion: Promise<Deleted> | undefined;
  #started = false;
  #ended: Ended | undefined;
  /** Its end was told to those who wait. */
  #told = false;
  readonly #tell: (ended: Ended) => void;
  /** Its end, when callers may know of it. */
  readonly exited: Promise<Ended>;

  constructor(execId: string, names: StreamNames, spec?: unknown) {
    let tell = (_: Ended): void => undefined;
    this.exited = new Promise((resolve) => {
      tell = resolve;
    });
    this.#tell = tell;
    this.execId = execId;
    this.names = names;
    this.spec = spec;
  }

  get status(): ProcessStatus {
    if (this.#ended !== undefined) return 'stopped';
    return this.#started ? 'running' : 'created';
  }

  get started(): boolean {
    return this.#started;
  }

  /** Undefined while it lives, or is not there yet. */
  get ended(): Ended | undefined {
    return this.#ended;
  }

  /** For callers: an end that is not told yet has not happened. */
  get toldEnd(): Ended | undefined {
    return this.#told ? this.#ended : undefined;
  }

  /** It runs its program. */
  start(): void {
    this.#started = true;
  }

  /** It is there. */
  made({ pid }: Foreground): void {
    this.pid = pid;
  }

  /** It has ended: nobody waits for its number any more. */
  end(ended: Ended): void {
    this.#ended ??= ended;
    this.streams?.ended();
  }

  /** Whoever waits hears of the end. */
  tellEnd(): void {
    if (this.#ended === undefined) return;
    this.#told = true;
    this.#tell(this.#ended);
  }
}
