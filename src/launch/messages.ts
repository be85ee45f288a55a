import { Failure } from '../failure.ts';
import { phases, type Question, questions } from '../plan/phases.ts';

/**
 * The talk with the stub, over a SOCK_SEQPACKET socket. The numbers are written here once: scripts/generate-wire.ts
 * makes the stub's header from them.
 */
export const messageTypes = {
  cloned: 1,
  ask: 2,
  ready: 3,
  executing: 4,
  failed: 5,
  stamps: 6,
  console: 7,
  go: 8,
  mounted: 9,
  said: 10,
} as const;

/** What a GO answers on the start socket, where nothing was asked. */
export const startQuestion = 0xffff_ffff;

/** Operation index of the stamp that a stub takes when its `main` begins. */
export const startStamp = 0xffff_ffff;

/** What stands in the text of a failure before what went wrong when the operations before it were taken back. */
export const undoFailed = '; and taking back what was done: ';

/** Bytes before the text or data of a message from the stub: six u32. */
export const messageHeader = 24;

/** Bytes before the state of a GO: four u32. */
export const goHeader = 16;

/**
 * Bytes of each datagram of a GO but its last: a state with many annotations is longer than a socket takes at once.
 */
export const goPart = 61_440;

interface Origin {
  /** Which process of the plan speaks: 0 until the first `clone`, then 1, and so on. */
  readonly stage: number;
  /** Index into the plan's operations of the one being carried out. */
  readonly operation: number;
}

/** One reading of CLOCK_MONOTONIC, taken when an operation was done. */
export interface Stamp {
  /** Index into the plan's operations, or {@link startStamp}. */
  readonly operation: number;
  readonly nanoseconds: bigint;
}

/** What the stub says. */
export type Message = Origin &
  (
    | { readonly type: 'cloned'; readonly pid: number }
    | { readonly type: 'ask'; readonly question: Question }
    | { readonly type: 'ready' }
    | { readonly type: 'executing' }
    | {
        readonly type: 'mounted';
        /** The mount's number in its namespace (statx(2), stx_mnt_id); 0 for one that was looked for and is gone. */
        readonly number: number;
      }
    | {
        readonly type: 'failed';
        /** Positive errno, or 0 when no system call failed. */
        readonly errno: number;
        /** What could not be done, in a few words, the errno's own text not included; may be empty. */
        readonly text: string;
        /** Index into `phases`. */
        readonly phase: number;
      }
    | {
        /** A hook did. */
        readonly type: 'said';
        readonly stream: 'stdout' | 'stderr';
        readonly bytes: Uint8Array;
      }
    | { readonly type: 'stamps'; readonly stamps: readonly Stamp[] }
    | {
        readonly type: 'console';
        /** `/dev/pts/N`; the master's descriptor rides along. */
        readonly name: string;
      }
  );

const decoder = new TextDecoder();

/**
 * Reads one datagram of the stub.
 *
 * @throws Failure `internal` when it is none: another build, or another process, is at the other end.
 */
export function decodeMessage(data: Uint8Array): Message {
  if (data.length < messageHeader) throw malformed(`${data.length} bytes`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const type = view.getUint32(0, true);
  const origin: Origin = { stage: view.getUint32(4, true), operation: view.getUint32(8, true) };
  const value = view.getUint32(16, true);
  const length = view.getUint32(20, true);
  if (length !== data.length - messageHeader) throw malformed(`length ${length} in ${data.length} bytes`);
  switch (type) {
    case messageTypes.cloned:
      return { ...origin, type: 'cloned', pid: value };
    case messageTypes.ask:
      return { ...origin, type: 'ask', question: questionOf(value) };
    case messageTypes.ready:
      return { ...origin, type: 'ready' };
    case messageTypes.executing:
      return { ...origin, type: 'executing' };
    case messageTypes.mounted:
      return { ...origin, type: 'mounted', number: value };
    case messageTypes.said:
      return { ...origin, type: 'said', stream: streamOf(value), bytes: data.subarray(messageHeader) };
    case messageTypes.failed: {
      if (value >= phases.length) throw malformed(`phase ${value}`);
      const text = decoder.decode(data.subarray(messageHeader));
      return { ...origin, type: 'failed', errno: view.getInt32(12, true), text, phase: value };
    }
    case messageTypes.stamps:
      return { ...origin, type: 'stamps', stamps: stampsOf(view) };
    case messageTypes.console:
      return { ...origin, type: 'console', name: decoder.decode(data.subarray(messageHeader)) };
    default:
      throw malformed(`type ${type}`);
  }
}

/** What a GO carries besides the permission. */
export interface Go {
  /** The question that this answers; `start` on the start socket. */
  readonly question: Question | 'start';
  /** The container's state as JSON: what hooks get on standard input. */
  readonly state?: string;
  /** JSON sent along with the descriptor of a seccomp listener. */
  readonly listener?: string;
}

/** A GO as the datagrams that are sent one after the other. */
export function splitGo(go: Go): Uint8Array[] {
  const bytes = encodeGo(go);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += goPart) parts.push(bytes.subarray(at, at + goPart));
  return parts;
}

/** A GO as bytes. */
export function encodeGo(go: Go): Uint8Array {
  const encoder = new TextEncoder();
  const state = encoder.encode(go.state ?? '');
  const listener = encoder.encode(go.listener ?? '');
  const bytes = new Uint8Array(goHeader + state.length + listener.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, messageTypes.go, true);
  view.setUint32(4, go.question === 'start' ? startQuestion : questions.indexOf(go.question), true);
  view.setUint32(8, state.length, true);
  view.setUint32(12, listener.length, true);
  bytes.set(state, goHeader);
  bytes.set(listener, goHeader + state.length);
  return bytes;
}

function questionOf(value: number): Question {
  const question = questions[value];
  if (question === undefined) throw malformed(`question ${value}`);
  return question;
}

function streamOf(value: number): 'stdout' | 'stderr' {
  if (value !== 1 && value !== 2) throw malformed(`stream ${value}`);
  return value === 1 ? 'stdout' : 'stderr';
}

function stampsOf(view: DataView): Stamp[] {
  const stamps: Stamp[] = [];
  if ((view.byteLength - messageHeader) % 16 !== 0) throw malformed('a torn list of stamps');
  for (let at = messageHeader; at < view.byteLength; at += 16) {
    const operation = Number(view.getBigUint64(at, true));
    stamps.push({ operation, nanoseconds: view.getBigUint64(at + 8, true) });
  }
  return stamps;
}

function malformed(what: string): Failure {
  return new Failure('internal', `the stub sent a malformed message: ${what}`);
}
