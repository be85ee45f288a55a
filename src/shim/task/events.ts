import { messageOf } from '../../failure.ts';
import type { Host } from '../../host/host.ts';
import { encodeMessage, type MessageOf } from '../../protobuf.ts';
import { TtrpcClient } from '../ttrpc/client.ts';
import { codes, StatusError } from '../ttrpc/status.ts';
import { eventService, events, forwardRequest, type Topic } from './event-messages.ts';
import { timestampOf } from './timestamp.ts';

export type EventMessage<T extends Topic> = MessageOf<(typeof events)[T]['table']>;

/** Told of everything that happens to tasks, in the order in which it happened. */
export interface Publisher {
  publish<T extends Topic>(topic: T, event: EventMessage<T>): void;
}

/** Events that wait while containerd is away: beyond that the oldest are dropped. */
const mostWaiting = 65_536;
/** Milliseconds between two tries to reach containerd: first, and at most. */
const firstPause = 50;
const laterPause = 2000;

/** An event, and when it happened, in milliseconds since 1970. */
interface Unwritten {
  readonly topic: Topic;
  readonly event: object;
  readonly at: number;
}

/** How to reach containerd, and as whom. */
export interface Subscriber {
  /** Path of its ttrpc socket. */
  readonly path: string;
  readonly namespace: string;
}

/**
 * Sends events to containerd one after another. Each is sent until it was taken: while containerd is away they wait,
 * in their order, and nothing overtakes. An answer that gets lost with the connection is the only way for one to come
 * twice.
 */
export class EventQueue implements Publisher {
  readonly #host: Host;
  readonly #to: Subscriber;
  readonly #warn: (message: string) => void;
  /** Not written out yet: whoever publishes has an answer to give first. */
  #fresh: Unwritten[] = [];
  readonly #waiting: { readonly topic: Topic; readonly payload: Uint8Array }[] = [];
  #client: TtrpcClient | undefined;
  #sending: Promise<void> = Promise.resolve();
  #busy = false;
  #dropped = 0;

  constructor(host: Host, to: Subscriber, warn: (message: string) => void) {
    this.#host = host;
    this.#to = to;
    this.#warn = warn;
  }

  publish<T extends Topic>(topic: T, event: EventMessage<T>): void {
    this.#fresh.push({ topic, event, at: Date.now() });
    if (!this.#busy) this.#sending = this.#sendAll();
  }

  /** Those that were published meanwhile join those that wait. */
  #write(): void {
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const { topic, event, at } of fresh) {
      const { type, table } = events[topic];
      const value = encodeMessage(table, event as MessageOf<typeof table>);
      const payload = encodeMessage(forwardRequest, {
        envelope: {
          timestamp: timestampOf(at),
          namespace: this.#to.namespace,
          topic,
          event: { type_url: type, value },
        },
      });
      this.#waiting.push({ topic, payload });
      // The first may be on its way: which was taken is known of it alone.
      if (this.#waiting.length <= mostWaiting) continue;
      this.#waiting.splice(1, 1);
      if (this.#dropped++ === 0)
        this.#warn(`containerd takes no events, and ${mostWaiting} wait: the oldest are dropped`);
    }
  }

  /** Waits until all were taken, at most so many milliseconds. */
  async flushed(milliseconds: number): Promise<void> {
    await Promise.race([this.#sending, this.#host.wait.pause(milliseconds)]);
  }

  async #sendAll(): Promise<void> {
    this.#busy = true;
    // Behind the answer of the call that it happened in, for which nobody is to wait longer than for its work: who
    // hears of the event may get the processor before us. A pause of nothing is no turn of the loop.
    await this.#host.wait.pause(1);
    let pause = firstPause;
    for (;;) {
      this.#write();
      const first = this.#waiting[0];
      if (first === undefined) break;
      if (await this.#send(first.topic, first.payload)) {
        this.#waiting.shift();
        pause = firstPause;
      } else {
        await this.#host.wait.pause(pause);
        pause = Math.min(pause * 2, laterPause);
      }
    }
    this.#busy = false;
  }

  /** False: to be tried again. */
  async #send(topic: Topic, payload: Uint8Array): Promise<boolean> {
    try {
      this.#client ??= await TtrpcClient.connect(this.#host, this.#to.path);
      await this.#client.call(eventService, 'Forward', payload);
      return true;
    } catch (error) {
      if (error instanceof StatusError && error.code !== codes.unavailable) {
        // It has heard of it, and will say the same again.
        this.#warn(`containerd refused the event ${topic}: ${messageOf(error)}`);
        return true;
      }
      this.#client?.close();
      this.#client = undefined;
      return false;
    }
  }
}

/** For engines that listen to none. */
export const nobody: Publisher & Pick<EventQueue, 'flushed'> = {
  publish: () => undefined,
  flushed: async () => undefined,
};
