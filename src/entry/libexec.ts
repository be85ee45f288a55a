/**
 * The directory with `tsoci-init` and `tsoci.node`, absolute and without a final slash.
 *
 * On Node it is `build/libexec` of this package, or `TSOCI_LIBEXEC`, which tests use. (The shipped executable takes
 * the directory that it lies in, and nothing else.)
 */
export function findLibexec(): string {
  const chosen = process.env['TSOCI_LIBEXEC'];
  if (chosen !== undefined && chosen !== '') return chosen;
  // src/entry/libexec.ts and dist/entry/libexec.js lie equally deep.
  return decodeURIComponent(new URL('../../build/libexec', import.meta.url).pathname);
}
