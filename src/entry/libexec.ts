/** Replaced by `true` when the shipped executable is compiled (scripts/build-executable.ts); absent when run from source. */
declare const TSOCI_COMPILED: boolean | undefined;

/** True inside the shipped executable, false when the source or `dist/` runs on Node or Bun. */
export function isCompiled(): boolean {
  return typeof TSOCI_COMPILED !== 'undefined' && TSOCI_COMPILED;
}

/**
 * The directory with `tsoci-init` and `tsoci.node`, absolute and without a final slash.
 *
 * The shipped executable takes the directory it lies in (symlinks resolved) and nothing else: neither the working directory
 * nor the environment can lead it to other native code. From source it is `build/libexec` of this package, or
 * `TSOCI_LIBEXEC`, which tests use.
 */
export function findLibexec(): string {
  if (isCompiled()) return process.execPath.slice(0, process.execPath.lastIndexOf('/'));
  const chosen = process.env['TSOCI_LIBEXEC'];
  if (chosen !== undefined && chosen !== '') return chosen;
  // src/entry/libexec.ts and dist/entry/libexec.js lie equally deep.
  return decodeURIComponent(new URL('../../build/libexec', import.meta.url).pathname);
}
