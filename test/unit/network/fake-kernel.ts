/**
 * Interfaces of two network namespaces behind fake route sockets: as much of rtnetlink(7) as moving interfaces takes.
 */
import type { Native } from '../../../src/host/native.ts';
import { decodeMessages, messageType } from '../../../src/network/netlink-message.ts';
import { systemError } from '../launch/fake-stub.ts';

export interface FakeLink {
  index: number;
  name: string;
  up: boolean;
  /** `struct ifaddrmsg` without the index, and the address. */
  addresses: { readonly flags: number; readonly scope: number; readonly value: number }[];
}

const ownPid = 4242;
const ENODEV = 19;

/** A message of the kernel: unlike a request it may have any type and needs no flags. */
export function answer(
  type: number,
  sequence: number,
  fixed: Uint8Array,
  attributes: readonly (readonly [type: number, value: Uint8Array])[] = [],
): Uint8Array {
  const parts = attributes.map(([kind, value]) => {
    const bytes = new Uint8Array((4 + value.length + 3) & ~3);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, 4 + value.length, true);
    view.setUint16(2, kind, true);
    bytes.set(value, 4);
    return bytes;
  });
  const start = 16 + ((fixed.length + 3) & ~3);
  const whole = new Uint8Array(start + parts.reduce((sum, part) => sum + part.length, 0));
  const view = new DataView(whole.buffer);
  view.setUint32(0, whole.length, true);
  view.setUint16(4, type, true);
  view.setUint32(8, sequence, true);
  whole.set(fixed, 16);
  let at = start;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** An acknowledgement, or a refusal. */
export function errorMessage(sequence: number, errno: number): Uint8Array {
  const fixed = new Uint8Array(4);
  new DataView(fixed.buffer).setInt32(0, -errno, true);
  return answer(messageType.error, sequence, fixed);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const text = (value: string) => new TextEncoder().encode(`${value}\0`);

/** The request as its parts; the decoder knows the lengths of answers alone. */
function readRequest(data: Uint8Array) {
  const view = new DataView(data.buffer, data.byteOffset);
  const type = view.getUint16(4, true);
  const fixedLength = type === messageType.newAddress ? 8 : type === messageType.getAddress ? 8 : 16;
  const [message] = decodeMessages(data);
  const fixed = data.subarray(16, 16 + fixedLength);
  const attributes: (readonly [number, Uint8Array])[] = [];
  for (let at = 16 + fixedLength; at + 4 <= data.length; ) {
    const length = view.getUint16(at, true);
    attributes.push([view.getUint16(at + 2, true), data.subarray(at + 4, at + length)]);
    at += (length + 3) & ~3;
  }
  return {
    type,
    sequence: message?.sequence ?? 0,
    fixed,
    attributes,
    dump: (view.getUint16(6, true) & 0x300) === 0x300,
  };
}

/** Two namespaces; a move keeps the interface's flags and loses its addresses, as the kernel's does. */
export class FakeKernel {
  readonly namespaces = new Map<number, FakeLink[]>([
    [0, []],
    [77, []],
  ]);
  readonly log: string[] = [];
  readonly open = new Set<number>();
  /** Refuses requests for which it gives an errno. */
  refuse: (what: string) => number = () => 0;
  readonly #answers = new Map<number, Uint8Array[]>();
  readonly #namespaceOf = new Map<number, number>();
  #next = 10;

  links(pid: number): FakeLink[] {
    return this.namespaces.get(pid) ?? [];
  }

  native(): Native {
    const calls: Partial<Native> = {
      routeSocket: (pid) => {
        if (!this.namespaces.has(pid)) throw systemError('ESRCH', 3);
        this.open.add(this.#next);
        this.#namespaceOf.set(this.#next, pid);
        return this.#next++;
      },
      close: (descriptor) => {
        if (!this.open.delete(descriptor)) throw new Error(`${descriptor} is not open`);
      },
      processId: () => ownPid,
      write: (descriptor, data) => {
        this.#answers.set(
          descriptor,
          this.#handle(this.#namespaceOf.get(descriptor) ?? 0, data as Uint8Array),
        );
      },
      read: (descriptor) => {
        const next = this.#answers.get(descriptor)?.shift();
        if (next === undefined) throw new Error('nothing left to read: the real kernel would block');
        return next;
      },
    };
    return calls as Native;
  }

  #handle(namespace: number, data: Uint8Array): Uint8Array[] {
    const request = readRequest(data);
    const { sequence } = request;
    const refused = (what: string): Uint8Array[] | undefined => {
      const errno = this.refuse(what);
      this.log.push(errno === 0 ? what : `${what}: refused`);
      return errno === 0 ? undefined : [errorMessage(sequence, errno)];
    };
    if (request.type === messageType.getLink) return this.#links(namespace, request);
    if (request.type === messageType.getAddress) return this.#addresses(namespace, sequence);
    const view = new DataView(request.fixed.buffer, request.fixed.byteOffset);
    const link = this.links(namespace).find(({ index }) => index === view.getInt32(4, true));
    if (link === undefined) return [errorMessage(sequence, ENODEV)];
    if (request.type === messageType.newAddress) {
      const value = request.attributes.find(([type]) => type === 2)?.[1][0] ?? 0;
      const types = request.attributes.map(([type]) => type).join();
      const no = refused(`${namespace}: address ${value} (${types}) to ${link.name}`);
      if (no !== undefined) return no;
      link.addresses.push({ flags: request.fixed[2] ?? 0, scope: request.fixed[3] ?? 0, value });
    } else if (request.attributes.length > 0) {
      const [, pid] = request.attributes[0] ?? [];
      const target = new DataView((pid ?? new Uint8Array(4)).slice().buffer).getUint32(0, true);
      const name = new TextDecoder().decode(request.attributes[1]?.[1]).replace(/\0$/, '');
      const no = refused(`${namespace}: move ${link.name} to ${target} as ${name}`);
      if (no !== undefined) return no;
      this.#move(link, namespace, target === ownPid ? 0 : target, name);
    } else {
      const up = (view.getUint32(8, true) & 1) === 1;
      const no = refused(`${namespace}: ${link.name} ${up ? 'up' : 'down'}`);
      if (no !== undefined) return no;
      link.up = up;
    }
    return [errorMessage(sequence, 0)];
  }

  #move(link: FakeLink, from: number, to: number, name: string): void {
    this.namespaces.set(
      from,
      this.links(from).filter((each) => each !== link),
    );
    const taken = new Set(this.links(to).map((each) => each.name));
    let number = 0;
    while (name.includes('%d') && taken.has(name.replace('%d', String(number)))) number++;
    const index = this.links(to).some((each) => each.index === link.index) ? link.index + 100 : link.index;
    this.links(to).push({ index, name: name.replace('%d', String(number)), up: false, addresses: [] });
  }

  #links(namespace: number, request: ReturnType<typeof readRequest>): Uint8Array[] {
    const { sequence } = request;
    const message = ({ index, name, up }: FakeLink) => {
      const fixed = new Uint8Array(16);
      const view = new DataView(fixed.buffer);
      view.setInt32(4, index, true);
      view.setUint32(8, up ? 1 : 0, true);
      return answer(messageType.newLink, sequence, fixed, [[3, text(name)]]);
    };
    if (request.dump) {
      const done = answer(messageType.done, sequence, new Uint8Array(4));
      return [joined(...this.links(namespace).map(message)), done];
    }
    const wanted = new TextDecoder().decode(request.attributes[0]?.[1]).replace(/\0$/, '');
    const link = this.links(namespace).find(({ name }) => name === wanted);
    return [link === undefined ? errorMessage(sequence, ENODEV) : message(link)];
  }

  #addresses(namespace: number, sequence: number): Uint8Array[] {
    const messages = this.links(namespace).flatMap(({ index, addresses }) =>
      addresses.map(({ flags, scope, value }) => {
        const fixed = Uint8Array.of(2, 24, flags, scope, index, 0, 0, 0);
        return answer(messageType.newAddress, sequence, fixed, [
          [2, Uint8Array.of(value, 0, 0, 1)],
          [3, text('label')],
          [6, new Uint8Array(16)],
        ]);
      }),
    );
    return [joined(...messages, answer(messageType.done, sequence, new Uint8Array(4)))];
  }
}
