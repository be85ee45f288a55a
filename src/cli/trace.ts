import { Failure, messageOf } from '../failure.ts';
import type { Native } from '../host/native.ts';
import { O_CLOEXEC, O_CREAT, O_TRUNC, O_WRONLY } from '../host/open-flags.ts';
import type { TraceSink, TraceStamp } from '../host/stopwatch.ts';

/** Collects stamps and turns them into a Trace Event Format document, which Perfetto and chrome://tracing open. */
export class Trace implements TraceSink {
  readonly #stamps: TraceStamp[] = [];

  add(stamp: TraceStamp): void {
    this.#stamps.push(stamp);
  }

  get stamps(): readonly TraceStamp[] {
    return this.#stamps;
  }

  /**
   * The document. Times are microseconds from the earliest stamp; `ownPid` is the process of tsoci itself, the other
   * processes are the stub's.
   */
  toJson(ownPid: number): string {
    const origin = this.#stamps.reduce<bigint | undefined>(
      (earliest, { startNs }) => (earliest === undefined || startNs < earliest ? startNs : earliest),
      undefined,
    );
    const pids = [...new Set(this.#stamps.map(({ pid }) => pid))];
    const events = [
      ...pids.flatMap((pid) => nameEvents(pid, pid === ownPid ? 'tsoci' : 'tsoci-init')),
      ...this.#stamps.map((stamp) => completeEvent(stamp, origin ?? 0n)),
    ];
    const lines = events.map((event) => JSON.stringify(event)).join(',\n');
    return `{"displayTimeUnit":"ns","traceEvents":[\n${lines}\n]}\n`;
  }
}

function nameEvents(pid: number, name: string): object[] {
  return [
    { ph: 'M', name: 'process_name', pid, tid: pid, args: { name } },
    { ph: 'M', name: 'thread_name', pid, tid: pid, args: { name } },
  ];
}

function completeEvent(stamp: TraceStamp, origin: bigint): object {
  return {
    ph: 'X',
    name: stamp.name,
    cat: stamp.category,
    ts: microseconds(stamp.startNs - origin),
    dur: microseconds(stamp.endNs - stamp.startNs),
    pid: stamp.pid,
    tid: stamp.pid,
    args: stamp.args ?? {},
  };
}

function microseconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1000;
}

const rewriteFlags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;

/** Writes the document to a file, in place of what was there. Throws `Failure` `system`. */
export function writeTrace(trace: Trace, path: string, native: Native): void {
  openTrace(path, native, (file) => {
    try {
      native.write(file, trace.toJson(native.processId()));
    } finally {
      native.close(file);
    }
  });
}

/** Makes or empties the file, and hands its descriptor on. Throws `Failure` `system`, also for what `use` throws. */
export function openTrace(path: string, native: Native, use: (file: number) => void): void {
  try {
    use(native.open(path, rewriteFlags, 0o644));
  } catch (cause) {
    throw new Failure('system', `write the timeline to "${path}": ${messageOf(cause)}`, {
      cause,
      hint: '--trace takes a file in an existing, writable directory.',
    });
  }
}
