import { Failure, messageOf } from '../failure.ts';
import { concatenate } from '../host/concatenate.ts';
import type { Host } from '../host/host.ts';
import { type LibraryCall, libraryFunctions, type SeccompLibrary } from '../host/library.ts';
import { hasErrno, type Packet } from '../host/native.ts';
import { O_CLOEXEC, O_RDONLY } from '../host/open-flags.ts';
import { checkVersion, missing, notExported } from './library-failures.ts';

const program = 'tsoci-library';
/** Milliseconds that an answer may take; they take microseconds. */
const patience = 20_000;
/** Less than a packet holds. */
const longestRequest = 60_000;
/** Much more than the kernel takes as a filter. */
const longestProgram = 8 * 1024 * 1024;

/** What this needs of the host. */
export type LibraryHost = Pick<Host, 'native' | 'wait' | 'libexec'>;

/**
 * libseccomp in a small program that lies beside the executable (csrc/library/library.c), for hosts that cannot load
 * it themselves. Nothing is looked for anywhere else, and the environment of the program is empty.
 *
 * Throws `Failure`: `internal` without the program, `unsupported` without the library.
 */
export async function openLibraryProcess(host: LibraryHost): Promise<SeccompLibrary> {
  const { native } = host;
  const path = `${host.libexec}/${program}`;
  const [socket, theirs] = native.socketPair();
  let pid: number;
  try {
    const file = native.open(path, O_RDONLY | O_CLOEXEC, 0);
    try {
      pid = native.spawn({ file, argv: [program], environment: [], descriptors: [theirs, 2, 2] });
    } finally {
      native.close(file);
    }
  } catch (cause) {
    native.close(socket);
    throw new Failure('internal', `the program "${path}" cannot be started: ${messageOf(cause)}`, {
      cause,
      hint: 'Install tsoci again, or run `make build` in its sources.',
    });
  } finally {
    native.close(theirs);
  }
  const library = new LibraryProcess(host, pid, socket);
  try {
    await library.greet();
    return library;
  } catch (error) {
    await library.close();
    throw error;
  }
}

class LibraryProcess implements SeccompLibrary {
  version = '';
  readonly process: string;
  readonly #host: LibraryHost;
  readonly #pid: number;
  readonly #socket: number;

  constructor(host: LibraryHost, pid: number, socket: number) {
    this.#host = host;
    this.#pid = pid;
    this.#socket = socket;
    this.process = String(pid);
  }

  async greet(): Promise<void> {
    const { data } = await this.#receive();
    const [status, version = 0] = wordsOf(data);
    if (status === 0 && data.length === 8)
      this.version = checkVersion(version >> 16, (version >> 8) & 255, version & 255);
    else if (status === 1) throw missing(undefined, new TextDecoder().decode(data.subarray(4)));
    else throw this.#broken('began with something unknown');
  }

  async call(calls: readonly LibraryCall[]): Promise<readonly number[]> {
    const results: number[] = [];
    let piece: Uint8Array[] = [];
    let size = 0;
    const send = async (): Promise<void> => {
      const count = piece.length;
      if (count === 0) return;
      const { data, descriptors } = await this.#ask(concatenate(piece));
      for (const descriptor of descriptors) this.#host.native.close(descriptor);
      if (descriptors.length > 0 || data.length !== 4 * count)
        throw this.#broken('gave another answer than asked for');
      results.push(...wordsOf(data));
      [piece, size] = [[], 0];
    };
    for (const each of calls) {
      const bytes = encodeCall(each);
      if (size + bytes.length > longestRequest) await send();
      piece.push(bytes);
      size += bytes.length;
    }
    await send();
    return results;
  }

  async exportProgram(): Promise<Uint8Array> {
    const { native } = this.#host;
    const { data, descriptors } = await this.#ask(encodeCall({ name: 'export', values: [] }));
    const [result = -1] = data.length === 4 ? wordsOf(data) : [];
    try {
      if (result !== 0) throw notExported(result);
      if (descriptors.length !== 1) throw this.#broken('sent no filter');
      return native.readFile(`/proc/self/fd/${descriptors[0]}`, longestProgram);
    } finally {
      for (const descriptor of descriptors) native.close(descriptor);
    }
  }

  /** Closes the socket, which ends it, and reaps it. */
  async close(): Promise<void> {
    this.#host.native.close(this.#socket);
    await this.#host.wait.child(this.#pid);
  }

  #ask(request: Uint8Array): Promise<Packet> {
    try {
      this.#host.native.send(this.#socket, request, []);
    } catch (error) {
      // It is gone, and the next look at the socket says so.
      if (!hasErrno(error, 'EPIPE', 'ECONNRESET')) throw error;
    }
    return this.#receive();
  }

  async #receive(): Promise<Packet> {
    const packet = await this.#host.wait.packet(this.#socket, patience);
    if (packet.data.length === 0) throw this.#broken('ended without an answer');
    return packet;
  }

  #broken(what: string): Failure {
    return new Failure('internal', `${program} ${what}`, { pointer: '/linux/seccomp' });
  }
}

/** Whole words in this machine's byte order; a copy, because of their alignment. */
function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.slice(0, bytes.length - (bytes.length % 4)).buffer);
}

/** A text is its length and its bytes with zeros up to a multiple of four; bytes are as they are. */
function encodeCall({ name, values }: LibraryCall): Uint8Array {
  const parts: Uint8Array[] = [word(libraryFunctions[name])];
  for (const value of values) {
    if (typeof value === 'number') parts.push(word(value));
    else if (typeof value === 'string') {
      const text = new TextEncoder().encode(value);
      const padded = new Uint8Array(Math.ceil(text.length / 4) * 4);
      padded.set(text);
      parts.push(word(text.length), padded);
    } else parts.push(value);
  }
  return concatenate(parts);
}

function word(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}
