import type { Device } from './config.ts';

/** The devices that every container gets (config-linux.md, Default Devices). */
export const defaultDevices: readonly (Device & { readonly type: 'c'; readonly major: number })[] = [
  { path: '/dev/null', type: 'c', major: 1, minor: 3, fileMode: 0o666 },
  { path: '/dev/zero', type: 'c', major: 1, minor: 5, fileMode: 0o666 },
  { path: '/dev/full', type: 'c', major: 1, minor: 7, fileMode: 0o666 },
  { path: '/dev/random', type: 'c', major: 1, minor: 8, fileMode: 0o666 },
  { path: '/dev/urandom', type: 'c', major: 1, minor: 9, fileMode: 0o666 },
  { path: '/dev/tty', type: 'c', major: 5, minor: 0, fileMode: 0o666 },
];

/** Symbolic links that POSIX programs expect (runtime-linux.md, Dev symbolic links; config-linux.md for ptmx). */
export const deviceLinks: readonly (readonly [path: string, target: string])[] = [
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/ptmx', 'pts/ptmx'],
];

/** File type bits of mknod(2). */
export const fileType = { c: 0o020000, u: 0o020000, b: 0o060000, p: 0o010000 } as const;

/** What chmod(2) knows of a mode. */
const permissionBits = 0o7777;

/**
 * Of `fileMode` the permissions alone count: engines give the mode that stat(2) told, with the file's type in it.
 */
export function devicePermissions({ fileMode = 0o666 }: Pick<Device, 'fileMode'>): number {
  return fileMode & permissionBits;
}

/** Access bits as the kernel numbers them (`BPF_DEVCG_ACC_*` in linux/bpf.h). */
export const deviceAccess = { m: 1, r: 2, w: 4 } as const;
export const allAccess = 7;

/**
 * Bits of the letters of a rule. Absent access is all access, as absent numbers are all numbers; an empty one matches
 * nothing.
 */
export function accessBits(letters: string | undefined): number {
  if (letters === undefined) return allAccess;
  let bits = 0;
  for (const letter of letters) bits |= deviceAccess[letter as keyof typeof deviceAccess];
  return bits;
}

/** A device number that a container may always use; undefined for every number. */
export interface UsableDevice {
  readonly type: 'b' | 'c';
  readonly major: number | undefined;
  readonly minor: number | undefined;
  readonly access: number;
}

/**
 * What every container may do with devices, whatever its configuration says. The host's `/dev/console` (5:1) is not
 * among them: a container's console is a pseudoterminal.
 */
export const usableDevices: readonly UsableDevice[] = [
  // mknod of anything: making a node is harmless as long as it cannot be opened
  { type: 'c', major: undefined, minor: undefined, access: deviceAccess.m },
  { type: 'b', major: undefined, minor: undefined, access: deviceAccess.m },
  ...defaultDevices.map(({ type, major, minor }) => ({ type, major, minor, access: allAccess })),
  { type: 'c', major: 5, minor: 2, access: allAccess }, // ptmx
  { type: 'c', major: 10, minor: 200, access: allAccess }, // net/tun
  { type: 'c', major: 136, minor: undefined, access: allAccess }, // pts/*, and with it the container's console
];
