/** A context on the real addon, for tests that make no containers. */
import type { Context } from '../../../src/container/types.ts';
import { blockingWait } from '../../../src/host/wait.ts';
import { nowhere } from '../waits.ts';
import { native } from './support.ts';

/**
 * @param warned gets the warnings
 * @param machine another addon than the real one
 */
export function contextOn(root: string, warned: string[] = [], machine = native): Context {
  return {
    host: { ...nowhere, native: machine, wait: blockingWait(machine) },
    root,
    cgroupManager: 'cgroupfs',
    rootless: false,
    environment: () => [],
    warn: (message) => void warned.push(message),
  };
}
