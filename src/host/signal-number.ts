import { Failure } from '../failure.ts';
import { signalNames } from './signals.ts';

const otherNames: Readonly<Record<string, number>> = { IOT: 6, CLD: 17, POLL: 29, UNUSED: 31 };

/** The C library keeps 32 and 33 for itself. */
const firstRealtime = 34;
const lastSignal = 64;

/**
 * The number of a signal given as name (with or without SIG, any case), number, `RTMIN+n` or `RTMAX-n`. 0 is allowed:
 * it only asks whether the process is there (kill(2)).
 *
 * Throws `Failure` `invalid` for anything else.
 */
export function signalNumber(given: string): number {
  const upper = given.toUpperCase();
  const name = upper.startsWith('SIG') ? upper.slice(3) : upper;
  const index = signalNames.indexOf(name);
  if (index >= 0) return index + 1;
  if (/^\d{1,3}$/.test(given)) {
    const number = Number(given);
    if (number <= lastSignal) return number;
  }
  if (Object.hasOwn(otherNames, name)) return otherNames[name] as number;
  const realtime = realtimeNumber(name);
  if (realtime !== undefined) return realtime;
  throw new Failure('invalid', `unknown signal "${given}"`, {
    hint: `A signal is a number from 0 to ${lastSignal} or a name such as TERM, SIGKILL or RTMIN+3.`,
  });
}

function realtimeNumber(name: string): number | undefined {
  const match = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (!match) return undefined;
  const fromBelow = match[1] === 'MIN';
  if (match[2] !== undefined && (match[2] === '+') !== fromBelow) return undefined;
  const distance = Number(match[3] ?? 0);
  const number = fromBelow ? firstRealtime + distance : lastSignal - distance;
  return number >= firstRealtime && number <= lastSignal ? number : undefined;
}
