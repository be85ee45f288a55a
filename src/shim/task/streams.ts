import type { StandardStreams } from '../../container/types.ts';
import { messageOf } from '../../failure.ts';
import { ask } from '../../host/files.ts';
import type { Host } from '../../host/host.ts';
import type { CopyReport } from '../../host/native.ts';
import { O_CLOEXEC, O_NOCTTY, O_RDONLY, O_WRONLY } from '../../host/open-flags.ts';
import { within } from '../within.ts';
import { Logger } from './logger.ts';
import {
  isPipe,
  openInput,
  openLogFile,
  openOutput,
  openPipe,
  openPipeOf,
  openWriter,
} from './stream-ends.ts';
import { fifoPath, outputAddress, type StreamNames } from './stream-names.ts';

export type { StreamNames } from './stream-names.ts';

/** What a process's streams are made from. */
export interface StreamChoice {
  readonly names: StreamNames;
  /** Ids of the host that own the container's ends of the pipes, so that it can open /dev/stdout. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** What a logger is told. */
  readonly id: string;
  readonly namespace: string;
  /** Pid of a process that is there already, whose shim has gone: our ends are taken from it. */
  readonly adopted?: number;
  /** Milliseconds until a logger has to be ready; 30 s unless given. */
  readonly readyPatience?: number;
  /** Told of output that was lost. */
  warn(message: string): void;
}

/**
 * The streams of one process between a container and its client. The order of calls: {@link openStreams}, then
 * {@link begin} when the process exists or {@link abandon} when it does not, {@link ended} when it has ended, and
 * {@link finish} when it is deleted.
 */
export interface ProcessStreams {
  /** For `streams` of create() and exec(): the container's ends, until begin() or abandon(). None for a terminal. */
  readonly descriptors: StandardStreams | undefined;
  /**
   * The process exists: opens the client's fifos and starts to copy. Throws `Failure`; then abandon() is to be
   * called.
   * @param terminal descriptor of the terminal's master side, which belongs to this object from now on
   */
  begin(terminal?: number): Promise<void>;
  /** No process was made, or begin() failed: closes everything, and ends the logger. */
  abandon(): void;
  /** Tells the terminal its size in characters. Without a terminal, and after finish(), nothing happens. */
  resize(width: number, height: number): void;
  /**
   * Closes our own writer of the client's fifo for standard input: the process sees its end when the client's is gone
   * too. Twice is fine.
   */
  closeStdin(): void;
  /**
   * The process has ended: no input is taken any more, and a terminal that nobody has open stays so. Output goes on
   * to its end. Twice is fine.
   */
  ended(): void;
  /**
   * The process is forgotten: waits at most so many milliseconds until a client that is there has read all, then
   * closes all, but what a hanging disk has hold of. Never throws; a second call waits for the first.
   */
  finish(milliseconds: number): Promise<void>;
}

type StreamHost = Pick<Host, 'native' | 'wait'>;

const words = { processEnded: 1, noWaiting: 2, stop: 3 } as const;
const kinds = { output: 0, input: 1 } as const;
/** Milliseconds that a copy which was told to stop may take for it. */
const untilClosed = 1000;

interface Copy {
  readonly number: number;
  readonly ended: Promise<CopyReport>;
}

type Output = 'stdout' | 'stderr';

class Streams implements ProcessStreams {
  readonly #host: StreamHost;
  readonly #choice: StreamChoice;
  /** The container's ends, each once. */
  readonly #theirs: number[] = [];
  /** Our ends of its pipes, until copies own them. */
  #stdin: number | undefined;
  readonly #sources = new Map<Output, number>();
  #logger: Logger | undefined;
  #logFile: number | undefined;
  #terminal: number | undefined;
  #stdinWriter: number | undefined;
  #stdinIsClosed = false;
  #input: Copy | undefined;
  readonly #outputs: Copy[] = [];
  #finished: Promise<void> | undefined;
  descriptors: StandardStreams | undefined;

  constructor(host: StreamHost, choice: StreamChoice) {
    this.#host = host;
    this.#choice = choice;
  }

  async open(): Promise<void> {
    const { names, adopted, ...rest } = this.#choice;
    const address = outputAddress(names.stdout);
    if (address.kind === 'file') this.#logFile = await openLogFile(this.#host.native, address.path);
    if (adopted !== undefined) return this.#adopt(adopted, address.kind);
    if (address.kind === 'logger') {
      this.#logger = await Logger.start(this.#host, { ...rest, address });
      this.#theirs.push(...this.#logger.writing);
    }
    if (names.terminal) return;
    this.descriptors = [this.#openInput(), ...this.#openOutputs()];
    this.#giveAway();
  }

  /** What it writes to a logger needs nobody; a terminal went with its shim. */
  #adopt(pid: number, kind: ReturnType<typeof outputAddress>['kind']): void {
    const { native } = this.#host;
    const { stdin, stdout, stderr, terminal } = this.#choice.names;
    if (terminal || kind === 'logger') return;
    if (stdin !== '') this.#stdin = openPipeOf(native, pid, 0, O_WRONLY);
    if (stdout !== '') this.#take('stdout', openPipeOf(native, pid, 1, O_RDONLY));
    if (stderr !== '' && stderr !== stdout && kind !== 'file')
      this.#take('stderr', openPipeOf(native, pid, 2, O_RDONLY));
  }

  #take(stream: Output, source: number | undefined): void {
    if (source !== undefined) this.#sources.set(stream, source);
  }

  #nothing(flags: number): number {
    return this.#keep(this.#host.native.open('/dev/null', flags | O_NOCTTY | O_CLOEXEC, 0));
  }

  #keep(descriptor: number): number {
    this.#theirs.push(descriptor);
    return descriptor;
  }

  #openInput(): number {
    if (this.#choice.names.stdin === '') return this.#nothing(O_RDONLY);
    const [reading, writing] = openPipe(this.#host.native);
    this.#stdin = writing;
    return this.#keep(reading);
  }

  #openOutputs(): readonly [number, number] {
    if (this.#logger !== undefined) return this.#logger.writing;
    const { stdout, stderr } = this.#choice.names;
    const first = this.#openOutput('stdout', stdout);
    // One pipe for both keeps their order.
    const same = this.#logFile !== undefined || stderr === stdout;
    return [first, same ? first : this.#openOutput('stderr', stderr)];
  }

  #openOutput(stream: Output, name: string): number {
    if (name === '') return this.#nothing(O_WRONLY);
    const [reading, writing] = openPipe(this.#host.native);
    this.#sources.set(stream, reading);
    return this.#keep(writing);
  }

  /** The pipes become the user's: opening /dev/stdout asks for permission, where writing to a descriptor does not. */
  #giveAway(): void {
    const { native } = this.#host;
    const { uid, gid } = this.#choice.owner;
    if (uid === native.userId() && gid === native.groupId()) return;
    for (const descriptor of this.#theirs) {
      const path = `/proc/self/fd/${descriptor}`;
      if (isPipe(native, descriptor))
        ask("give a pipe to the container's user", path, () => native.chown(path, uid, gid));
    }
  }

  async begin(terminal?: number): Promise<void> {
    const { native } = this.#host;
    const { stdin, stdout, stderr } = this.#choice.names;
    this.#terminal = terminal;
    if (terminal !== undefined) {
      this.#sources.set('stdout', native.duplicate(terminal));
      if (stdin !== '') this.#stdin = native.duplicate(terminal);
      // No process has the logger's pipe: we write to it.
      if (this.#logger !== undefined) this.#logFile = native.duplicate(this.#logger.writing[0]);
    }
    this.#closeTheirs();
    if (stdin !== '') this.#copyInput(fifoPath(stdin));
    this.#copyOutput('stdout', fifoPath(stdout));
    this.#copyOutput('stderr', fifoPath(stderr));
  }

  #copyInput(path: string): void {
    const { native } = this.#host;
    const destination = this.#stdin;
    if (destination === undefined) return;
    const source = openInput(native, path);
    try {
      if (!this.#stdinIsClosed) this.#stdinWriter = openWriter(native, path, source);
      this.#input = native.copyStart(source, destination, kinds.input);
    } catch (error) {
      native.close(source);
      throw error;
    }
    this.#stdin = undefined;
  }

  #copyOutput(stream: Output, path: string): void {
    const { native } = this.#host;
    const source = this.#sources.get(stream);
    if (source === undefined) return;
    this.#logFile ??= path === '' ? undefined : openOutput(native, path);
    const copy = native.copyStart(source, this.#logFile ?? -1, kinds.output);
    this.#sources.delete(stream);
    this.#logFile = undefined;
    this.#outputs.push(copy);
    void copy.ended.then(({ dropped, error }) => {
      if (dropped > 0 && error !== undefined)
        this.#choice.warn(`${dropped} bytes of ${stream} were dropped: ${messageOf(error)}`);
    });
  }

  #closeTheirs(): void {
    for (const descriptor of this.#theirs.splice(0)) this.#host.native.close(descriptor);
  }

  abandon(): void {
    void this.finish(0);
  }

  resize(width: number, height: number): void {
    if (this.#terminal !== undefined) this.#host.native.setWindowSize(this.#terminal, height, width);
  }

  closeStdin(): void {
    this.#stdinIsClosed = true;
    if (this.#stdinWriter !== undefined) this.#host.native.close(this.#stdinWriter);
    this.#stdinWriter = undefined;
  }

  ended(): void {
    const { native } = this.#host;
    if (this.#input !== undefined) native.copySay(this.#input.number, words.stop);
    this.#tell(words.processEnded);
  }

  #tell(word: number): void {
    for (const { number } of this.#outputs) this.#host.native.copySay(number, word);
  }

  finish(milliseconds: number): Promise<void> {
    this.#finished ??= this.#finish(milliseconds);
    return this.#finished;
  }

  async #finish(milliseconds: number): Promise<void> {
    const { native } = this.#host;
    this.closeStdin();
    this.ended();
    this.#tell(words.noWaiting);
    this.#closeTheirs();
    for (const descriptor of [this.#stdin, this.#logFile, this.#terminal, ...this.#sources.values()])
      if (descriptor !== undefined) native.close(descriptor);
    this.#stdin = this.#logFile = this.#terminal = undefined;
    this.#sources.clear();
    const deadline = native.monotonic() + BigInt(Math.ceil(milliseconds)) * 1_000_000n;
    if (this.#outputs.length > 0 && milliseconds > 0)
      await within(this.#host, milliseconds, Promise.all(this.#outputs.map((copy) => copy.ended)));
    this.#tell(words.stop);
    const left = Number(deadline - native.monotonic()) / 1e6;
    await this.#logger?.finish(Math.max(left, 0));
    const all = Promise.all([this.#input, ...this.#outputs].map((copy) => copy?.ended));
    // One that writes to a disk that hangs closes its ends when the disk lets go of it.
    await within(this.#host, untilClosed, all);
  }
}

/**
 * Makes pipes, opens files, and starts the logger of a process that is to be made. The client's fifos are opened by
 * begin().
 *
 * Throws `Failure` (`invalid` for names that cannot be, `system` for what cannot be opened); nothing is left open
 * then.
 */
export async function openStreams(host: StreamHost, choice: StreamChoice): Promise<ProcessStreams> {
  const streams = new Streams(host, choice);
  try {
    await streams.open();
  } catch (error) {
    streams.abandon();
    throw error;
  }
  return streams;
}
