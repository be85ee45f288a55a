import { fileKind } from '../host/file-types.ts';
import { quietly } from '../host/files.ts';
import type { Native } from '../host/native.ts';
import type { HostFile, Look } from './subject.ts';

const permissionBits = 0o7777;

/** This host's files. What may not be seen counts as not there: an audit needs no privileges. */
export function lookAt(native: Pick<Native, 'status' | 'realPath'>): Look {
  return (path): HostFile | undefined => {
    return quietly(() => {
      const status = native.status(path, true);
      if (status === undefined) return undefined;
      const { uid, mode } = status;
      return { path: native.realPath(path), kind: fileKind(status), uid, mode: mode & permissionBits };
    });
  };
}
