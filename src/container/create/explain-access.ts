import { Failure, withHint } from '../../failure.ts';
import { type FileStatus, hasErrno, type Native } from '../../host/native.ts';
import type { Config, IdMapping } from '../../spec/config.ts';
import { hostIdOf } from '../../spec/id-mappings.ts';
import { createsNamespace } from '../../spec/namespaces.ts';

const execute = 0o1;

/**
 * A refusal of permission in a container with a new user namespace, with what is nearly always behind it: the
 * container's root is an ordinary user of the host, who gets to the root filesystem only as far as its owner and
 * mode, and those of the directories above it, let that user.
 */
export function explainAccess(native: Native, { linux }: Config, rootfs: string, error: unknown): unknown {
  if (!(error instanceof Failure) || error.errno !== 'EACCES' || error.hint !== undefined) return error;
  const [uid, gid] = [hostIdOf(0, linux?.uidMappings), hostIdOf(0, linux?.gidMappings)];
  if (!createsNamespace(linux, 'user') || uid === undefined || gid === undefined) return error;
  const hint = adviceFor(native, rootfs, { uid, gid }, linux?.uidMappings ?? []);
  return hint === undefined ? error : withHint(error, hint);
}

interface Person {
  readonly uid: number;
  readonly gid: number;
}

function adviceFor(
  native: Native,
  rootfs: string,
  root: Person,
  mappings: readonly IdMapping[],
): string | undefined {
  const who = `user ${root.uid} of the host, who is the container's root`;
  for (const path of above(rootfs)) {
    const status = lookAt(native, path);
    if (status !== undefined && !maySearch(status, root))
      return `"${path}" does not let ${who}, in: chmod o+x ${path}, or move the bundle to where everybody may go`;
  }
  const owner = lookAt(native, rootfs)?.uid;
  if (owner === undefined || mappings.some(({ hostID, size }) => owner >= hostID && owner < hostID + size))
    return undefined;
  return (
    `The root filesystem "${rootfs}" belongs to user ${owner} of the host, whom the user namespace does not know: shift its owners by the ` +
    `mapping, where all is root's by chown -R ${root.uid}:${root.gid} ${rootfs}`
  );
}

/** The directories above a path, the outermost first. */
function above(path: string): string[] {
  const parts = path.split('/').slice(1, -1);
  return ['/', ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)];
}

function lookAt(native: Native, path: string): FileStatus | undefined {
  try {
    return native.status(path, true);
  } catch (error) {
    if (hasErrno(error, 'EACCES', 'ELOOP')) return undefined;
    throw error;
  }
}

function maySearch({ uid, gid, mode }: FileStatus, person: Person): boolean {
  const shift = uid === person.uid ? 6 : gid === person.gid ? 3 : 0;
  return ((mode >> shift) & execute) !== 0;
}
