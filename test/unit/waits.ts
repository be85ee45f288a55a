/** Waiting for tests on machines that are not real: time passes, and nothing else is waited for. */
import type { Host } from '../../src/host/host.ts';
import type { Wait } from '../../src/host/wait.ts';

const unexpected = async (): Promise<never> => {
  throw new Error('the test did not expect to wait for this');
};

export const pauses: Wait = {
  child: unexpected,
  readable: unexpected,
  connect: unexpected,
  packet: unexpected,
  lock: unexpected,
  open: unexpected,
  pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/** What else there is of a host, for those who do not need it. */
export const nowhere: Pick<Host, 'libexec' | 'surroundings' | 'openSeccompLibrary'> = {
  libexec: '/nowhere',
  surroundings: {},
  openSeccompLibrary: unexpected,
};
