import { Failure } from '../failure.ts';
import type { Host } from '../host/host.ts';
import { hasErrno, type Packet } from '../host/native.ts';
import { decodeMessage, type Go, type Message, type Stamp, splitGo } from './messages.ts';
import type { OperationNote } from './operation-note.ts';

/** What the conversation needs to know of the plan. */
export interface ConversationNotes {
  note(index: number): OperationNote | undefined;
  /** Advice for when the process dies without a word. */
  deathHint(): string | undefined;
}

/** A message, and the descriptor that came along: with a terminal, and with nothing else. */
export interface Received {
  readonly message: Message;
  /** Of a terminal's master. */
  readonly descriptor: number | undefined;
}

/**
 * The talk with one stub over one socket. Failures of the stub become `Failure`s here, stamps are collected, and the end of
 * the connection is told apart from a message: silence is never consent.
 */
export class Conversation {
  readonly #host: Host;
  readonly #socket: number;
  readonly #notes: ConversationNotes;
  readonly stamps: { readonly stage: number; readonly stamps: readonly Stamp[] }[] = [];

  constructor(host: Host, socket: number, notes: ConversationNotes) {
    this.#host = host;
    this.#socket = socket;
    this.#notes = notes;
  }

  /** The next message that is not a stamp, or undefined when the stub has closed its end. Throws what a FAILED says. */
  async receive(): Promise<Received | undefined> {
    for (;;) {
      const packet = await this.#packet();
      if (packet.data.length === 0) return undefined;
      const message = this.#understand(packet);
      if (message.type === 'failed') {
        const { describeFailure } = await import('./describe-failure.ts');
        throw describeFailure(message, this.#notes.note(message.operation));
      }
      if (message.type !== 'stamps') return { message, descriptor: packet.descriptors[0] };
      this.stamps.push({ stage: message.stage, stamps: message.stamps });
    }
  }

  /** The message of a packet. One descriptor comes with a terminal, and none with anything else. */
  #understand({ data, descriptors }: Packet): Message {
    let wanted = 0;
    try {
      const message = decodeMessage(data);
      wanted = message.type === 'console' ? 1 : 0;
      if (descriptors.length !== wanted) {
        wanted = 0;
        throw unexpected(message);
      }
      return message;
    } finally {
      for (const descriptor of descriptors.slice(wanted)) this.#host.native.close(descriptor);
    }
  }

  /** Lets the stub go on. A stub that is gone is found out by the next `receive`. */
  go(go: Go): void {
    try {
      for (const part of splitGo(go)) this.#host.native.send(this.#socket, part, []);
    } catch (error) {
      if (!hasErrno(error, 'EPIPE', 'ECONNRESET')) throw error;
    }
  }

  /**
   * Waits for the program: EXECUTING and then the end of the connection, which execve closes. Throws when the stub fails,
   * or ends without having said that it executes.
   */
  async executed(): Promise<void> {
    const received = await this.receive();
    if (received === undefined) {
      const hint = this.#notes.deathHint();
      throw new Failure('system', 'the container process died before it executed the program', {
        ...(hint !== undefined && { hint }),
      });
    }
    if (received.message.type !== 'executing') throw unexpected(received.message);
    const after = await this.receive();
    if (after !== undefined) throw unexpected(after.message);
  }

  async #packet(): Promise<Packet> {
    try {
      return await this.#host.wait.packet(this.#socket, -1);
    } catch (error) {
      if (hasErrno(error, 'ECONNRESET')) return { data: new Uint8Array(0), descriptors: [] };
      throw error;
    }
  }
}

/** The stub said something that its plan gives no reason for. */
export function unexpected(message: Message): Failure {
  return new Failure(
    'internal',
    `the stub sent ${message.type} out of turn (operation ${message.operation})`,
  );
}
