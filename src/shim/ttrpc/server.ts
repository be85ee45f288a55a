import { messageOf } from '../../failure.ts';
import { hasErrno, type Native } from '../../host/native.ts';
import { decodeMessage, encodeMessage, type MessageOf } from '../../protobuf.ts';
import { Connection, type ConnectionHost } from './connection.ts';
import { frameTypes, maximumData, type Received } from './frame.ts';
import { request, response } from './messages.ts';
import { codes, StatusError } from './status.ts';

/**
 * Answers one call. Throws `StatusError`; anything else is told as an error without a code. Goes on when the caller
 * has gone: what was begun is finished, or undone.
 */
export type Handler = (payload: Uint8Array) => Promise<Uint8Array>;

/** By name of the service, then of the method. */
export type Services = ReadonlyMap<string, ReadonlyMap<string, Handler>>;

interface ServerHost extends ConnectionHost {
  readonly native: ConnectionHost['native'] & Pick<Native, 'accept' | 'userId' | 'groupId'>;
}

/** Milliseconds until the next try where descriptors were short. */
const again = 100;
/** Flag of a request that is the first of more. */
const remoteOpen = 0x2;

/**
 * Accepts connections on a listening socket, from our own user and group alone, and answers what they ask, each call
 * as it is ready.
 */
export class Server {
  readonly #host: ServerHost;
  readonly #services: Services;
  readonly #warn: (message: string) => void;
  readonly #connections = new Set<Connection>();

  constructor(host: ServerHost, services: Services, warn: (message: string) => void) {
    this.#host = host;
    this.#services = services;
    this.#warn = warn;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Serves forever. */
  async serve(listening: number): Promise<never> {
    for (;;) {
      try {
        const peer = this.#host.native.accept(listening);
        if (peer === undefined) await this.#host.wait.readable([listening], -1);
        else if (peer.uid !== this.#host.native.userId() || peer.gid !== this.#host.native.groupId())
          this.#host.native.close(peer.socket);
        else void this.#attend(new Connection(this.#host, peer.socket));
      } catch (error) {
        if (!hasErrno(error, 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS')) throw error;
        this.#warn(`accepting a connection: ${messageOf(error)}`);
        await this.#host.wait.pause(again);
      }
    }
  }

  /** All that was answered is with the kernel. */
  async flushed(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.flushed()));
  }

  async #attend(connection: Connection): Promise<void> {
    this.#connections.add(connection);
    const state = { newest: 0 };
    try {
      await connection.receive((frame) => this.#take(connection, state, frame));
    } catch (error) {
      this.#warn(`a connection ended: ${messageOf(error)}`);
    } finally {
      this.#connections.delete(connection);
    }
  }

  #take(connection: Connection, state: { newest: number }, frame: Received): void {
    // Data of a stream that was refused; no method here takes any.
    if (frame.type !== frameTypes.request) return;
    this.#answer(state, frame).then(
      (payload) => send(connection, frame.stream, { payload }),
      (error: unknown) => {
        const code = error instanceof StatusError ? error.code : codes.unknown;
        send(connection, frame.stream, { status: { code, message: messageOf(error) } });
      },
    );
  }

  async #answer(
    state: { newest: number },
    { stream, flags, data, oversized }: Received,
  ): Promise<Uint8Array> {
    if (oversized !== undefined)
      throw new StatusError(codes.resourceExhausted, tooLong('a message', oversized));
    if (stream % 2 === 0 || stream <= state.newest)
      throw new StatusError(codes.invalidArgument, `stream ${stream} is no new stream of a client`);
    state.newest = stream;
    const { service = '', method = '', payload = new Uint8Array(0) } = requestOf(data);
    const methods = this.#services.get(service);
    if (methods === undefined) throw new StatusError(codes.unimplemented, `service ${service}`);
    const handler = (flags & remoteOpen) === 0 ? methods.get(method) : undefined;
    if (handler === undefined) throw new StatusError(codes.unimplemented, `method ${method}`);
    return handler(payload);
  }
}

function requestOf(data: Uint8Array): MessageOf<typeof request> {
  try {
    return decodeMessage(request, data);
  } catch (error) {
    throw new StatusError(codes.invalidArgument, messageOf(error), { cause: error });
  }
}

function tooLong(what: string, length: number): string {
  return `${what} of ${length} bytes is longer than ${maximumData}`;
}

function send(connection: Connection, stream: number, message: MessageOf<typeof response>): void {
  let data = encodeMessage(response, message);
  if (data.length > maximumData) {
    const status = { code: codes.resourceExhausted, message: tooLong('an answer', data.length) };
    data = encodeMessage(response, { status });
  }
  connection.send({ stream, type: frameTypes.response, flags: 0, data });
}
