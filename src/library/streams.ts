import { Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import type { StandardStreams } from '../container/types.ts';
import { defined } from '../defined.ts';
import { askLater } from '../host/files.ts';
import type { Host } from '../host/host.ts';
import { O_APPEND, O_CLOEXEC, O_CREAT, O_NOCTTY, O_RDONLY, O_WRONLY } from '../host/open-flags.ts';
import { Terminal } from './terminal.ts';

/**
 * Where a stream leads: `inherit` to this program's own, `ignore` to /dev/null, `pipe` to a Node stream of the
 * handle, a number to that descriptor of this program, which stays open here, and `file` to a file: read for standard
 * input, else appended to and made with mode 0600.
 */
export type Stream = 'inherit' | 'ignore' | 'pipe' | number | { readonly file: string };

/**
 * One word for all three, or each by its name; `inherit` unless given. A process with a terminal has that instead.
 */
export type Streams =
  | 'inherit'
  | 'ignore'
  | 'pipe'
  | { readonly stdin?: Stream; readonly stdout?: Stream; readonly stderr?: Stream };

/**
 * Our ends of what was chosen as `pipe`, and of a terminal. Read them to their end, or destroy them: until then their
 * descriptors are open.
 */
export interface NodeStreams {
  readonly stdin?: Writable;
  readonly stdout?: Readable;
  readonly stderr?: Readable;
  /** The process's terminal: what it writes is read here, and what is written here it reads. */
  readonly terminal?: Duplex;
}

function socketOf(descriptor: number | undefined, mode: { readable: boolean; writable: boolean }) {
  return descriptor === undefined ? undefined : new Socket({ fd: descriptor, ...mode });
}

/** Streams that were opened for one process. */
export class OpenStreams {
  readonly #host: Pick<Host, 'native' | 'wait'>;
  /** For the process; closed here after it was started. */
  readonly #theirs: number[] = [];
  readonly #ours: (number | undefined)[] = [];
  #descriptors: StandardStreams = [0, 1, 2];

  private constructor(host: Pick<Host, 'native' | 'wait'>) {
    this.#host = host;
  }

  /**
   * Waits for the other end of a fifo, as a shell's redirection does.
   *
   * Throws `Failure` (`system`) for a file that cannot be opened; nothing is left open then.
   */
  static async open(host: Pick<Host, 'native' | 'wait'>, streams: Streams = 'inherit'): Promise<OpenStreams> {
    const { stdin, stdout, stderr } =
      typeof streams === 'string' ? { stdin: streams, stdout: streams, stderr: streams } : streams;
    const opened = new OpenStreams(host);
    try {
      opened.#descriptors = [
        await opened.#open(stdin, 0),
        await opened.#open(stdout, 1),
        await opened.#open(stderr, 2),
      ];
      return opened;
    } catch (error) {
      opened.abandon();
      throw error;
    }
  }

  get descriptors(): StandardStreams {
    return this.#descriptors;
  }

  async #open(stream: Stream = 'inherit', number: 0 | 1 | 2): Promise<number> {
    if (typeof stream === 'number') return stream;
    if (stream === 'inherit') return number;
    if (stream === 'pipe') {
      const [reading, writing] = this.#host.native.pipe();
      this.#ours[number] = number === 0 ? writing : reading;
      return this.#keep(number === 0 ? reading : writing);
    }
    const path = stream === 'ignore' ? '/dev/null' : stream.file;
    const create = stream === 'ignore' ? 0 : O_CREAT | O_APPEND;
    const flags = (number === 0 ? O_RDONLY : O_WRONLY | create) | O_NOCTTY | O_CLOEXEC;
    const open = () => this.#host.wait.open(path, flags, 0o600);
    return this.#keep((await askLater([], 'open for a process', path, open)) as number);
  }

  #keep(descriptor: number): number {
    this.#theirs.push(descriptor);
    return descriptor;
  }

  #closeTheirs(): void {
    for (const descriptor of this.#theirs.splice(0)) this.#host.native.close(descriptor);
  }

  /** No process was started. */
  abandon(): void {
    this.#closeTheirs();
    for (const descriptor of this.#ours.splice(0))
      if (descriptor !== undefined) this.#host.native.close(descriptor);
  }

  /** The process has them: what is ours becomes Node's, which closes it. */
  handOver(terminal: number | undefined): NodeStreams {
    if (terminal !== undefined) {
      this.abandon();
      return { terminal: new Terminal(this.#host, terminal) };
    }
    this.#closeTheirs();
    const [stdin, stdout, stderr] = this.#ours;
    return defined({
      stdin: socketOf(stdin, { readable: false, writable: true }),
      stdout: socketOf(stdout, { readable: true, writable: false }),
      stderr: socketOf(stderr, { readable: true, writable: false }),
    });
  }
}
