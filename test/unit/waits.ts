/** Waiting for tests on machines that are not real: time passes, and nothing else is waited for. */
import type { Wait } from '../../src/host/wait.ts';

const unexpected = async (): Promise<never> => {
  throw new Error('the test did not expect to wait for this');
};

export const pauses: Wait = {
  child: unexpected,
  readable: unexpected,
  packet: unexpected,
  lock: unexpected,
  pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};
