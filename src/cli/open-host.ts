import type { Host } from '../host/host.ts';
import { findLibexec } from '../host/libexec.ts';
import { loadNative } from '../host/load-native.ts';
import { restoreOpenFiles } from '../host/restore-open-files.ts';

/** The command's host: waiting blocks, native code lies where the executable or the package says. Throws `Failure`. */
export function openHost(): Host {
  const libexec = findLibexec();
  const native = loadNative(libexec);
  restoreOpenFiles(native);
  return { native, blocking: true, libexec };
}
