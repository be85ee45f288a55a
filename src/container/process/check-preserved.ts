import { Failure } from '../../failure.ts';
import type { Host } from '../../host/host.ts';

/**
 * Descriptors that are handed on have to be the caller's: a number that it did not open may be one of ours, a
 * directory of the host among them.
 *
 * Throws `Failure` (`invalid`), before anything happens.
 *
 * @param preserve how many the caller wants to hand on, and `listening` how many a service manager says it passed
 */
export function checkPreserved(host: Host, preserve: number, listening: number): void {
  const count = preserve + listening;
  for (let descriptor = 3; descriptor < 3 + count; descriptor++) {
    if (host.passed ? host.passed(descriptor) : host.native.isInherited(descriptor)) continue;
    const wishes: string[] = [];
    if (listening > 0) wishes.push(`LISTEN_FDS=${listening}`);
    if (preserve > 0) wishes.push(`--preserve-fds ${preserve}`);
    const which = count === 1 ? 'descriptor 3' : `descriptors 3 to ${2 + count}`;
    throw new Failure(
      'invalid',
      `${wishes.join(' with ')} would hand on ${which}: the caller did not pass descriptor ${descriptor}`,
      { hint: 'Pass all of them, without gaps and not close-on-exec, or ask for fewer' },
    );
  }
}
