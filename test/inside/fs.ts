/** node:fs as far as unit tests use it, on the same door to the system as the product. */
import type { FileStatus } from '../../src/host/native.ts';
import { basename, dirname } from './path.ts';
import { native } from './process.ts';

const O_WRONLY = 1;
const O_RDWR = 2;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const O_APPEND = 0o2000;
const O_CLOEXEC = 0o2000000;
const most = 0x7ffffff0;
const flagsOf: Readonly<Record<string, number>> = {
  r: 0,
  'r+': O_RDWR,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  wx: O_WRONLY | O_CREAT | O_EXCL,
  a: O_WRONLY | O_CREAT | O_APPEND,
};

type Options =
  | { readonly encoding?: string; readonly flag?: string; readonly mode?: number }
  | string
  | undefined;

export function openSync(path: string, flags: string | number = 'r', mode = 0o666): number {
  return native.open(path, (typeof flags === 'number' ? flags : (flagsOf[flags] ?? 0)) | O_CLOEXEC, mode);
}

export const closeSync = (descriptor: number): void => native.close(descriptor);
export function writeSync(descriptor: number, data: string | Uint8Array): number {
  native.write(descriptor, data);
  return data.length;
}

export function readSync(descriptor: number, target: Uint8Array, offset = 0, length = target.length): number {
  const bytes = native.read(descriptor, length);
  target.set(bytes, offset);
  return bytes.length;
}

type Place = string | { readonly pathname: string };
const pathOf = (place: Place): string => (typeof place === 'string' ? place : place.pathname);

export function readFileSync(path: Place | number, options?: Options): string | Uint8Array {
  const place = typeof path === 'number' ? `/proc/self/fd/${path}` : pathOf(path);
  const encoding = typeof options === 'string' ? options : options?.encoding;
  const bytes = native.readFile(place, most);
  return encoding === undefined
    ? (Buffer.from(bytes) as Uint8Array)
    : Buffer.from(bytes).toString(encoding as 'utf8');
}

export function writeFileSync(path: string, data: string | Uint8Array, options?: Options): void {
  const { flag = 'w', mode = 0o666 } = typeof options === 'object' ? options : {};
  const descriptor = openSync(path, flag, mode);
  try {
    if (data.length > 0) native.write(descriptor, data);
  } finally {
    native.close(descriptor);
  }
}

export const appendFileSync = (path: string, data: string): void => writeFileSync(path, data, { flag: 'a' });

export function mkdirSync(
  path: string,
  options?: { readonly recursive?: boolean; readonly mode?: number },
): void {
  if (options?.recursive) {
    if (native.status(path, true)) return;
    if (dirname(path) !== path) mkdirSync(dirname(path), options);
  }
  native.makeDirectory(path, options?.mode ?? 0o777);
}

export function mkdtempSync(prefix: string): string {
  for (;;) {
    const path = `${prefix}${Math.random().toString(36).slice(2, 8)}`;
    if (native.status(path, false)) continue;
    native.makeDirectory(path, 0o700);
    return path;
  }
}

export const unlinkSync = (path: string): void => native.unlink(path);
export const rmdirSync = (path: string): void => native.removeDirectory(path);
export const renameSync = (from: string, to: string): void => native.rename(from, to);
export const chmodSync = (path: string, mode: number): void => native.chmod(path, mode);
export const chownSync = (path: string, uid: number, gid: number): void => native.chown(path, uid, gid);
export const realpathSync = (path: string): string => native.realPath(path);
export const readlinkSync = (path: string): string => native.readLink(path);
export const existsSync = (path: string): boolean => native.status(path, true) !== undefined;

/** The product makes no symbolic links; the tests' own are made by ln(1). */
export function symlinkSync(target: string, path: string): void {
  const file = native.open('/bin/ln', O_CLOEXEC, 0);
  const pid = native.spawn({
    file,
    argv: ['ln', '-sn', '--', target, path],
    environment: [],
    descriptors: [0, 1, 2],
  });
  native.close(file);
  if (native.wait(pid, false)?.code !== 0) throw new Error(`ln -s ${target} ${path} failed`);
}

const kinds = { directory: 0o040000, file: 0o100000, link: 0o120000, socket: 0o140000, kind: 0o170000 };

class Status {
  readonly mode: number;
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  readonly ino: number;
  readonly dev: number;

  constructor({ mode, size, uid, gid, ino, dev }: FileStatus) {
    Object.assign(this, { mode, size, uid, gid, ino, dev });
    this.mode = mode;
    this.size = size;
    this.uid = uid;
    this.gid = gid;
    this.ino = ino;
    this.dev = dev;
  }

  isDirectory = (): boolean => (this.mode & kinds.kind) === kinds.directory;
  isFile = (): boolean => (this.mode & kinds.kind) === kinds.file;
  isSocket = (): boolean => (this.mode & kinds.kind) === kinds.socket;
  isSymbolicLink = (): boolean => (this.mode & kinds.kind) === kinds.link;
}

function look(path: string, follow: boolean): Status {
  const status = native.status(path, follow);
  if (!status) {
    throw Object.assign(new Error(`ENOENT: no such file or directory, stat '${path}'`), {
      code: 'ENOENT',
      errno: -2,
      syscall: 'stat',
      path,
    });
  }
  return new Status(status);
}

export const statSync = (path: string): Status => look(path, true);
export const lstatSync = (path: string): Status => look(path, false);

export function readdirSync(
  place: Place,
  options?: { readonly recursive?: boolean; readonly withFileTypes?: boolean } | string,
): unknown[] {
  const path = pathOf(place);
  const { recursive = false, withFileTypes = false } = typeof options === 'object' ? options : {};
  const names = native.readDirectory(path).sort();
  const found: string[] = [...names];
  if (recursive) {
    for (const name of names)
      if (lstatSync(`${path}/${name}`).isDirectory())
        for (const below of readdirSync(`${path}/${name}`, { recursive })) found.push(`${name}/${below}`);
  }
  if (!withFileTypes) return found;
  return found.map((name) =>
    Object.assign(lstatSync(`${path}/${name}`), { name: basename(name), parentPath: path }),
  );
}

export function rmSync(
  path: string,
  options?: { readonly recursive?: boolean; readonly force?: boolean },
): void {
  const status = native.status(path, false);
  if (!status && options?.force) return;
  if (status && (status.mode & kinds.kind) === kinds.directory) {
    if (!options?.recursive) throw new Error(`EISDIR: ${path} is a directory`);
    for (const name of native.readDirectory(path)) rmSync(`${path}/${name}`, options);
    native.removeDirectory(path);
  } else {
    native.unlink(path);
  }
}
