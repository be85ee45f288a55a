import { ask } from '../../host/files.ts';
import type { Host } from '../../host/host.ts';
import type { Native } from '../../host/native.ts';
import type { Seccomp } from '../../spec/config.ts';
import type { FilterEntry, LibraryIdentity } from '../cache/filter-entry.ts';
import { checkSection } from '../profile/check-section.ts';
import { buildFilter } from './build-filter.ts';

/** More than the list of mappings of any process of ours. */
const largestMaps = 4 * 1024 * 1024;

/**
 * The way without a cache: check, then compile with libseccomp. `library.path` is empty when the library's file
 * cannot be told.
 *
 * @throws Failure as {@link checkSection}, `Host.openSeccompLibrary` and {@link buildFilter}
 */
export async function compileSection(
  host: Host,
  section: Seccomp,
  failUnknown = false,
): Promise<FilterEntry> {
  const checked = checkSection(section);
  const library = await host.openSeccompLibrary();
  try {
    const { filter, warnings, notes } = await buildFilter(host.native, library, checked, failUnknown);
    return {
      filter,
      flags: checked.flags,
      notify: checked.notify,
      warnings: [...checked.warnings, ...warnings],
      notes,
      library: identifyLibrary(host.native, library.process),
    };
  } finally {
    await library.close();
  }
}

/** Which file the loader took: the mappings of the process say it, whatever the search path was. */
function identifyLibrary(native: Native, process: string): LibraryIdentity {
  const maps = native.readText(`/proc/${process}/maps`, largestMaps);
  const path = /\s(\/\S*\/libseccomp\.so\.\S*)$/m.exec(maps)?.[1] ?? '';
  const status = path === '' ? undefined : ask('look at', path, () => native.status(path, true));
  if (!status) return { path: '', device: 0, inode: 0, size: 0 };
  return { path, device: status.dev, inode: status.ino, size: status.size };
}
