import { Failure } from '../../failure.ts';
import { hasErrno, type Native } from '../../host/native.ts';
import { waitUntil } from '../../host/wait.ts';
import type { CgroupHost } from '../cgroup-host.ts';
import { hierarchyWith, type SavedCgroup } from '../saved-cgroup.ts';

/** Milliseconds after which a freeze counts as failed. */
const PATIENCE = 10_000;

/** Which files freeze a cgroup: the v1 freezer where it is mounted, else the core of v2. */
export type Freezer =
  | { readonly kind: 'v1'; readonly path: string }
  | { readonly kind: 'v2'; readonly path: string };

/** What freezes a container's cgroup, if anything does. */
export function freezerOf(saved: SavedCgroup): Freezer | undefined {
  const v1 = hierarchyWith(saved, 'freezer');
  if (v1 !== undefined) return { kind: 'v1', path: v1.path };
  return saved.unified && { kind: 'v2', path: saved.unified.path };
}

/**
 * Stops everything in the cgroup; see `Cgroup.freeze`.
 * @param patience milliseconds
 */
export async function freeze(host: CgroupHost, freezer: Freezer, patience: number = PATIENCE): Promise<void> {
  const done =
    freezer.kind === 'v1'
      ? await freezeV1(host, freezer.path, patience)
      : await freezeV2(host, freezer.path, patience);
  if (done) return;
  await thaw(host, freezer);
  throw new Failure(
    'system',
    `cannot freeze cgroup "${freezer.path}": its processes did not stop in ${patience / 1000} s`,
    {
      hint: 'A process may be in an uninterruptible wait (state D in ps); try again later.',
    },
  );
}

/**
 * freezer-subsystem.rst: the state stays FREEZING while a task has not stopped, and new children of an unfrozen task
 * may keep it there. Writing FROZEN again goes over all tasks once more; a short thaw lets one that waits for a
 * frozen one go on.
 */
async function freezeV1(host: CgroupHost, path: string, total: number): Promise<boolean> {
  const { native } = host;
  const state = `${path}/freezer.state`;
  let waited = 0;
  for (let round = 1; waited < total; round++) {
    native.writeFile(state, 'FROZEN');
    const patience = Math.min(round * 2, 50);
    if (await waitUntil(host.wait, patience, () => native.readText(state, 64).trim() === 'FROZEN'))
      return true;
    waited += patience;
    if (round % 10 === 0) {
      native.writeFile(state, 'THAWED');
      await host.wait.pause(1);
      waited += 1;
    }
  }
  return false;
}

/** cgroup-v2.rst, "cgroup.freeze": the change is complete when cgroup.events says so. */
async function freezeV2(host: CgroupHost, path: string, total: number): Promise<boolean> {
  host.native.writeFile(`${path}/cgroup.freeze`, '1');
  return waitUntil(host.wait, total, () => eventsSayFrozen(host.native, path));
}

/** Lets everything go on; on v2, waits until the kernel says that it does. */
export async function thaw(host: CgroupHost, freezer: Freezer): Promise<void> {
  const { native } = host;
  if (freezer.kind === 'v1') {
    native.writeFile(`${freezer.path}/freezer.state`, 'THAWED');
    return;
  }
  native.writeFile(`${freezer.path}/cgroup.freeze`, '0');
  await waitUntil(host.wait, PATIENCE, () => !eventsSayFrozen(native, freezer.path));
}

/** The same; a cgroup that is gone needs no thawing. */
export async function thawIfThere(host: CgroupHost, freezer: Freezer): Promise<void> {
  try {
    await thaw(host, freezer);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENODEV')) throw error;
  }
}

/**
 * Lets killed processes go. The v1 freezer holds even them, and one below, which the container may have frozen
 * itself, holds its own whatever the one above says (freezer-subsystem.rst); v2's lets them end.
 */
export function letKilledGo(native: Native, { kind, path }: Freezer): void {
  if (kind !== 'v1') return;
  try {
    native.writeTree(path, 'freezer.state', 'THAWED');
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENODEV')) throw error;
  }
}

/**
 * The v1 freezer that holds a cgroup's processes, killed ones too: its own, or one above, which is not ours to thaw.
 * Undefined when none does, and on v2, where the killed end.
 */
export function holdingFreezer(native: Native, { kind, path }: Freezer): string | undefined {
  const says = (directory: string, file: string): boolean =>
    native.readText(`${directory}/freezer.${file}`, 64).trim() === '1';
  if (kind !== 'v1') return undefined;
  try {
    let directory = path;
    while (says(directory, 'parent_freezing')) directory = directory.slice(0, directory.lastIndexOf('/'));
    return says(directory, 'self_freezing') ? directory : undefined;
  } catch (error) {
    // gone, or the root, which has no such files and never freezes
    if (hasErrno(error, 'ENOENT', 'ENODEV')) return undefined;
    throw error;
  }
}

/** True when frozen or on the way; false when the cgroup is gone. */
export function isFrozen(native: Native, freezer: Freezer): boolean {
  try {
    if (freezer.kind === 'v1')
      return native.readText(`${freezer.path}/freezer.state`, 64).trim() !== 'THAWED';
    return native.readText(`${freezer.path}/cgroup.freeze`, 64).trim() === '1';
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENODEV')) return false;
    throw error;
  }
}

function eventsSayFrozen(native: Native, path: string): boolean {
  return /^frozen 1$/m.test(native.readText(`${path}/cgroup.events`, 4096));
}
