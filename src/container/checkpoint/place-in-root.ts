import { hasErrno, type Native } from '../../host/native.ts';
import { normalizePath } from '../../spec/path.ts';
import type { Place } from './external-mounts.ts';

/** As many as the kernel follows. */
const maximumLinks = 40;

/**
 * How the kernel would resolve a path whose "/" is the directory `root`. What is missing counts as if it were there.
 */
export function placeInRoot(native: Pick<Native, 'readLink'>, root: string): Place {
  return (destination) => {
    let done = '';
    let links = 0;
    const rest = normalizePath(destination).split('/').slice(1);
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      const link = links < maximumLinks ? linkAt(native, `${root}${done}/${name}`) : undefined;
      if (link === undefined) {
        done = normalizePath(`${done}/${name}`);
        continue;
      }
      links++;
      rest.unshift(...link.split('/').filter((part) => part !== ''));
      if (link.startsWith('/')) done = '';
    }
    return done === '' ? '/' : done;
  };
}

function linkAt(native: Pick<Native, 'readLink'>, path: string): string | undefined {
  try {
    return native.readLink(path);
  } catch (error) {
    if (hasErrno(error, 'EINVAL', 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
