import type { FileStatus } from './native.ts';

/** What a mode says of the kind of a file (inode(7)). */
const typeMask = 0o170000;
const directory = 0o040000;
const regular = 0o100000;
const socket = 0o140000;

/** False for what is not there, as the two others. */
export function isDirectory(status: Pick<FileStatus, 'mode'> | undefined): boolean {
  return status !== undefined && (status.mode & typeMask) === directory;
}

export function isRegularFile(status: Pick<FileStatus, 'mode'> | undefined): boolean {
  return status !== undefined && (status.mode & typeMask) === regular;
}

export function isSocket(status: Pick<FileStatus, 'mode'> | undefined): boolean {
  return status !== undefined && (status.mode & typeMask) === socket;
}
