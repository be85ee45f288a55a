import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultConfig } from '../src/bundle/default-config.ts';
import type { Config } from '../src/spec/config.ts';
import { findProgram } from './contender.ts';

const applets = ['sh', 'true', 'sleep'];

/** What a benchmark's container does, and within what. */
export interface BundleOptions {
  readonly args: readonly string[];
  readonly resources?: NonNullable<Config['linux']>['resources'];
  /** A seccomp section, as an engine would give. */
  readonly seccomp?: NonNullable<Config['linux']>['seccomp'];
}

/** A root filesystem with a static busybox. Throws Error when there is none. */
export function makeRootfs(directory: string): string {
  const busybox = findProgram('busybox');
  if (busybox === undefined) throw new Error('busybox (static) is not installed: package busybox-static');
  for (const name of ['bin', 'proc', 'sys', 'dev', 'etc', 'tmp'])
    mkdirSync(join(directory, name), { recursive: true });
  copyFileSync(busybox, join(directory, 'bin', 'busybox'));
  for (const applet of applets) symlinkSync('busybox', join(directory, 'bin', applet));
  return directory;
}

/**
 * The default config that `tsoci spec` writes (and runc spec and crun spec alike: 6 namespaces, 7 mounts, masked
 * paths, a private network), without a terminal, and of a version that old peers accept.
 */
export function makeConfig(rootfs: string, options: BundleOptions): Config {
  const config = defaultConfig();
  const { linux = {} } = config;
  return {
    ...config,
    ociVersion: '1.0.2',
    root: { path: rootfs, readonly: true },
    process: {
      ...(config.process as NonNullable<Config['process']>),
      terminal: false,
      args: [...options.args],
    },
    linux: {
      ...linux,
      resources: { ...linux.resources, ...options.resources },
      ...(options.seccomp && { seccomp: options.seccomp }),
    },
  };
}

/** Writes a bundle and gives its directory. */
export function writeBundle(directory: string, rootfs: string, options: BundleOptions): string {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'config.json'), `${JSON.stringify(makeConfig(rootfs, options), null, 2)}\n`);
  return directory;
}

/** The bundles of a run, on one root filesystem. */
export interface Bundles {
  readonly rootfs: string;
  /** Its program sleeps. */
  readonly sleep: string;
  /** The same within the limits that engines set. */
  readonly limited: string;
  /** `sleep` behind a seccomp profile like those of engines, which tsoci compiles once and keeps. */
  readonly filtered: string;
  /** Its program ends at once. */
  readonly true: string;
}

/** A profile of some 300 system calls, of the form and size of an engine's default. */
function engineProfile(): NonNullable<BundleOptions['seccomp']> {
  return JSON.parse(
    readFileSync(join(import.meta.dirname, '..', 'test', 'unit', 'seccomp', 'engine-profile.json'), 'utf8'),
  );
}

export function makeBundles(directory: string): Bundles {
  const rootfs = makeRootfs(join(directory, 'rootfs'));
  const args = ['/bin/sleep', '1000'];
  const resources = {
    memory: { limit: 64 * 1024 * 1024 },
    cpu: { shares: 512, quota: 50000, period: 100000 },
    pids: { limit: 100 },
  };
  return {
    rootfs,
    limited: writeBundle(join(directory, 'limited'), rootfs, { args, resources }),
    sleep: writeBundle(join(directory, 'sleep'), rootfs, { args }),
    filtered: writeBundle(join(directory, 'filtered'), rootfs, { args, seccomp: engineProfile() }),
    true: writeBundle(join(directory, 'true'), rootfs, { args: ['/bin/true'] }),
  };
}
