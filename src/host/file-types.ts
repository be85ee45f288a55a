import type { FileStatus } from './native.ts';

/** What a mode says of the kind of a file (inode(7)). */
const typeMask = 0o170000;
const directory = 0o040000;
const regular = 0o100000;
const socket = 0o140000;
const blockDevice = 0o060000;
const characterDevice = 0o020000;
const fifo = 0o010000;

export type FileKind = 'directory' | 'file' | 'socket' | 'block device' | 'character device' | 'other';

/** What a file is. */
export function fileKind({ mode }: Pick<FileStatus, 'mode'>): FileKind {
  switch (mode & typeMask) {
    case directory:
      return 'directory';
    case regular:
      return 'file';
    case socket:
      return 'socket';
    case blockDevice:
      return 'block device';
    case characterDevice:
      return 'character device';
    default:
      return 'other';
  }
}

/** False for what is not there, as the others. */
export function isDirectory(status: Pick<FileStatus, 'mode'> | undefined): boolean {
  return status !== undefined && (status.mode & typeMask) === directory;
}

export function isRegularFile(status: Pick<FileStatus, 'mode'> | undefined): boolean {
  return status !== undefined && (status.mode & typeMask) === regular;
}

export function isSocket(status: Pick<FileStatus, 'mode'> | undefined): boolean {
  return status !== undefined && (status.mode & typeMask) === socket;
}

/** Also a pipe, which is a fifo without a name. */
export function isFifo(status: Pick<FileStatus, 'mode'> | undefined): boolean {
  return status !== undefined && (status.mode & typeMask) === fifo;
}
