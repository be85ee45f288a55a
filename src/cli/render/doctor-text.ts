import type { Diagnosis } from '../../doctor/mod.ts';
import { wrapped } from './wrapped.ts';

const usualWidth = 100;
const verdictColumn = 9;
const checkColumn = 18;
const margin = verdictColumn + checkColumn;

/** What a machine can do, for people: a line for what is well, what it means and what mends it for the rest. */
export function doctorText(found: readonly Diagnosis[], width = usualWidth): string {
  const room = Math.max(width - margin, 30);
  let last = '';
  return found
    .map(({ check, verdict, found: what, means, mend }) => {
      const lines = wrapped(`${what}: ${means}`, room);
      const advice =
        mend === undefined
          ? []
          : wrapped(mend, room - 2).map((line, index) => `${index === 0 ? '→' : ' '} ${line}`);
      const name = check === last ? '' : check;
      last = check;
      return [...lines, ...advice]
        .map((line, index) => {
          const start =
            index === 0 ? `${verdict.padEnd(verdictColumn)}${name.padEnd(checkColumn)}` : ' '.repeat(margin);
          return `${start}${line}\n`;
        })
        .join('');
    })
    .join('');
}
