/** Small C programs for what busybox cannot do, compiled once a test file. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle } from './bundle.ts';

const directory = mkdtempSync(join(tmpdir(), 'tsoci-probe-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

/** Compiles a static program; gives its path on the host. */
export function compileProbe(name: string, source: string): string {
  const path = join(directory, name);
  writeFileSync(`${path}.c`, source);
  execFileSync('cc', ['-static', '-O1', '-Wall', '-Werror', '-D_GNU_SOURCE', '-o', path, `${path}.c`]);
  return path;
}

/** The program that speaks to a service manager (sd_notify(3)): see tell.c. */
export const compileTell = (): string =>
  compileProbe('tell', readFileSync(join(import.meta.dirname, 'tell.c'), 'utf8'));

/** Puts a compiled program into a bundle, as /bin/NAME. */
export function install(bundle: Bundle, path: string): void {
  copyFileSync(path, join(bundle.rootfs, 'bin', path.slice(path.lastIndexOf('/') + 1)));
}
