import { Failure } from '../failure.ts';
import { errnoName, errnoText } from '../host/errno-text.ts';
import type { Native } from '../host/native.ts';
import {
  decodeMessages,
  encodeRequest,
  messageFlag,
  messageType,
  type NetlinkMessage,
  type NetlinkRequest,
} from './netlink-message.ts';

/** Longest datagram that the kernel answers a dump with. */
const maximumDatagram = 65_536;

/** What the kernel answered instead of doing it. */
export class RouteError extends Failure {
  constructor(what: string, errno: number) {
    super('system', `${what}: ${errnoText(errno)}`, { errno: errnoName(errno) });
  }
}

/** How it went: both an acknowledgement and the end of a list carry a negative errno, or 0. */
function errnoOf({ fixed }: NetlinkMessage): number {
  return fixed.length < 4 ? 0 : -new DataView(fixed.buffer, fixed.byteOffset, 4).getInt32(0, true);
}

/** Talks to the kernel's routing family in one network namespace. */
export class RouteSocket {
  readonly #native: Native;
  readonly #descriptor: number;
  #sequence = 0;

  /** @param pid a process of the namespace, or 0 for our own */
  constructor(native: Native, pid: number) {
    this.#native = native;
    this.#descriptor = native.routeSocket(pid);
  }

  close(): void {
    this.#native.close(this.#descriptor);
  }

  /** Has something done. Throws `RouteError`, which begins with `what`. */
  execute(what: string, request: NetlinkRequest): void {
    this.#talk(what, { ...request, flags: (request.flags ?? 0) | messageFlag.acknowledge });
  }

  /** Asks for one thing or, with `messageFlag.dump`, for all. Throws `RouteError`. */
  ask(what: string, request: NetlinkRequest): NetlinkMessage[] {
    return this.#talk(what, request);
  }

  #talk(what: string, request: NetlinkRequest): NetlinkMessage[] {
    const sequence = ++this.#sequence;
    const { flags = 0 } = request;
    this.#native.write(this.#descriptor, encodeRequest(sequence, request));
    const answers: NetlinkMessage[] = [];
    const dump = (flags & messageFlag.dump) === messageFlag.dump;
    for (;;) {
      const datagram = decodeMessages(this.#native.read(this.#descriptor, maximumDatagram));
      for (const message of datagram.filter((each) => each.sequence === sequence)) {
        if (message.type === messageType.done || message.type === messageType.error) {
          const errno = errnoOf(message);
          if (errno !== 0) throw new RouteError(what, errno);
          return answers;
        }
        answers.push(message);
        if (!dump && (flags & messageFlag.acknowledge) === 0) return answers;
      }
    }
  }
}
