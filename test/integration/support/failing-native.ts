/** The addon, of which calls fail as the kernel has them fail. */
import { findLibexec } from '../../../src/entry/libexec.ts';
import { loadNative } from '../../../src/entry/load-native.ts';
import type { Native, SystemError } from '../../../src/host/native.ts';

/** The real one. */
export const native = loadNative(findLibexec());

/**
 * What the kernel never refuses a process that does it right: asking who and when, closing, and ending and reaping
 * one's own children.
 */
const unfailing: ReadonlySet<string> = new Set([
  'close',
  'groupId',
  'hash',
  'isInherited',
  'isTerminal',
  'kernel',
  'kill',
  'monotonic',
  'permittedCapabilities',
  'pidfdSend',
  'processId',
  'sleep',
  'userId',
  'wait',
] satisfies (keyof Native)[]);

export const errnos = { EMFILE: 24, ENOMEM: 12, ENOSPC: 28, EIO: 5, EACCES: 13 } as const;
export type Errno = keyof typeof errnos;

/** A call of the addon, as messages of the test name it. */
export interface Call {
  readonly name: string;
  readonly path: string | undefined;
}

/** The addon, of which one call fails. */
export class Double {
  readonly calls: Call[] = [];
  readonly native: Native;

  /** @param at which call fails, from 1; 0 for none */
  constructor(at: number, errno: Errno) {
    this.native = new Proxy(native, {
      get: (target, name: keyof Native & string) => {
        const real = target[name] as (...given: unknown[]) => unknown;
        if (unfailing.has(name)) return real;
        return (...given: unknown[]): unknown => {
          const path = typeof given[0] === 'string' ? given[0] : undefined;
          this.calls.push({ name, path });
          if (this.calls.length === at) throw refusal({ name, path }, errno);
          return real(...given);
        };
      },
    });
  }
}

/** How many descriptors a call takes for good, and how many only while it lasts. */
const kept: Readonly<Record<string, number>> = {
  connect: 1,
  listen: 1,
  open: 1,
  pidfdOpen: 1,
  scratchFile: 1,
  sealedBytes: 1,
  sealedCopy: 1,
  socketPair: 2,
};
const passing: ReadonlySet<string> = new Set([
  'createFile',
  'readDirectory',
  'readFile',
  'readText',
  'writeFile',
]);

/**
 * The addon of a process that has room for so many descriptors. It goes on being short of them while it cleans up.
 */
export function crowded(room: number): { readonly native: Native; refused(): boolean } {
  let open = 0;
  let refused = false;
  const proxy = new Proxy(native, {
    get: (target, name: keyof Native & string) => {
      const real = target[name] as (...given: unknown[]) => unknown;
      return (...given: unknown[]): unknown => {
        const wanted = kept[name] ?? 0;
        if (open + wanted + (passing.has(name) ? 1 : 0) > room) {
          refused = true;
          throw refusal({ name, path: undefined }, 'EMFILE');
        }
        const result = real(...given);
        open += name === 'close' ? -1 : wanted;
        return result;
      };
    },
  });
  return { native: proxy, refused: () => refused };
}

function refusal({ name, path }: Call, code: Errno): SystemError {
  const error = new Error(`${code}: made up, ${name}${path === undefined ? '' : ` '${path}'`}`);
  return Object.assign(error, {
    code,
    errno: errnos[code],
    syscall: name,
    ...(path !== undefined && { path }),
  });
}
