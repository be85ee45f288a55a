import { concatenate } from '../host/concatenate.ts';
import type { Host } from '../host/host.ts';
import { hasErrno } from '../host/native.ts';
import {
  decodeMessage,
  encodeMessage,
  type Header,
  type Message,
  messageLength,
  messageTypes,
} from './message.ts';
import { ProtocolError } from './protocol-error.ts';
import type { BusValue } from './value.ts';

/** What a connection needs of the machine. */
export type BusHost = {
  readonly native: Pick<Host['native'], 'send' | 'read' | 'close' | 'monotonic'>;
  readonly wait: Pick<Host['wait'], 'connect' | 'readable'>;
};

/** One method call. */
export interface BusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature: string;
  readonly values: readonly BusValue[];
}

/** A refusal by whoever was called. */
export class BusError extends Error {
  override readonly name = 'BusError';
  /** `org.freedesktop.systemd1.NoSuchUnit`. */
  readonly busName: string;

  constructor(busName: string, message: string) {
    super(message);
    this.busName = busName;
  }
}

/** Nobody said anything in time. */
export class BusTimeout extends Error {
  override readonly name = 'BusTimeout';
}

const pieceSize = 64 * 1024;
/** More than any answer to the handshake. */
const longestLine = 16 * 1024;
const self = 'org.freedesktop.DBus';

/**
 * SASL EXTERNAL without a name (dbus-specification, "Authentication Protocol"): the bus asks the kernel who we are,
 * and in a user namespace only the kernel knows. Everything at once, as sd-bus does: nothing in it depends on the
 * answers.
 */
const handshake = '\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n';

/** A connection to a message bus, from which calls are made. It offers nothing to others. */
export class Connection {
  readonly #host: BusHost;
  readonly #socket: number;
  readonly #patience: number;
  #received = new Uint8Array(0);
  #serial = 0;
  #signals: Message[] = [];
  readonly #answers = new Map<number, Message>();

  private constructor(host: BusHost, socket: number, patience: number) {
    this.#host = host;
    this.#socket = socket;
    this.#patience = patience;
  }

  /**
   * @param patience milliseconds that each answer may take
   * @throws SystemError without a bus, `ProtocolError`, `BusTimeout`, `BusError`
   */
  static async open(host: BusHost, path: string, patience: number): Promise<Connection> {
    const connection = new Connection(host, await host.wait.connect(path, 'stream'), patience);
    try {
      await connection.#greet();
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async #greet(): Promise<void> {
    this.#send(new TextEncoder().encode(handshake));
    const deadline = this.#deadline();
    // The empty challenge to our empty name, then the bus's own identity.
    for (const wanted of ['DATA', 'OK']) {
      const line = await this.#line(deadline);
      if (line !== wanted && !line.startsWith(`${wanted} `))
        throw new ProtocolError(`the bus does not accept who we are: ${JSON.stringify(line.slice(0, 100))}`);
    }
    await this.#ask('Hello', '', []);
  }

  /** Makes a call and waits for its answer. Throws `BusError` for a refusal, `BusTimeout`. */
  async call({ values, ...header }: BusCall): Promise<readonly BusValue[]> {
    const serial = ++this.#serial;
    this.#send(encodeMessage({ type: messageTypes.call, serial, header, body: values }));
    const deadline = this.#deadline();
    let answer = this.#answers.get(serial);
    while (answer === undefined) {
      this.#file(await this.#message(deadline));
      answer = this.#answers.get(serial);
    }
    this.#answers.delete(serial);
    if (answer.type === messageTypes.return) return answer.body;
    const [text] = answer.body;
    throw new BusError(answer.header.errorName ?? '', typeof text === 'string' ? text : 'no reason given');
  }

  /** Asks the bus for signals that match a rule (dbus-specification, "Match Rules"). */
  async match(rule: string): Promise<void> {
    await this.#ask('AddMatch', 's', [rule]);
  }

  /** A call of the bus itself. */
  async #ask(member: string, signature: string, values: readonly BusValue[]): Promise<void> {
    const path = '/org/freedesktop/DBus';
    await this.call({ destination: self, path, interface: self, member, signature, values });
  }

  /**
   * The first signal for which `wanted` is true, of those that came since the connection was made. Throws
   * `BusTimeout`.
   * @param patience milliseconds
   */
  async signal(
    wanted: (header: Header, body: readonly BusValue[]) => boolean,
    patience = this.#patience,
  ): Promise<readonly BusValue[]> {
    const deadline = this.#deadline(patience);
    for (;;) {
      const found = this.#signals.find(({ header, body }) => wanted(header, body));
      this.#signals = [];
      if (found) return found.body;
      this.#file(await this.#message(deadline));
    }
  }

  close(): void {
    this.#host.native.close(this.#socket);
  }

  /** Calls of others are left unanswered: nobody knows us, and the bus itself makes none. */
  #file(message: Message): void {
    const { type, header } = message;
    if (type === messageTypes.signal) this.#signals.push(message);
    else if (
      (type === messageTypes.return || type === messageTypes.error) &&
      header.replySerial !== undefined
    )
      this.#answers.set(header.replySerial, message);
  }

  #deadline(patience = this.#patience): bigint {
    return this.#host.native.monotonic() + BigInt(patience) * 1_000_000n;
  }

  #send(bytes: Uint8Array): void {
    this.#host.native.send(this.#socket, bytes, []);
  }

  /** The text up to the next CR LF. */
  async #line(deadline: bigint): Promise<string> {
    for (;;) {
      const end = this.#received.indexOf(0x0a);
      if (end >= 0) {
        const line = new TextDecoder().decode(this.#received.subarray(0, end)).replace(/\r$/, '');
        this.#received = this.#received.slice(end + 1);
        return line;
      }
      if (this.#received.length > longestLine) throw new ProtocolError('the bus does not end its line');
      await this.#more(deadline);
    }
  }

  async #message(deadline: bigint): Promise<Message> {
    for (;;) {
      const length = messageLength(this.#received);
      if (length !== undefined && this.#received.length >= length) {
        const message = decodeMessage(this.#received.slice(0, length));
        this.#received = this.#received.slice(length);
        return message;
      }
      await this.#more(deadline);
    }
  }

  async #more(deadline: bigint): Promise<void> {
    const left = Number(deadline - this.#host.native.monotonic()) / 1e6;
    const ready = left > 0 ? await this.#host.wait.readable([this.#socket], Math.ceil(left)) : [];
    if (ready.length === 0) throw new BusTimeout('the bus did not answer in time');
    const piece = this.#read();
    if (piece.length === 0) throw new ProtocolError('the bus closed the connection');
    this.#received = concatenate([this.#received, piece]);
  }

  #read(): Uint8Array {
    try {
      return this.#host.native.read(this.#socket, pieceSize);
    } catch (error) {
      if (hasErrno(error, 'ECONNRESET')) return new Uint8Array(0);
      throw error;
    }
  }
}
