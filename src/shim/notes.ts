import { hasErrno, type Native } from '../host/native.ts';
import { defaultRoot, rootFile } from './task/options.ts';

/** A short file; empty for one that is not there. */
export function readText(native: Pick<Native, 'readText'>, path: string): string {
  try {
    return native.readText(path, 4096).trim();
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return '';
    throw error;
  }
}

/**
 * Where the state of a bundle's container is, without the namespace: the server writes it down when that is not the
 * usual place.
 */
export function rootOf(native: Pick<Native, 'readText'>, bundle: string): string {
  return readText(native, `${bundle}/${rootFile}`) || defaultRoot;
}
