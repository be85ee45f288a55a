import { Failure } from '../failure.ts';
import type { Host } from '../host/host.ts';
import { hasErrno, type Packet } from '../host/native.ts';
import { describeFailure } from './describe-failure.ts';
import { decodeMessage, type Go, type Message, type Stamp, splitGo } from './messages.ts';
import type { OperationNote } from './operation-note.ts';

/** What the conversation needs to know of the plan. */
export interface ConversationNotes {
  note(index: number): OperationNote | undefined;
  /** Advice for when the process dies without a word. */
  deathHint(): string | undefined;
  /** Takes what hooks say, where the plan has that told. Throwing ends the talk. */
  readonly said?: HookListener | undefined;
}

/** What a hook said, which `hook` is. */
export type HookListener = (hook: OperationNote, said: Extract<Message, { type: 'said' }>) => void;

/** A message, and the descriptor that came along: with a terminal, and with nothing else. */
export interface Received {
  readonly message: Message;
  /** Of a terminal's master. */
  readonly descriptor: number | undefined;
}

/** What is received at the end of a connection. */
const nothing: Packet = { data: new Uint8Array(0), descriptors: [] };

/** What a stub says of an answer to what it did not ask (errno(3)). */
const EPROTO = 71;

/** How long a stub may take to make a process that nobody wants any more, in milliseconds. */
const patience = 2000;

/**
 * The talk with one stub over one socket. Failures of the stub become `Failure`s here, stamps are collected, and the
 * end of the connection is told apart from a message: silence is never consent.
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

  /**
   * The next message that is not a stamp, or undefined when the stub has closed its end. Throws what a FAILED says.
   */
  async receive(): Promise<Received | undefined> {
    for (;;) {
      const packet = await this.#packet();
      if (packet.data.length === 0) return undefined;
      const message = this.#understand(packet);
      if (message.type === 'failed') {
        throw describeFailure(message, this.#notes.note(message.operation));
      }
      if (message.type === 'said') this.#hearHook(message);
      else if (message.type === 'stamps') this.stamps.push({ stage: message.stage, stamps: message.stamps });
      else return { message, descriptor: packet.descriptors[0] };
    }
  }

  #hearHook(message: Extract<Message, { type: 'said' }>): void {
    const note = this.#notes.note(message.operation);
    if (this.#notes.said === undefined || note?.kind !== 'hook') throw unexpected(message);
    this.#notes.said(note, message);
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
   * Waits for the program: EXECUTING and then the end of the connection, which execve closes. Throws when the stub
   * fails, or ends without having said that it executes.
   */
  async executed(): Promise<void> {
    const received = await this.receive();
    if (received === undefined) {
      const hint = this.#notes.deathHint();
      throw new Failure('system', 'the container process died before it executed the program', {
        hint,
      });
    }
    if (received.message.type !== 'executing') throw unexpected(received.message);
    const after = await this.receive();
    if (after !== undefined) throw unexpected(after.message);
  }

  /**
   * Lets a stub, of whose container process nobody has heard, do nothing more, and waits until it says so, ends, or
   * tells of that process, whose pid this gives. Throws what it failed at before it was refused.
   */
  async refuse(): Promise<number | undefined> {
    // Whatever it waits for now or next, this is not the answer.
    this.go({ question: 'start' });
    for (;;) {
      const packet = await this.#late();
      for (const descriptor of packet.descriptors) this.#host.native.close(descriptor);
      if (packet.data.length === 0) return undefined;
      const message = decodeMessage(packet.data);
      if (message.type === 'cloned') return message.pid;
      if (message.type !== 'failed') continue;
      if (message.errno === EPROTO) return undefined;
      throw describeFailure(message, this.#notes.note(message.operation));
    }
  }

  /** What comes in time. */
  async #late(): Promise<Packet> {
    try {
      return await this.#host.wait.packet(this.#socket, patience);
    } catch (error) {
      if (hasErrno(error, 'ETIMEDOUT', 'ECONNRESET')) return nothing;
      throw error;
    }
  }

  async #packet(): Promise<Packet> {
    try {
      return await this.#host.wait.packet(this.#socket, -1);
    } catch (error) {
      if (hasErrno(error, 'ECONNRESET')) return nothing;
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
