/** A libseccomp that answers as a test says, for what the real one does not do on this machine. */
import type { LibraryCall, SeccompLibrary } from '../../../src/host/library.ts';

export interface FakeLibrary extends SeccompLibrary {
  /** What it was asked, in order: `resolve read`. */
  readonly asked: string[];
  /** How often it was closed. */
  readonly closed: () => number;
}

/**
 * @param answer what a call returns, 0 for those that it says nothing of
 * @param program the bytes of the filter
 */
export function fakeLibrary(
  answer: (call: LibraryCall) => number | undefined,
  program: Uint8Array = new Uint8Array(8),
): FakeLibrary {
  const asked: string[] = [];
  let closed = 0;
  return {
    version: '2.5.4',
    process: 'self',
    asked,
    closed: () => closed,
    async call(calls) {
      return calls.map((call) => {
        const values = call.values.filter((value) => typeof value !== 'object');
        asked.push([call.name, ...values].join(' '));
        return answer(call) ?? 0;
      });
    },
    exportProgram: async () => program,
    close: async () => void closed++,
  };
}
