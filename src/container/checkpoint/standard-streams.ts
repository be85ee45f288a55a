import { ask } from '../../host/files.ts';
import type { MountEntry } from '../../host/mount-table.ts';
import { hasErrno, type Native } from '../../host/native.ts';

const smallFile = 4096;

/**
 * What the container's first process had as standard streams, and which of them CRIU must be told are not the
 * container's.
 */
export interface StandardStreams {
  /**
   * For the three streams: `pipe:[123]`, `socket:[123]`, `file[MOUNT:INODE]` or a path in the container; empty when
   * closed.
   */
  readonly names: readonly string[];
  /** For CRIU's `external`. */
  readonly external: readonly string[];
}

/**
 * Looks at the first three descriptors of a process. A file that was opened outside of the container's mounts (a log
 * of the caller's, say) gets a name by which it can be given again.
 */
export function standardStreams(native: Native, pid: number, inside: readonly MountEntry[]): StandardStreams {
  const names = [0, 1, 2].map((number) => streamName(native, pid, number, inside));
  const sockets = names.flatMap((name) => /^socket:\[(\d+)\]$/.exec(name)?.[1] ?? []);
  const files = names.filter((name) => name.startsWith('file['));
  return { names, external: [...new Set([...files, ...sockets.map((inode) => `unix[${inode}]`)])] };
}

function streamName(native: Native, pid: number, number: number, inside: readonly MountEntry[]): string {
  const path = `/proc/${pid}/fd/${number}`;
  let name: string;
  try {
    name = native.readLink(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return '';
    throw error;
  }
  if (!name.startsWith('/')) return name;
  const mount = /^mnt_id:\s*(\d+)$/m.exec(native.readText(`/proc/${pid}/fdinfo/${number}`, smallFile))?.[1];
  if (mount === undefined || inside.some(({ id }) => id === mount)) return name;
  const inode = ask('look at', path, () => native.status(path, true))?.ino ?? 0;
  return `file[${Number(mount).toString(16)}:${inode.toString(16)}]`;
}

/**
 * The standard streams that are handed to the restored processes: CRIU's name of the old one, and which of our three
 * it becomes.
 */
export function inheritedStreams(
  names: readonly string[],
): { readonly key: string; readonly stream: number }[] {
  const inherited: { key: string; stream: number }[] = [];
  names.forEach((key, stream) => {
    const ours = key.startsWith('pipe:') || key.startsWith('socket:') || key.startsWith('file[');
    // Two streams of one pipe are one file for CRIU.
    if (ours && stream < 3 && !inherited.some((each) => each.key === key)) inherited.push({ key, stream });
  });
  return inherited;
}
