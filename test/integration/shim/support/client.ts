/**
 * containerd's side of ttrpc, on Node's sockets: calls of the Task service, and whatever bytes a test wants to send.
 */
import { connect, type Socket } from 'node:net';
import { decodeMessage, encodeMessage, type MessageOf } from '../../../../src/protobuf.ts';
import { type Methods, methods, services } from '../../../../src/shim/task/messages.ts';
import { encodeFrame, FrameReader, frameTypes, type Received } from '../../../../src/shim/ttrpc/frame.ts';
import { request as requestTable, response as responseTable } from '../../../../src/shim/ttrpc/messages.ts';

export type Method = keyof Methods;
export type Request<M extends Method> = MessageOf<Methods[M]['request']>;
export type Response<M extends Method> = MessageOf<Methods[M]['response']>;

/** gRPC's codes, as far as shims use them. */
export const codes = {
  unknown: 2,
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
} as const;

/** What the shim answered instead of what was asked for. */
export class Refused extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const pathOf = (address: string) => address.replace(/^unix:\/\//, '');

export class TaskClient {
  readonly socket: Socket;
  /** Frames that were no answer to a call of ours. */
  readonly strays: Received[] = [];
  readonly #reader = new FrameReader();
  readonly #waiting = new Map<number, (frame: Received | undefined) => void>();
  readonly #service: string;
  #stream = 1;

  private constructor(socket: Socket, service: string) {
    this.socket = socket;
    this.#service = service;
    socket.on('data', (bytes) => {
      for (const frame of this.#reader.push(bytes)) this.#take(frame);
    });
    // The end of the connection follows, and is what matters.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      for (const settle of this.#waiting.values()) settle(undefined);
      this.#waiting.clear();
    });
  }

  static async connect(address: string, service: string = services[0]): Promise<TaskClient> {
    const socket = connect(pathOf(address));
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new TaskClient(socket, service);
  }

  #take(frame: Received): void {
    const settle = this.#waiting.get(frame.stream);
    this.#waiting.delete(frame.stream);
    if (settle === undefined) this.strays.push(frame);
    else settle(frame);
  }

  /** The answer on a stream; undefined when the connection ended before it came. */
  answer(stream: number): Promise<Received | undefined> {
    return new Promise((resolve) => {
      if (this.socket.destroyed) resolve(undefined);
      else this.#waiting.set(stream, resolve);
    });
  }

  /** Calls any method of any service with any bytes. Throws `Refused`. */
  async raw(service: string, method: string, payload: Uint8Array): Promise<Uint8Array> {
    const stream = this.#stream;
    this.#stream += 2;
    const data = encodeMessage(requestTable, { service, method, payload });
    const answer = this.answer(stream);
    this.socket.write(encodeFrame({ stream, type: frameTypes.request, flags: 0, data }));
    const frame = await answer;
    if (frame === undefined) throw new Error(`the connection ended before ${method} was answered`);
    return payloadOf(frame);
  }

  async call<M extends Method>(method: M, request: Request<M>): Promise<Response<M>> {
    const payload = encodeMessage(methods[method].request, request as never);
    return decodeMessage(
      methods[method].response,
      await this.raw(this.#service, method, payload),
    ) as Response<M>;
  }

  /** The code and the text of the refusal, which there has to be. */
  async refusal<M extends Method>(method: M, request: Request<M>): Promise<Refused> {
    try {
      await this.call(method, request);
    } catch (error) {
      if (error instanceof Refused) return error;
      throw error;
    }
    throw new Error(`${method} was not refused`);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** What a frame of an answer holds. Throws `Refused`. */
export function payloadOf(frame: Received): Uint8Array {
  const { status, payload } = decodeMessage(responseTable, frame.data);
  if (status?.code) throw new Refused(status.code, status.message ?? '');
  return payload ?? new Uint8Array(0);
}
