/** `process` and `Buffer` as far as unit tests use them. */
import { engine } from '../../src/entry/engine-globals.ts';
import type { Native } from '../../src/host/native.ts';
import { resolvePath } from '../../src/spec/path.ts';

const signals: Readonly<Record<string, number>> = { SIGKILL: 9, SIGTERM: 15 };

export const native = engine.native as Native;

export const workingDirectory = (): string => native.readLink('/proc/self/cwd');

const environment = (): Record<string, string> =>
  Object.fromEntries(
    engine.environment().map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

const digits = (byte: number): string => byte.toString(16).padStart(2, '0');

class Bytes extends Uint8Array {
  static alloc(size: number): Bytes {
    return new Bytes(size);
  }

  static byteLength(text: string): number {
    return new TextEncoder().encode(text).length;
  }

  static concat(parts: readonly Uint8Array[]): Bytes {
    const whole = new Bytes(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  override toString(encoding = 'utf8'): string {
    if (encoding === 'hex') return Array.from(this, digits).join('');
    if (encoding === 'latin1') return String.fromCharCode(...this);
    if (encoding === 'base64') return base64Of(this);
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this);
  }

  equals(other: Uint8Array): boolean {
    return this.length === other.length && this.every((byte, index) => byte === other[index]);
  }
}

/** Buffer.from: of text in an encoding, or of bytes. */
function bytesOf(data: string | ArrayLike<number>, encoding?: string): Bytes {
  if (typeof data !== 'string') return new Bytes(data);
  if (encoding === 'hex')
    return new Bytes((data.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
  if (encoding === 'latin1') return new Bytes(Array.from(data, (character) => character.charCodeAt(0)));
  return new Bytes(new TextEncoder().encode(data));
}

/** Another way than src/spec/base64.ts, which a test compares with it. */
function base64Of(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** `new URL('../x', import.meta.url).pathname` */
class FileUrl {
  readonly pathname: string;

  constructor(path: string, base: string) {
    const from = base.replace(/^file:\/\//, '');
    this.pathname = resolvePath(from.slice(0, from.lastIndexOf('/')), path);
  }
}

Object.assign(globalThis, {
  Buffer: Object.defineProperty(Bytes, 'from', { value: bytesOf }),
  process: {
    arch: native.kernel().machine === 'x86_64' ? 'x64' : 'arm64',
    platform: 'linux',
    versions: {},
    version: 'v20.0.0',
    get pid() {
      return native.processId();
    },
    get env() {
      return environment();
    },
    argv: [],
    execArgv: [],
    cwd: workingDirectory,
    umask(mask?: number) {
      if (mask !== undefined) return native.umask(mask);
      const now = native.umask(0o22);
      native.umask(now);
      return now;
    },
    getuid: () => native.userId(),
    geteuid: () => native.userId(),
    getegid: () => native.groupId(),
    kill: (pid: number, signal: string | number = 15) =>
      native.kill(pid, typeof signal === 'number' ? signal : (signals[signal] ?? 15)),
  },
  structuredClone: clone,
  URL: FileUrl,
});

function clone<T>(value: T): T {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(clone) as T;
  if (value instanceof Uint8Array) return value.slice() as T;
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, clone(one)])) as T;
  if (value instanceof Set) return new Set(value) as T;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, clone(one)])) as T;
}
