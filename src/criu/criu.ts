import { Failure } from '../failure.ts';
import { readScratch } from '../host/child.ts';
import { ask } from '../host/files.ts';
import type { Host } from '../host/host.ts';
import { hasErrno, type Packet } from '../host/native.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDONLY } from '../host/open-flags.ts';
import { programPath } from '../host/program-directories.ts';
import {
  type CriuRequest,
  type CriuResponse,
  decodeResponse,
  encodeRequest,
  requestTypes,
} from './messages.ts';

const maximumOutput = 4096;

/** The child's number of the socket, which its command line names. */
export const socketNumber = 3;

/** How CRIU is started. */
export interface CriuStart {
  /** Descriptor of what is executed: CRIU, or a program that becomes CRIU. */
  readonly file: number;
  /** It ends in `swrk` and {@link socketNumber}. */
  readonly argv: readonly string[];
  /** Our standard streams are CRIU's: for a terminal that the container shares with us (`--shell-job`). */
  readonly ownStreams: boolean;
  /** Its descriptors from {@link socketNumber} + 1 on. */
  readonly inherited: readonly number[];
}

/** Something that CRIU tells while it works, and waits for the answer to. */
export interface Notification {
  /** `setup-namespaces`, `post-restore` and so on (criu(8), --action-script). */
  readonly script: string;
  /** The first restored process, as the host numbers it; 0 when there is none yet. */
  readonly pid: number;
  /** Comes with `orphan-pts-master`. Whoever is told closes it. */
  readonly descriptor: number | undefined;
}

/**
 * One CRIU process (`criu swrk`) and the talk with it: one request, notifications that are answered, one response.
 * Its socket is a SOCK_SEQPACKET pair, a message is a packet.
 */
export class Criu {
  readonly pid: number;
  readonly #host: Host;
  readonly #socket: number;
  readonly #output: number;
  #over = false;

  private constructor(host: Host, pid: number, socket: number, output: number) {
    this.#host = host;
    this.pid = pid;
    this.#socket = socket;
    this.#output = output;
  }

  static start(host: Host, { file, argv, ownStreams, inherited }: CriuStart): Criu {
    const { native } = host;
    const output = native.scratchFile('tsoci-criu');
    const opened: number[] = [];
    try {
      const [socket, theirs] = native.socketPair();
      opened.push(theirs);
      try {
        const nothing = native.open('/dev/null', O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
        opened.push(nothing);
        const streams = ownStreams ? [0, 1, 2] : [nothing, output, output];
        const descriptors = [...streams, theirs, ...inherited];
        const pid = ask('start', argv[0] ?? '', () =>
          native.spawn({ file, argv, environment: [programPath], descriptors }),
        );
        return new Criu(host, pid, socket, output);
      } catch (error) {
        native.close(socket);
        throw error;
      }
    } catch (error) {
      native.close(output);
      throw error;
    } finally {
      for (const descriptor of opened) native.close(descriptor);
    }
  }

  /**
   * Sends a request and gives the response, whether CRIU succeeded or not. `notified` is called in between; what it
   * throws is thrown here, after CRIU was told no, has undone its work and has ended.
   *
   * Throws `Failure` when CRIU ends without an answer.
   */
  async ask(
    request: CriuRequest,
    notified: (notification: Notification) => Promise<void> = ignore,
  ): Promise<CriuResponse> {
    this.#send(request);
    let refused: { readonly error: unknown } | undefined;
    for (;;) {
      let received: Packet;
      try {
        received = await this.#receive();
      } catch (error) {
        // Whoever restores has to hear of the process that was made, to reap it: once more, and then CRIU is told no.
        if (refused !== undefined) throw refused.error;
        refused = { error };
        continue;
      }
      const { data, descriptors } = received;
      if (data.length === 0) throw refused?.error ?? this.#silence();
      const response = decodeResponse(data);
      if (response.type !== requestTypes.notify) {
        for (const descriptor of descriptors) this.#host.native.close(descriptor);
        if (refused !== undefined) throw refused.error;
        return response;
      }
      const { script = '', pid = 0 } = response.notify ?? {};
      try {
        await notified({ script, pid, descriptor: descriptors[0] });
      } catch (error) {
        refused ??= { error };
      }
      this.#send({ type: requestTypes.notify, notify_success: refused === undefined });
    }
  }

  /**
   * A descriptor that a program sends before it becomes CRIU. Whoever asks for it closes it.
   * Throws `Failure` when it ends instead.
   */
  async descriptor(): Promise<number> {
    const { descriptors } = await this.#receive();
    const [descriptor] = descriptors;
    if (descriptor === undefined) throw this.#silence();
    return descriptor;
  }

  /** Closes the socket, which ends CRIU, and reaps it. Fine to call again. */
  async end(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    const { native, wait } = this.#host;
    native.close(this.#socket);
    try {
      await wait.child(this.pid);
    } finally {
      native.close(this.#output);
    }
  }

  /** What it wrote beside its log, which is what went wrong before it had one. */
  said(): string {
    return readScratch(this.#host.native, this.#output, maximumOutput).trim();
  }

  #silence(): Failure {
    const said = this.said();
    return new Failure('system', `CRIU ended without an answer${said === '' ? '' : `: ${said}`}`);
  }

  /** CRIU that is gone is found out by the next `receive`. */
  #send(request: CriuRequest): void {
    try {
      this.#host.native.send(this.#socket, encodeRequest(request), []);
    } catch (error) {
      if (!hasErrno(error, 'EPIPE', 'ECONNRESET')) throw error;
    }
  }

  async #receive(): Promise<Packet> {
    try {
      return await this.#host.wait.packet(this.#socket, -1);
    } catch (error) {
      if (hasErrno(error, 'ECONNRESET')) return { data: new Uint8Array(0), descriptors: [] };
      throw error;
    }
  }
}

async function ignore({ descriptor }: Notification): Promise<void> {
  if (descriptor !== undefined) throw new Failure('internal', 'CRIU sent a descriptor that nobody asked for');
}
