/** Pure path arithmetic on absolute POSIX paths; nothing here touches a file system. */

/** Collapses `.`, `..` and repeated slashes as if no component were a symbolic link; never leaves the root. */
export function normalizePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/**
 * A path of the host: itself when absolute, otherwise below `base`. Left to the kernel, which knows where links lead.
 */
export function resolvePath(base: string, path: string): string {
  return path.startsWith('/') ? path : `${base}/${path}`;
}

/** How to get from one directory to another path. Both normalised. */
export function relativePath(from: string, to: string): string {
  const here = from.split('/').filter((part) => part !== '');
  const there = to.split('/').filter((part) => part !== '');
  const parting = here.findIndex((part, index) => part !== there[index]);
  const shared = parting < 0 ? here.length : parting;
  return [...here.slice(shared).map(() => '..'), ...there.slice(shared)].join('/');
}

/** True when `path` is `directory` or below it. Both normalised. */
export function isInside(path: string, directory: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}
