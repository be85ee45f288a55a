import { messageOf } from '../../failure.ts';
import type { Native } from '../../host/native.ts';
import type { Wait } from '../../host/wait.ts';
import { decodeMessage, encodeMessage } from '../../protobuf.ts';
import { Connection, type ConnectionHost } from './connection.ts';
import { frameTypes, type Received } from './frame.ts';
import { request, response } from './messages.ts';
import { codes, StatusError } from './status.ts';

interface ClientHost {
  readonly native: ConnectionHost['native'] & Pick<Native, 'close'>;
  readonly wait: ConnectionHost['wait'] & Pick<Wait, 'connect'>;
}

interface Call {
  readonly resolve: (payload: Uint8Array) => void;
  readonly reject: (error: StatusError) => void;
}

/** Calls methods of a server, as many at a time as one likes. */
export class TtrpcClient {
  readonly #connection: Connection;
  readonly #host: ClientHost;
  readonly #calls = new Map<number, Call>();
  #stream = -1;
  #over: string | undefined;

  private constructor(host: ClientHost, socket: number) {
    this.#host = host;
    this.#connection = new Connection(host, socket);
    this.#connection
      .receive((frame) => this.#take(frame))
      .then(
        () => this.#end('the server closed the connection'),
        (error: unknown) => this.#end(messageOf(error)),
      );
  }

  /** Throws `SystemError` when nobody listens there. */
  static async connect(host: ClientHost, path: string): Promise<TtrpcClient> {
    return new TtrpcClient(host, await host.wait.connect(path, 'stream'));
  }

  /**
   * Rejects with `StatusError`: the server's own, `unavailable` when the connection ends first, `deadlineExceeded`
   * when the time is over.
   * @param milliseconds patience; none is forever
   */
  async call(
    service: string,
    method: string,
    payload: Uint8Array,
    milliseconds?: number,
  ): Promise<Uint8Array> {
    if (this.#over !== undefined) throw new StatusError(codes.unavailable, this.#over);
    this.#stream += 2;
    const stream = this.#stream;
    const answer = new Promise<Uint8Array>((resolve, reject) => {
      this.#calls.set(stream, { resolve, reject });
    });
    const timeout = milliseconds === undefined ? {} : { timeout_nano: BigInt(milliseconds) * 1_000_000n };
    this.#connection.send({
      stream,
      type: frameTypes.request,
      flags: 0,
      data: encodeMessage(request, { service, method, payload, ...timeout }),
    });
    if (milliseconds !== undefined) void this.#giveUp(stream, milliseconds);
    return answer;
  }

  async #giveUp(stream: number, milliseconds: number): Promise<void> {
    await this.#host.wait.pause(milliseconds);
    const call = this.#calls.get(stream);
    this.#calls.delete(stream);
    call?.reject(new StatusError(codes.deadlineExceeded, `no answer within ${milliseconds} ms`));
  }

  #take({ stream, type, data }: Received): void {
    const call = this.#calls.get(stream);
    if (call === undefined || type !== frameTypes.response) return;
    this.#calls.delete(stream);
    try {
      const { status, payload = new Uint8Array(0) } = decodeMessage(response, data);
      if ((status?.code ?? codes.ok) === codes.ok) call.resolve(payload);
      else call.reject(new StatusError(status?.code ?? codes.unknown, status?.message ?? ''));
    } catch (error) {
      call.reject(new StatusError(codes.internal, messageOf(error)));
    }
  }

  #end(why: string): void {
    this.#over = why;
    for (const { reject } of this.#calls.values()) reject(new StatusError(codes.unavailable, why));
    this.#calls.clear();
  }

  close(): void {
    this.#connection.end();
  }
}
