/** Root filesystems of the static busybox and nothing else. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));

let applets: readonly string[] | undefined;

function names(program: string): readonly string[] {
  applets ??= execFileSync(program, ['--list'], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((name) => name !== 'busybox');
  return applets;
}

/** Makes a root filesystem at `path`; `pool` keeps one copy of the program that all of them link to. */
export function makeRootfs(path: string, pool: string): void {
  if (busybox === undefined) throw new Error('the suite needs busybox-static');
  for (const name of ['bin', 'dev', 'etc', 'mnt', 'proc', 'root', 'sys', 'tmp']) {
    mkdirSync(join(path, name), { recursive: true });
  }
  const shared = join(pool, 'busybox');
  if (!existsSync(shared)) copyFileSync(busybox, shared);
  linkSync(shared, join(path, 'bin/busybox'));
  // One symbolic link with many names: to make a new one each takes longer on ext4 than running a container.
  const [first = '', ...others] = names(busybox).map((name) => join(path, 'bin', name));
  symlinkSync('busybox', first);
  for (const name of others) linkSync(first, name);
  writeFileSync(join(path, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(path, 'etc/group'), 'root:x:0:\n');
}
