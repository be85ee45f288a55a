/** node:path as far as unit tests use it. */
import { resolvePath } from '../../src/spec/path.ts';
import { workingDirectory } from './process.ts';

export function dirname(path: string): string {
  const at = path.lastIndexOf('/');
  return at < 0 ? '.' : at === 0 ? '/' : path.slice(0, at);
}

export function basename(path: string, ending = ''): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.endsWith(ending) ? name.slice(0, name.length - ending.length) : name;
}

export function resolve(...parts: readonly string[]): string {
  let path = workingDirectory();
  for (const part of parts) path = part.startsWith('/') ? part : `${path}/${part}`;
  return resolvePath('/', path);
}

export function join(...parts: readonly string[]): string {
  const whole = parts.filter((part) => part !== '').join('/');
  const path = resolvePath('/', whole);
  return whole.startsWith('/') ? path : path.slice(1);
}

export const isAbsolute = (path: string): boolean => path.startsWith('/');
