import type { Native } from '../../src/host/native.ts';

type Asked = Pick<Native, 'readDirectory' | 'readLink' | 'sleep'>;

/** Descriptors of this process, each with what it is open on; without the one that reads the list. */
export function openDescriptors(native: Asked): readonly string[] {
  return native.readDirectory('/proc/self/fd').flatMap((name) => {
    try {
      return [`${name} ${native.readLink(`/proc/self/fd/${name}`)}`];
    } catch {
      return []; // Closed since.
    }
  });
}

/**
 * What is open that was not open before, once no more than `expected` is. What the loader of TypeScript opens in a
 * thread of its own comes and goes at any time, so a number at one moment says nothing; what leaks stays.
 */
export function newDescriptors(native: Asked, before: readonly string[], expected = 0): readonly string[] {
  for (let waited = 0; ; waited += 20) {
    const more = openDescriptors(native).filter((line) => !before.includes(line));
    if (more.length <= expected || waited >= 2000) return more;
    native.sleep(0.02);
  }
}
