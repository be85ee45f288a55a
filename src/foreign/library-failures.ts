import { Failure } from '../failure.ts';

/** The library by its name, not by a path: the loader's own directories, of which a distribution knows. */
export const soname = 'libseccomp.so.2';

/** The library cannot be had on this machine. */
export function missing(cause: unknown, why?: string): Failure {
  return new Failure('unsupported', `${soname} cannot be loaded${why === undefined ? '' : `: ${why}`}`, {
    pointer: '/linux/seccomp',
    hint: 'Install libseccomp 2.5 or newer (Debian: libseccomp2, Fedora: libseccomp), or remove linux.seccomp.',
    cause,
  });
}

/** Its version as text, when it is new enough. Throws `Failure` `unsupported`. */
export function checkVersion(major: number, minor: number, micro: number): string {
  const version = `${major}.${minor}.${micro}`;
  if (major === 2 && minor >= 5) return version;
  throw new Failure('unsupported', `libseccomp ${version} is too old`, {
    pointer: '/linux/seccomp',
    hint: 'Install libseccomp 2.5 or newer.',
  });
}

/** What seccomp_export_bpf(3) returned. */
export function notExported(result: number): Failure {
  return new Failure('internal', `libseccomp could not write the filter out (error ${-result})`);
}
