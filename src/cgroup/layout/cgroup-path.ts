import { Failure } from '../../failure.ts';
import { parseMountTable } from '../../host/mount-table.ts';
import { hasErrno, type Native } from '../../host/native.ts';

const POINTER = '/linux/cgroupsPath';
const MAXIMUM = 16 * 1024 * 1024;

/** Where in a hierarchy a container's cgroup goes. */
export interface CgroupLocation {
  /** Below our own cgroup of the hierarchy; otherwise below the mount point. */
  readonly relative: boolean;
  /** At least one component, none of them `.` or `..`, without slashes around. */
  readonly path: string;
}

/**
 * Reads `linux.cgroupsPath` (config-linux.md, "Cgroups Path"): absolute is below the mount point; relative, or absent
 * (then the container's id), is below the runtime's own cgroup.
 * @throws Failure `invalid` for `..`, for the root itself, and for bytes that no file name can have
 */
export function cgroupLocation(cgroupsPath: string | undefined, id: string): CgroupLocation {
  if (cgroupsPath === undefined || cgroupsPath === '') return { relative: true, path: id };
  const path = cleanPath(cgroupsPath);
  if (path === undefined || path === '')
    throw new Failure(
      'invalid',
      path === ''
        ? `cgroupsPath "${cgroupsPath}" names no cgroup of its own`
        : `cgroupsPath "${cgroupsPath}" must not contain ".." or a NUL byte`,
      { pointer: POINTER, hint: 'Use a path such as /my-containers/web, or leave out the field.' },
    );
  return { relative: !cgroupsPath.startsWith('/'), path };
}

/** Components joined by single slashes; undefined when one is `..` or holds a NUL byte. */
export function cleanPath(path: string): string | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || path.includes('\0')) return undefined;
  return parts.join('/');
}

/**
 * The container's directory in one hierarchy.
 *
 * In pure v2, a relative path starts at the *parent* of our own cgroup: a cgroup that holds processes, as ours does,
 * may not hand controllers to children (Documentation/admin-guide/cgroup-v2.rst, "No Internal Process Constraint").
 */
export function cgroupDirectory(
  native: Native,
  hierarchy: { readonly mount: string; readonly own: string },
  location: CgroupLocation,
  besideOwn: boolean,
): string {
  const { mount } = hierarchy;
  if (!location.relative) return `${mount}/${location.path}`;
  let base = visibleOwn(native, hierarchy);
  if (besideOwn) base = base.slice(0, Math.max(base.lastIndexOf('/'), 0));
  return `${mount}${base}/${location.path}`;
}

/** Our own cgroup as a path below the mount point: `` or `/a/b`. */
function visibleOwn(native: Native, hierarchy: { readonly mount: string; readonly own: string }): string {
  const { mount, own } = hierarchy;
  if (own === '/') return '';
  // outside our cgroup namespace's root: nothing of it is visible here
  if (own.startsWith('/..')) return '';
  if (native.status(`${mount}${own}`, true) !== undefined) return own;
  // In a container without a cgroup namespace a part of the tree is mounted here; only now is the mount table worth
  // reading.
  const root = mountRoot(native, mount);
  if (root !== undefined && (own === root || own.startsWith(`${root}/`))) return own.slice(root.length);
  return '';
}

/** Which directory of the filesystem is mounted there. */
function mountRoot(native: Native, mount: string): string | undefined {
  let text: string;
  try {
    text = native.readText('/proc/self/mountinfo', MAXIMUM);
  } catch (error) {
    if (hasErrno(error, 'EFBIG')) return undefined;
    throw error;
  }
  // the last one mounted there is the one that is seen
  return parseMountTable(text).findLast(({ target }) => target === mount)?.root;
}
