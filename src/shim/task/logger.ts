import { Failure, messageOf } from '../../failure.ts';
import { ask } from '../../host/files.ts';
import type { Host } from '../../host/host.ts';
import { type ExitStatus, hasErrno } from '../../host/native.ts';
import { O_CLOEXEC, O_RDWR } from '../../host/open-flags.ts';
import { SIGKILL } from '../../host/signals.ts';
import { waitUntil } from '../../host/wait.ts';
import { openPipe } from './stream-ends.ts';
import type { LoggerAddress } from './stream-names.ts';

const SIGTERM = 15;
/**
 * Milliseconds: until it says that it is ready; for its own end once it has read everything; between the two signals.
 */
const readyPatience = 30_000;
const endPatience = 200;
const killPatience = 12_000;

type LoggerHost = Pick<Host, 'native' | 'wait'>;

export interface LoggerChoice {
  readonly address: LoggerAddress;
  readonly id: string;
  readonly namespace: string;
  /** Milliseconds until it has to be ready. */
  readonly readyPatience?: number | undefined;
  warn(message: string): void;
}

/**
 * A program that reads a process's output from its descriptors 3 and 4 and says on 5 when it is ready. The process
 * writes to its pipes directly. We hold their ends for reading as well: when the logger dies, the process is not
 * killed by SIGPIPE, and what it writes goes nowhere.
 */
export class Logger {
  readonly #host: LoggerHost;
  readonly #choice: LoggerChoice;
  readonly #pid: number;
  readonly #reading: number[];
  readonly #copies: number[] = [];
  readonly #ended: Promise<void>;
  #isOver = false;
  #finished = false;
  /** The process's ends. */
  readonly writing: readonly [number, number];

  private constructor(host: LoggerHost, choice: LoggerChoice, pid: number, pipes: readonly Pipe[]) {
    this.#host = host;
    this.#choice = choice;
    this.#pid = pid;
    this.#reading = pipes.map(([reading]) => reading);
    const [stdout, stderr] = pipes as [Pipe, Pipe];
    this.writing = [stdout[1], stderr[1]];
    this.#ended = host.wait
      .child(pid)
      // Somebody else has reaped it: then nobody knows how it ended.
      .catch(() => undefined)
      .then((status) => this.#over(status));
  }

  /** Starts it and waits until it is ready. Throws `Failure`; nothing is left of it then. */
  static async start(host: LoggerHost, choice: LoggerChoice): Promise<Logger> {
    const { native } = host;
    const pipes: Pipe[] = [];
    let logger: Logger | undefined;
    try {
      pipes.push(openPipe(native), openPipe(native));
      const ready = native.pipe();
      try {
        const pid = spawn(host, choice, [...pipes.map(([reading]) => reading), ready[1]]);
        logger = new Logger(host, choice, pid, pipes);
      } finally {
        native.close(ready[1]);
        if (logger === undefined) native.close(ready[0]);
      }
      await logger.#becomesReady(ready[0]);
      return logger;
    } catch (error) {
      for (const [, writing] of pipes) native.close(writing);
      if (logger === undefined) for (const [reading] of pipes) native.close(reading);
      else void logger.finish(0);
      throw error;
    }
  }

  /** One byte, or that it closed its end, which is enough for the older kind unless it is over. */
  async #becomesReady(ready: number): Promise<void> {
    const { native, wait } = this.#host;
    const { address, readyPatience: patience = readyPatience } = this.#choice;
    const refuse = (why: string) =>
      new Failure('system', `the logger "${address.path}" ${why}`, {
        hint: 'It has to write a byte to descriptor 5, or close it, as soon as it reads',
      });
    try {
      const [readable] = await wait.readable([ready], patience);
      if (readable === undefined) throw refuse(`is not ready after ${patience / 1000} s`);
      if (native.read(ready, 1).length === 0 && address.mustSay)
        throw refuse('closed descriptor 5 without saying that it is ready');
    } finally {
      native.close(ready);
    }
  }

  /** From here on the pipes are drained, or closed, by whoever took them out of `#reading`. */
  async #over(status: ExitStatus | undefined): Promise<void> {
    this.#isOver = true;
    const { native } = this.#host;
    const pipes = this.#reading.splice(0);
    const lost = !this.#finished && !(await this.#areRead(pipes));
    if (lost) {
      const { warn, address } = this.#choice;
      const how =
        status?.signal === undefined ? `status ${status?.code ?? 'unknown'}` : `signal ${status.signal}`;
      warn(`the logger "${address.path}" has ended (${how}); what the process writes from now on is dropped`);
    }
    for (const pipe of pipes)
      if (lost && !this.#finished) this.#copies.push(native.copyStart(pipe, -1, 0).number);
      else native.close(pipe);
  }

  /** To their end: nobody has them open for writing any more, as is usual when a logger ends by itself. */
  async #areRead(pipes: readonly number[]): Promise<boolean> {
    if (!this.#hasRead(pipes)) return false;
    // An empty pipe is readable when it has no writer.
    return (await this.#host.wait.readable(pipes, 0)).length === pipes.length;
  }

  #hasRead(pipes: readonly number[]): boolean {
    return pipes.every((pipe) => this.#host.native.unread(pipe) === 0);
  }

  /**
   * The process has ended: what it wrote is read by the logger within so many milliseconds, and then the logger has a
   * moment to end by itself, as most do at the end of their input. Then SIGTERM, and later SIGKILL, for which nobody
   * waits here.
   */
  async finish(milliseconds: number): Promise<void> {
    if (this.#finished) return;
    this.#finished = true;
    const { native, wait } = this.#host;
    await waitUntil(wait, milliseconds, () => this.#isOver || this.#hasRead(this.#reading));
    await waitUntil(wait, Math.min(endPatience, milliseconds), () => this.#isOver);
    for (const reading of this.#reading.splice(0)) native.close(reading);
    for (const copy of this.#copies.splice(0)) native.copySay(copy, 3);
    if (!this.#isOver) void this.#end().catch((error) => this.#choice.warn(messageOf(error)));
  }

  async #end(): Promise<void> {
    this.#signal(SIGTERM);
    const { wait } = this.#host;
    for (let waited = 0; waited < killPatience && !this.#isOver; waited += 100) await wait.pause(100);
    this.#signal(SIGKILL);
    await this.#ended;
  }

  /** It is our child and not reaped before `#isOver` says so: the number is nobody else's. */
  #signal(signal: number): void {
    if (this.#isOver) return;
    try {
      this.#host.native.kill(this.#pid, signal);
    } catch (error) {
      if (!hasErrno(error, 'ESRCH')) throw error;
    }
  }
}

type Pipe = readonly [reading: number, writing: number];

function spawn({ native }: LoggerHost, choice: LoggerChoice, descriptors: readonly number[]): number {
  const { address, id, namespace } = choice;
  const nothing = native.open('/dev/null', O_RDWR | O_CLOEXEC, 0);
  try {
    return ask('start the logger', address.path, () =>
      native.spawn({
        file: address.path,
        argv: [address.path, ...address.args],
        environment: [`CONTAINER_ID=${id}`, `CONTAINER_NAMESPACE=${namespace}`],
        descriptors: [nothing, nothing, nothing, ...descriptors],
        newSession: true,
      }),
    );
  } finally {
    native.close(nothing);
  }
}
