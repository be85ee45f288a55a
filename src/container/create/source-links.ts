import { Failure } from '../../failure.ts';
import { askUnless } from '../../host/files.ts';
import type { Native } from '../../host/native.ts';
import type { Config } from '../../spec/config.ts';
import { isBind, parseMountOptions } from '../../spec/mount-options.ts';
import { joinedNamespace } from '../../spec/namespaces.ts';
import { resolvePath } from '../../spec/path.ts';

/**
 * Sources of bind mounts with `copy-symlink` that are symbolic links, by their index in `mounts`, and what those say.
 * Whatever else they are is mounted, and what is missing is told by whoever mounts it.
 *
 * Throws `Failure`: `unsupported` in a mount namespace of others, where the source is another file; `system`.
 */
export function findSourceLinks(
  native: Native,
  bundle: string,
  { mounts = [], linux = {} }: Config,
): Readonly<Record<number, string>> {
  const links: Record<number, string> = {};
  for (const [index, mount] of mounts.entries()) {
    const options = parseMountOptions(mount.options);
    if (!options.copySymlink || options.remount || !isBind(mount, options)) continue;
    if (joinedNamespace(linux, 'mount') !== undefined)
      throw new Failure(
        'unsupported',
        '"copy-symlink" is for containers with a mount namespace of their own',
        {
          pointer: `/mounts/${index}/options`,
          hint: 'Leave the path of the mount namespace out, or the option',
        },
      );
    const source = resolvePath(bundle, mount.source ?? '');
    const link = askUnless(['EINVAL', 'ENOENT', 'ENOTDIR'], 'read the link', source, () =>
      native.readLink(source),
    );
    if (link !== undefined) links[index] = link;
  }
  return links;
}
