import type { Host } from '../host/host.ts';

const one = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);

/**
 * Waits for something, at most so many milliseconds: whether it has happened by then. What fails has happened.
 * Nothing is left waiting afterwards.
 */
export async function within(
  { native, wait }: Pick<Host, 'native' | 'wait'>,
  milliseconds: number,
  what: Promise<unknown>,
): Promise<boolean> {
  const event = native.eventDescriptor();
  let waiting = true;
  let happened = false;
  const tell = (): void => {
    happened = true;
    if (waiting) native.write(event, one);
  };
  void what.then(tell, tell);
  try {
    await wait.readable([event], milliseconds);
    return happened;
  } finally {
    waiting = false;
    native.close(event);
  }
}
