/** Bundles made from Debian's static busybox. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultConfig } from '../../../src/bundle/default-config.ts';
import type { Config } from '../../../src/spec/config.ts';

const busybox = '/bin/busybox';

/** A config that a test may change freely. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object | undefined ? Mutable<T[K]> : T[K] };

export type ConfigChange = (config: Mutable<Config>) => void;

let names: readonly string[] | undefined;

/** Busybox's other names, asked once. */
function applets(): readonly string[] {
  names ??= execFileSync(busybox, ['--list'], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((name) => name !== 'busybox');
  return names;
}

/**
 * Makes `names` in `directory` lead to busybox. One symbolic link with many names: on ext4 a new one each takes a
 * third of a second for all of them, which is ten times as long as running a container.
 */
function linkApplets(directory: string, [first = '', ...others]: readonly string[]): void {
  symlinkSync('busybox', join(directory, first));
  for (const name of others) linkSync(join(directory, first), join(directory, name));
}

/** What the root filesystem holds: busybox under the name of each of its commands, and the usual directories. */
export function makeRootfs(rootfs: string): void {
  if (!existsSync(busybox)) throw new Error('the tests need the package busybox-static');
  for (const name of ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'tmp', 'usr/bin', 'var']) {
    mkdirSync(join(rootfs, name), { recursive: true });
  }
  copyFileSync(busybox, join(rootfs, 'bin/busybox'));
  linkApplets(join(rootfs, 'bin'), applets());
  writeFileSync(
    join(rootfs, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n',
  );
  writeFileSync(join(rootfs, 'etc/group'), 'root:x:0:\nuser:x:1000:\n');
}

/** A bundle in a directory of its own. */
export interface Bundle {
  readonly directory: string;
  readonly rootfs: string;
  remove(): void;
}

/** The default config with a process that needs no terminal, changed by `change`. */
export function testConfig(args: readonly string[], change: ConfigChange = () => undefined): Mutable<Config> {
  const config = structuredClone(defaultConfig()) as Mutable<Config>;
  if (config.process === undefined) throw new Error('the default config has no process');
  config.process.terminal = false;
  config.process.args = [...args];
  change(config);
  return config;
}

/** Makes a bundle whose process is `args`. */
export function makeBundle(args: readonly string[], change?: ConfigChange): Bundle {
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-test-'));
  const rootfs = join(directory, 'rootfs');
  makeRootfs(rootfs);
  writeFileSync(join(directory, 'config.json'), JSON.stringify(testConfig(args, change)));
  return { directory, rootfs, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
