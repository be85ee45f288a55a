import type { Host } from '../host/host.ts';
import { hasErrno, type Native } from '../host/native.ts';
import { sha256 } from './sha256.ts';

/** Where shims have their sockets, for all containerds of a host; containerd 2.3 names another place itself. */
const usualDirectory = '/run/containerd/s';

/** Directory of the sockets of shims: where the usual one cannot be ours, that of the user's session. */
export function socketDirectory({ native, surroundings }: Host, given: string | undefined): string {
  if (given !== undefined && given !== '') return given;
  const session = surroundings.XDG_RUNTIME_DIR;
  return native.userId() === 0 || session === undefined || session === ''
    ? usualDirectory
    : `${session}/containerd/s`;
}

/** The socket of a group of containers. */
export function socketPath(directory: string, address: string, namespace: string, group: string): string {
  return `${directory}/${sha256([address, namespace, group].join('/'))}`;
}

export function pathOfAddress(address: string): string {
  return address.replace(/^unix:\/\//, '');
}

/** Somebody listens there; whoever did and is gone leaves the file. */
export function isListened(native: Pick<Native, 'tryConnect' | 'close'>, path: string): boolean {
  try {
    const socket = native.tryConnect(path, 'stream');
    if (socket !== undefined) native.close(socket);
    // Undefined: so many wait there that somebody must be about to serve them.
    return true;
  } catch (error) {
    if (hasErrno(error, 'ECONNREFUSED', 'ENOENT')) return false;
    throw error;
  }
}
