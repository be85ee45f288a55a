/** A host whose stub says what a test has it say, and which keeps account of descriptors and children. */

import type { Host } from '../../../src/host/host.ts';
import type { Packet, SpawnOptions, SystemError } from '../../../src/host/native.ts';
import { watchingWait } from '../../../src/host/wait.ts';
import { goHeader, messageHeader, messageTypes } from '../../../src/launch/messages.ts';
import { questions } from '../../../src/plan/operations.ts';
import { fakeHost } from '../cli/fake-host.ts';

export interface Said {
  readonly type: keyof typeof messageTypes;
  readonly stage?: number;
  readonly operation?: number;
  readonly errno?: number;
  readonly value?: number;
  readonly text?: string;
  readonly data?: Uint8Array;
  readonly descriptors?: readonly number[];
}

/** A packet as the stub frames it. */
export function packet({
  type,
  stage = 0,
  operation = 0,
  errno = 0,
  value = 0,
  text,
  data,
  ...rest
}: Said): Packet {
  const body = data ?? new TextEncoder().encode(text ?? '');
  const bytes = new Uint8Array(messageHeader + body.length);
  const view = new DataView(bytes.buffer);
  for (const [index, number] of [messageTypes[type], stage, operation, errno, value, body.length].entries())
    view.setInt32(4 * index, number, true);
  bytes.set(body, messageHeader);
  return { data: bytes, descriptors: rest.descriptors ?? [] };
}

export const end: Packet = { data: new Uint8Array(), descriptors: [] };
export const cloned = packet({ type: 'cloned', value: 777, stage: 0 });
export const ready = packet({ type: 'ready', stage: 1 });
export const executing = packet({ type: 'executing', stage: 1 });
export const ask = (question: (typeof questions)[number]) =>
  packet({ type: 'ask', value: questions.indexOf(question), stage: 1 });

export function systemError(code: string, errno: number): SystemError {
  return Object.assign(new Error(`${code} in the test`), { code, errno, syscall: 'test' });
}

export const STAGE0 = 500;

/** What was done to the machine. */
export class FakeMachine {
  readonly open = new Set<number>();
  readonly children = new Set<number>();
  readonly killed: number[] = [];
  readonly sent: string[] = [];
  readonly spawned: SpawnOptions[] = [];
  readonly problems: string[] = [];
  /** Thrown by calls of these names. */
  readonly failing = new Map<string, unknown>();
  readonly #script: (Packet | Error)[];
  #next = 100;

  constructor(script: readonly (Packet | Error)[]) {
    this.#script = [...script];
  }

  /** Packets that nobody has read. */
  get unread(): number {
    return this.#script.length;
  }

  host(blocking = true): Host {
    const calls = {
      socketPair: (): [number, number] => [this.#opened(), this.#opened()],
      encodeInto: (text: string, target: Uint8Array, offset: number) =>
        new TextEncoder().encodeInto(text, target.subarray(offset)).written,
      sealedBytes: () => this.#opened('sealedBytes'),
      sealedCopy: () => this.#opened('sealedCopy'),
      connect: () => this.#opened('connect'),
      close: (descriptor: number) => {
        if (!this.open.delete(descriptor)) this.problems.push(`${descriptor} closed, which is not open`);
      },
      spawn: (options: SpawnOptions) => {
        this.#fail('spawn');
        this.spawned.push(options);
        this.children.add(STAGE0);
        return STAGE0;
      },
      send: (_socket: number, data: Uint8Array) => {
        this.#fail('send');
        const view = new DataView(data.buffer, data.byteOffset);
        const question = questions[view.getUint32(4, true)] ?? 'start';
        this.sent.push(`${question} ${new TextDecoder().decode(data.subarray(goHeader))}`.trim());
      },
      kill: (pid: number) => {
        this.killed.push(pid);
        this.#fail('kill');
        if (!this.children.has(pid)) throw systemError('ESRCH', 3);
      },
      receive: () => this.#receive(),
      pollMany: (descriptors: readonly number[]) => (this.#script.length > 0 ? [...descriptors] : []),
      wait: (pid: number) => this.#wait(pid),
      pidfdOpen: () => this.#opened(),
      pollManyAsync: async (descriptors: readonly number[]) => [...descriptors],
    };
    const host = fakeHost(calls);
    return blocking ? host : { ...host, wait: watchingWait(host.native) };
  }

  #receive(): Packet {
    const next = this.#script.shift() ?? end;
    if (next instanceof Error) throw next;
    for (const descriptor of next.descriptors) this.open.add(descriptor);
    const view = new DataView(next.data.buffer, next.data.byteOffset);
    if (next.data.length >= messageHeader && view.getUint32(0, true) === messageTypes.cloned)
      this.children.add(view.getUint32(16, true));
    return next;
  }

  #wait(pid: number) {
    if (!this.children.delete(pid)) throw systemError('ECHILD', 10);
    return { code: 0, signal: undefined };
  }

  #opened(call?: string): number {
    if (call !== undefined) this.#fail(call);
    this.open.add(this.#next);
    return this.#next++;
  }

  #fail(call: string): void {
    if (this.failing.has(call)) throw this.failing.get(call);
  }
}
