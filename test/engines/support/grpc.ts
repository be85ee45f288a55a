import { type ClientHttp2Session, connect } from 'node:http2';
import { createConnection } from 'node:net';
import { encode, type Fields, Message } from './protobuf.ts';

/** A call that was refused: gRPC's status and words. */
export class CallError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A client of one gRPC service over a Unix socket, as much of it as unary calls need. */
export class GrpcClient {
  readonly #session: ClientHttp2Session;
  readonly #service: string;
  readonly #metadata: Readonly<Record<string, string>>;

  /** The service with its package; `metadata` goes with every call. */
  constructor(socket: string, service: string, metadata: Readonly<Record<string, string>> = {}) {
    this.#service = service;
    this.#metadata = metadata;
    this.#session = connect('http://localhost', { createConnection: () => createConnection(socket) });
  }

  close(): void {
    this.#session.close();
  }

  call(method: string, request: Fields): Promise<Message> {
    const message = encode(request);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({
        ':method': 'POST',
        ':path': `/${this.#service}/${method}`,
        ...this.#metadata,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      const chunks: Buffer[] = [];
      let status: Record<string, unknown> = {};
      stream.on('response', (headers) => (status = { ...status, ...headers }));
      stream.on('trailers', (trailers) => (status = { ...status, ...trailers }));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('end', () => {
        const code = Number(status['grpc-status'] ?? 2);
        const words = decodeURIComponent(String(status['grpc-message'] ?? ''));
        if (code !== 0) reject(new CallError(code, `${method}: ${words}`));
        else resolve(new Message(Buffer.concat(chunks).subarray(5)));
      });
      stream.end(Buffer.concat([head, message]));
    });
  }
}
