import type { Config, Mount } from '../../spec/config.ts';
import { idmapText, readIdmap, resolveIdmap } from '../../spec/idmap-option.ts';
import {
  isBind,
  type MountOption,
  mountOption,
  mountOptionNames,
  type ParsedMountOptions,
  parseMountOptions,
} from '../../spec/mount-options.ts';
import { nearest } from '../../suggest.ts';
import { quote } from '../finding.ts';
import { checkMappings } from './namespaces.ts';
import type { Report, RuleSet } from './rule.ts';

/** crun(1), "idmap mount options": a mapping that is one, said once. */
function checkIdmapOptions({ mounts = [], linux = {} }: Config, report: Report): void {
  for (const [index, mount] of mounts.entries()) {
    for (const [place, option] of (mount.options ?? []).entries()) {
      const written = idmapText(option);
      if (written === undefined) continue;
      const refuse = (message: string): void => report(`/mounts/${index}/options/${place}`, message);
      const mapping = readIdmap(written.text);
      const resolved = typeof mapping === 'string' ? mapping : resolveIdmap(mapping, linux);
      if (typeof resolved === 'string') {
        refuse(resolved);
        continue;
      }
      checkMappings(resolved.uidMappings, 'uids', (at, message) => refuse(`${at}: ${message}`));
      checkMappings(resolved.gidMappings, 'gids', (at, message) => refuse(`${at}: ${message}`));
      if (mount.uidMappings !== undefined || mount.gidMappings !== undefined)
        refuse('has a mapping, and so have uidMappings and gidMappings of the mount: give one of them');
    }
  }
}

/** The options of one mount, sorted out, and what it is. */
interface Looked {
  readonly mount: Mount;
  readonly parsed: ParsedMountOptions;
  readonly kind: 'bind' | 'remount' | 'cgroup' | 'filesystem';
}

function lookAt(mount: Mount): Looked {
  const parsed = parseMountOptions(mount.options);
  const kind = isBind(mount, parsed) ? 'bind' : mount.type === 'cgroup' ? 'cgroup' : 'filesystem';
  return { mount, parsed, kind: parsed.remount ? 'remount' : kind };
}

/** What becomes of options for a file system, where there is none that they could be handed to. */
const noFilesystem = {
  bind: 'a bind mount shows a file system that is mounted already, with options of its own',
  cgroup: 'a cgroup mount gets its options from the runtime',
} as const;

function unknown(name: string, why: string): string {
  const parts = name.split(',');
  if (parts.length > 1 && parts.every((part) => mountOptionNames().includes(part)))
    return `${quote(name)} is several options in one text, and is ignored; give each a text of its own`;
  const guess = nearest(name, mountOptionNames());
  const question = guess === undefined ? '' : `; did you mean ${quote(guess)}?`;
  return `${quote(name)} is no mount option that is known here, and is ignored: ${why}${question}`;
}

/** Why a known option changes nothing of this mount; undefined where it does. */
function idle(option: MountOption, { kind, mount, parsed }: Looked): string | undefined {
  if ('nothing' in option) return option.nothing === '' ? undefined : option.nothing;
  if ('superblock' in option) return kind === 'bind' || kind === 'cgroup' ? noFilesystem[kind] : undefined;
  if ('copyUp' in option)
    return kind === 'filesystem' && mount.type === 'tmpfs' ? undefined : 'only a new tmpfs is filled';
  if ('idmap' in option) return kind === 'remount' ? 'a remount cannot map ids' : undefined;
  if (!('link' in option)) return undefined;
  if (option.link === 'destinationNoFollow')
    return kind === 'bind' || kind === 'filesystem'
      ? undefined
      : 'only a bind mount and a new file system look at it';
  if (kind !== 'bind') return 'only a bind mount has a source in the file system';
  return option.link === 'sourceNoFollow' && parsed.copySymlink
    ? 'beside "copy-symlink", which copies the link, nothing is left to follow'
    : undefined;
}

/**
 * An option that is lost is said to be lost: a slip, one that only another runtime knows, or one that cannot do
 * anything for a mount of this kind. Unknown options of other mounts are the file system's, which refuses them
 * itself.
 */
function warnOfOptions({ mounts = [] }: Config, report: Report): void {
  for (const [index, mount] of mounts.entries()) {
    const looked = lookAt(mount);
    for (const [place, name] of (mount.options ?? []).entries()) {
      const pointer = `/mounts/${index}/options/${place}`;
      const option = mountOption(name);
      if (option !== undefined) {
        const why = idle(option, looked);
        if (why !== undefined) report(pointer, `${quote(name)} has no effect: ${why}`);
      } else if (name !== '' && (looked.kind === 'bind' || looked.kind === 'cgroup'))
        report(pointer, unknown(name, noFilesystem[looked.kind]));
    }
  }
}

export const mountOptionRules: RuleSet<Config> = {
  refuse: [{ name: 'idmap-options', check: checkIdmapOptions }],
  warn: [{ name: 'mount-options', check: warnOfOptions }],
};
