import { Failure } from '../failure.ts';

/** Where log lines go: `--log FILE`, `file:FILE`, `journald:NAME` or `syslog:NAME`. */
export type LogTarget =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'journald' | 'syslog'; readonly identifier: string; readonly path: string };

export const levels = ['error', 'warning', 'info', 'debug'] as const;
export type Level = (typeof levels)[number];

/** Sockets of systemd-journald(8) and of syslog(3). */
const sockets = { journald: '/run/systemd/journal/socket', syslog: '/dev/log' } as const;

/** syslog(2)'s severities. */
const severities: Readonly<Record<Level, number>> = { error: 3, warning: 4, info: 6, debug: 7 };
/** LOG_USER, in its place. */
const facility = 1 << 3;

/** Throws `Failure` (`invalid`) for a name that neither journald nor syslog could tell from the message. */
export function logTarget(text: string): LogTarget {
  const [, kind, rest = ''] = /^(file|journald|syslog):(.*)$/s.exec(text) ?? [];
  if (kind === undefined) return { kind: 'file', path: text };
  if (kind === 'file') return { kind, path: rest };
  if (!/^[\w.@:+-]*$/.test(rest))
    throw new Failure('invalid', `--log ${text}: a name may have letters, digits and . _ @ : + -`, {
      hint: `Give it as --log ${kind}:NAME, such as --log ${kind}:web1.`,
    });
  const named = kind as 'journald' | 'syslog';
  return { kind: named, identifier: rest === '' ? 'tsoci' : rest, path: sockets[named] };
}

/**
 * One datagram with one message, which is one line, as in a file: with an end of line in it journald would take what
 * follows for further fields of the entry, and messages hold words of configs and of containers.
 */
export function logDatagram(
  target: LogTarget & { kind: 'journald' | 'syslog' },
  level: Level,
  message: string,
): string {
  const severity = severities[level];
  const line = message.replaceAll('\n', '\\n');
  if (target.kind === 'syslog') return `<${facility | severity}>${target.identifier}: ${line}`;
  return `PRIORITY=${severity}\nSYSLOG_IDENTIFIER=${target.identifier}\nMESSAGE=${line}\n`;
}

/** True when a message of this level is wanted where `most` is the least important that is. */
export function isWanted(level: Level, most: Level): boolean {
  return levels.indexOf(level) <= levels.indexOf(most);
}
