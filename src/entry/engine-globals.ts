/**
 * What Node's global object has and ours uses, on the engine's own functions (csrc/engine/builtins.c): loaded first
 * by the shipped executable, and never on Node. Only what is used is here; the engine has the language itself,
 * without Intl.
 */

import { concatenate } from '../host/concatenate.ts';

/** The engine's functions in C. Each says in csrc/engine/builtins.c what it does. */
export interface Engine {
  readonly native: object;
  arguments(): string[];
  name(): string;
  environment(): string[];
  variable(name: string): string | undefined;
  began(): bigint;
  now(): number;
  exit(status: number): never;
  complain(text: string): void;
  random(): number;
  encode(text: string): Uint8Array;
  encodeInto(text: string, target: Uint8Array, offset: number): number;
  decode(bytes: Uint8Array, strict: boolean): string;
  setTimer(call: () => void, milliseconds: number | undefined, again: boolean): number;
  clearTimer(timer: number): void;
  watch(descriptor: number, events: number, call: (events: number) => void): number;
  unwatch(descriptor: number): number;
  collect(): void;
  version(): string;
  /** While the image is made: the function that a process calls. */
  main(start: () => void): void;
}

export const { engine } = globalThis as unknown as { readonly engine: Engine };

class Encoder {
  readonly encoding = 'utf-8';

  encode(text = ''): Uint8Array {
    return engine.encode(String(text));
  }

  /** All of the text or nothing: half a text is of no use to anybody here. */
  encodeInto(text: string, target: Uint8Array): { read: number; written: number } {
    const size = engine.encodeInto(text, target, 0);
    return size <= target.length ? { read: text.length, written: size } : { read: 0, written: 0 };
  }
}

const byteOrderMark = '\ufeff';

/** Bytes at the end that may be the beginning of a character. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

class Decoder {
  readonly encoding = 'utf-8';
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  #held: Uint8Array | undefined;
  #began = false;

  constructor(label = 'utf-8', options: { readonly fatal?: boolean; readonly ignoreBOM?: boolean } = {}) {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`unknown encoding "${label}"`);
    this.fatal = options.fatal === true;
    this.ignoreBOM = options.ignoreBOM === true;
  }

  decode(bytes: Uint8Array = new Uint8Array(0), options: { readonly stream?: boolean } = {}): string {
    let whole = bytes;
    if (this.#held) {
      whole = concatenate([this.#held, bytes]);
      this.#held = undefined;
    }
    if (options.stream) {
      const kept = unfinished(whole);
      if (kept > 0) {
        this.#held = whole.slice(whole.length - kept);
        whole = whole.subarray(0, whole.length - kept);
      }
    }
    const text = engine.decode(whole, this.fatal);
    const first = !this.#began;
    this.#began = options.stream === true && (this.#began || text !== '');
    return first && !this.ignoreBOM && text.startsWith(byteOrderMark) ? text.slice(1) : text;
  }
}

function complain(...words: readonly unknown[]): void {
  engine.complain(`${words.map(String).join(' ')}\n`);
}

Object.assign(globalThis, {
  TextEncoder: Encoder,
  TextDecoder: Decoder,
  /** To standard error: standard output is the command's. */
  console: { debug: complain, error: complain, info: complain, log: complain, warn: complain },
  queueMicrotask: (call: () => void) => void Promise.resolve().then(call),
  setTimeout: (call: () => void, milliseconds?: number) => engine.setTimer(call, milliseconds, false),
  setInterval: (call: () => void, milliseconds?: number) => engine.setTimer(call, milliseconds, true),
  clearTimeout: engine.clearTimer,
  clearInterval: engine.clearTimer,
});
// The engine's own ones would measure from the moment when the image was made, and give every process the same
// numbers.
Object.defineProperty(globalThis, 'performance', {
  value: { now: engine.now },
  configurable: true,
  writable: true,
});
Math.random = engine.random;
