import { Failure } from '../failure.ts';

/** The command line of a shim, which containerd writes. */
export interface ShimArguments {
  /** Empty for the server itself. */
  readonly action: string;
  readonly namespace: string;
  readonly id: string;
  /** containerd's own socket. */
  readonly address: string;
  readonly bundle: string;
  /** Of the server alone: its listening socket's path. */
  readonly socket: string;
  /** Of the server alone: it takes over containers that live. */
  readonly adopt: boolean;
  readonly debug: boolean;
  readonly version: boolean;
  readonly info: boolean;
}

const texts = ['namespace', 'id', 'address', 'bundle', 'publish-binary', 'socket', 'debug-socket'];
const flags = ['adopt', 'debug', 'v', 'version', 'info'];

/**
 * Options in the manner of Go's flag package: one dash or two, the value behind `=` or as the next word; the first
 * other word is what to do. Throws `Failure` (`invalid`).
 */
export function readArguments(words: readonly string[]): ShimArguments {
  const values = new Map<string, string>();
  let action = '';
  for (let at = 0; at < words.length && action === ''; at++) {
    const word = words[at] as string;
    const match = /^--?([a-z][a-z-]*)(?:=(.*))?$/s.exec(word);
    if (match === null) {
      action = word;
      continue;
    }
    const [, name = '', given] = match;
    if (texts.includes(name)) {
      const value = given ?? words[++at];
      if (value === undefined) throw new Failure('invalid', `-${name} needs a value`);
      values.set(name, value);
    } else if (flags.includes(name)) values.set(name, given ?? 'true');
    else throw new Failure('invalid', `the option -${name} is unknown`);
  }
  const text = (name: string): string => values.get(name) ?? '';
  const flag = (name: string): boolean => text(name) !== '' && text(name) !== 'false';
  return {
    action,
    namespace: text('namespace'),
    id: text('id'),
    address: text('address'),
    bundle: text('bundle'),
    socket: text('socket'),
    adopt: flag('adopt'),
    debug: flag('debug'),
    version: flag('v') || flag('version'),
    info: flag('info'),
  };
}
