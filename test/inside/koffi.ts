/** libseccomp as the executable has it: koffi is Node's. */
import { openLibraryProcess } from '../../src/foreign/library-process.ts';
import type { SeccompLibrary } from '../../src/host/library.ts';
import type { Native } from '../../src/host/native.ts';
import { blockingWait } from '../../src/host/wait.ts';
import { resolve } from './path.ts';

export const openKoffiLibrary = (native: Native): Promise<SeccompLibrary> =>
  openLibraryProcess({
    native,
    wait: blockingWait(native),
    libexec: resolve(import.meta.dirname, '../../build/libexec'),
  });
