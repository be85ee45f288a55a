import { Failure } from '../../failure.ts';

const milliseconds = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g;
const whole = new RegExp(`^(?:${part.source})+$`);

/** `5s`, `1m30s`, `250ms` in milliseconds. Throws `Failure` `invalid`, also for a time of 0. */
export function duration(option: string, given: string): number {
  let total = 0;
  if (whole.test(given))
    for (const [, amount, unit] of given.matchAll(part))
      total += Number(amount) * milliseconds[unit as keyof typeof milliseconds];
  if (total >= 1 && Number.isFinite(total)) return total;
  throw new Failure('invalid', `--${option} "${given}": wanted a time such as 5s, 1m30s or 250ms`, {
    hint: 'The shortest time is 1ms.',
  });
}
