import { Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import type { StandardStreams } from '../container/types.ts';
import { ask } from '../host/files.ts';
import type { Host } from '../host/host.ts';
import type { Native } from '../host/native.ts';
import { O_APPEND, O_CLOEXEC, O_CREAT, O_NOCTTY, O_RDONLY, O_WRONLY } from '../host/open-flags.ts';
import { Terminal } from './terminal.ts';

/**
 * Where a stream leads: `inherit` to this program's own, `ignore` to /dev/null, `pipe` to a Node stream of the handle, a number to that descriptor
 * of this program, which stays open here, and `file` to a file: read for standard input, else appended to and made with mode 0600.
 */
export type Stream = 'inherit' | 'ignore' | 'pipe' | number | { readonly file: string };

/** One word for all three, or each by its name; `inherit` unless given. A process with a terminal has that instead. */
export type Streams =
  | 'inherit'
  | 'ignore'
  | 'pipe'
  | { readonly stdin?: Stream; readonly stdout?: Stream; readonly stderr?: Stream };

/** Our ends of what was chosen as `pipe`, and of a terminal. Read them to their end, or destroy them: until then their descriptors are open. */
export interface NodeStreams {
  readonly stdin?: Writable;
  readonly stdout?: Readable;
  readonly stderr?: Readable;
  /** The process's terminal: what it writes is read here, and what is written here it reads. */
  readonly terminal?: Duplex;
}

/** Streams that were opened for one process. */
export class OpenStreams {
  readonly #native: Native;
  /** For the process; closed here after it was started. */
  readonly #theirs: number[] = [];
  readonly #ours: (number | undefined)[] = [];
  readonly descriptors: StandardStreams;

  /** Throws `Failure` (`system`) for a file that can't be opened; nothing is left open then. */
  constructor(native: Native, streams: Streams = 'inherit') {
    this.#native = native;
    const { stdin, stdout, stderr } =
      typeof streams === 'string' ? { stdin: streams, stdout: streams, stderr: streams } : streams;
    try {
      this.descriptors = [this.#open(stdin, 0), this.#open(stdout, 1), this.#open(stderr, 2)];
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  #open(stream: Stream = 'inherit', number: 0 | 1 | 2): number {
    if (typeof stream === 'number') return stream;
    if (stream === 'inherit') return number;
    if (stream === 'pipe') {
      const [reading, writing] = this.#native.pipe();
      this.#ours[number] = number === 0 ? writing : reading;
      return this.#keep(number === 0 ? reading : writing);
    }
    const path = stream === 'ignore' ? '/dev/null' : stream.file;
    const create = stream === 'ignore' ? 0 : O_CREAT | O_APPEND;
    const flags = (number === 0 ? O_RDONLY : O_WRONLY | create) | O_NOCTTY | O_CLOEXEC;
    return this.#keep(ask('open for a process', path, () => this.#native.open(path, flags, 0o600)));
  }

  #keep(descriptor: number): number {
    this.#theirs.push(descriptor);
    return descriptor;
  }

  #closeTheirs(): void {
    for (const descriptor of this.#theirs.splice(0)) this.#native.close(descriptor);
  }

  /** No process was started. */
  abandon(): void {
    this.#closeTheirs();
    for (const descriptor of this.#ours.splice(0))
      if (descriptor !== undefined) this.#native.close(descriptor);
  }

  /** The process has them: what is ours becomes Node's, which closes it. */
  handOver(host: Pick<Host, 'native' | 'wait'>, terminal: number | undefined): NodeStreams {
    if (terminal !== undefined) {
      this.abandon();
      return { terminal: new Terminal(host, terminal) };
    }
    this.#closeTheirs();
    const [stdin, stdout, stderr] = this.#ours;
    return {
      ...(stdin !== undefined && { stdin: new Socket({ fd: stdin, readable: false, writable: true }) }),
      ...(stdout !== undefined && { stdout: new Socket({ fd: stdout, readable: true, writable: false }) }),
      ...(stderr !== undefined && { stderr: new Socket({ fd: stderr, readable: true, writable: false }) }),
    };
  }
}
