import type { Host } from '../host/host.ts';

/** The part of koffi that tsoci uses. The native module alone has all of it; koffi's JavaScript wrapper is not needed. */
export type Koffi = Pick<typeof import('koffi'), 'load' | 'decode' | 'errno'>;

/** What is used of Node here. */
declare const process: {
  readonly versions: object;
  dlopen(module: object, path: string): void;
};

let loaded: Koffi | undefined;

/**
 * The door to other people's libraries (libseccomp and such), opened only when one is really needed: it costs milliseconds.
 *
 * Beside the shipped executable lies koffi's native part, `koffi.node`, and nothing else of koffi: it is loaded by its absolute
 * path (a resolver's directory scans cost more than the load). From source the npm package is imported.
 *
 * @throws the loader's own error when neither is there.
 */
export async function loadKoffi(host: Host): Promise<Koffi> {
  if (loaded) return loaded;
  const path = `${host.libexec}/koffi.node`;
  // Never a package in the shipped executable: one could lie in the working directory.
  if ('bun' in process.versions || host.native.status(path, true)) {
    const module = { exports: {} as Koffi };
    process.dlopen(module, path);
    loaded = module.exports;
  } else {
    // Not a literal, so that a bundler leaves the package (and its other platforms' binaries) out of the executable.
    const packageName = 'koffi';
    loaded = ((await import(packageName)) as { readonly default: Koffi }).default;
  }
  return loaded;
}
