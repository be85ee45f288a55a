import type { Host } from '../host/host.ts';

/** What this room needs of the host. */
export type CgroupHost = Pick<Host, 'native' | 'blocking'>;

/** Lets some milliseconds pass: the command sleeps, a library user's event loop goes on. */
export async function wait(host: CgroupHost, milliseconds: number): Promise<void> {
  if (host.blocking) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
    return;
  }
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/**
 * Asks `done` until it is true, with waits that start at a quarter of a millisecond and double up to 50.
 * @param total milliseconds of waiting, after which the answer is false
 */
export async function waitUntil(host: CgroupHost, total: number, done: () => boolean): Promise<boolean> {
  let waited = 0;
  for (let step = 0.25; !done(); step = Math.min(step * 2, 50)) {
    if (waited >= total) return false;
    await wait(host, step);
    waited += step;
  }
  return true;
}
