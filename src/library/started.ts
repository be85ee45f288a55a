import type { TerminalSize } from '../container/process/own-terminal.ts';
import type { Foreground, ProcessExit } from '../container/types.ts';
import { Failure } from '../failure.ts';
import { signalNumber } from '../host/signal-number.ts';
import type { Runtime } from './runtime.ts';
import { type NodeStreams, OpenStreams, type Streams } from './streams.ts';

/** A process that was started here: of `create`, `run`, `restore`, or `exec`. */
export interface StartedProcess extends NodeStreams {
  /** The container's. */
  readonly id: string;
  /** As the host numbers it. */
  readonly pid: number;
  /** Its end, with the exit code, or the signal that ended it. It is reaped then. */
  readonly exited: Promise<ProcessExit>;
  /**
   * Sends a signal to it, by number or by name.
   *
   * Throws `Failure`: `invalid` for a signal that is not known, `status` when it has ended.
   */
  kill(signal?: number | string): void;
  /** Tells its terminal the size. Throws `Failure`: `status` when it has none, or when that was closed. */
  resize(size: TerminalSize): void;
}

/** What starts it: gets the runtime with which to do so, and the descriptors of its streams. */
type Starter = (context: Runtime, streams: OpenStreams) => Promise<Foreground>;

/** Starts a process whose end we are told of, also when it comes before whoever started it could ask. */
export async function startProcess(
  runtime: Runtime,
  id: string,
  streams: Streams | undefined,
  start: Starter,
): Promise<StartedProcess> {
  let hasEnded = false;
  let end = (_: ProcessExit): void => undefined;
  const exited = new Promise<ProcessExit>((resolve) => {
    end = resolve;
  });
  const context: Runtime = {
    ...runtime,
    onExit(exit) {
      hasEnded = true;
      end(exit);
      runtime.onExit?.(exit);
    },
  };
  const { native } = runtime.host;
  const opened = await OpenStreams.open(runtime.host, streams);
  let foreground: Foreground;
  try {
    foreground = await start(context, opened);
  } catch (error) {
    opened.abandon();
    throw error;
  }
  const { pid, terminal } = foreground;
  const nodeStreams = opened.handOver(terminal);
  return {
    id,
    pid,
    exited,
    ...nodeStreams,
    kill(signal = 'TERM') {
      const number = signalNumber(String(signal));
      if (hasEnded) throw new Failure('status', `process ${pid} of container "${id}" has ended`);
      // Not yet reaped, and so nobody else's number.
      native.kill(pid, number);
    },
    resize({ rows, columns }) {
      if (terminal === undefined || nodeStreams.terminal?.destroyed !== false) {
        const never = terminal === undefined ? 'here' : 'any more';
        throw new Failure('status', `process ${pid} of container "${id}" has no terminal ${never}`);
      }
      native.setWindowSize(terminal, rows, columns);
    },
  };
}
