/** Mounts on the host's side, which tests look at from inside. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Box } from './box.ts';
import { mountsOf } from './mountinfo.ts';

/**
 * A directory that is a mount of its own (`shared`, `private` and so on) with a tmpfs on its `inner`, which holds a
 * file `mark`. Both go with the box.
 */
export function mountInside(box: Box, propagation = 'private'): string {
  const directory = box.scratch();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'conformance', directory]);
  box.onClose(() => execFileSync('umount', ['-R', '-l', directory]));
  execFileSync('mount', [`--make-${propagation}`, directory]);
  const inner = join(directory, 'inner');
  mkdirSync(inner);
  mountTmpfs(inner);
  writeFileSync(join(inner, 'mark'), 'here\n');
  return directory;
}

/** A tmpfs that anybody may enter; whoever calls unmounts it. */
export function mountTmpfs(path: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'conformance', path]);
}

/** Takes away what a runtime mounted on the host, below a directory that is about to be removed. */
export function unmountBelow(directory: string): void {
  for (const { target } of mountsOf('self').reverse()) {
    if (target.startsWith(`${directory}/`)) execFileSync('umount', ['-l', target]);
  }
}
