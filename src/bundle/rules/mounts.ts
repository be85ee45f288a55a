import type { Config, Mount } from '../../spec/config.ts';
import { optionNames } from '../../spec/mount-options.ts';
import { namespaceOf } from '../../spec/namespaces.ts';
import { quote } from '../finding.ts';
import { isAbsolute, isRoot } from './help.ts';
import { checkMappings } from './namespaces.ts';
import type { Report, RuleSet } from './rule.ts';

const BIND = optionNames('bind');
const IDMAP = optionNames('idmap');
const REMOUNT = optionNames('remount');
/** What changes a mount that is there already, so that nothing has to be named that could be mounted. */
const CHANGES = [...REMOUNT, ...optionNames('propagation')];

function has({ options }: Mount, names: readonly string[]): boolean {
  return options?.some((option) => names.includes(option)) ?? false;
}

function eachMount(config: Config, check: (mount: Mount, pointer: string) => void): void {
  for (const [index, mount] of (config.mounts ?? []).entries()) {
    check(mount, `/mounts/${index}`);
  }
}

/** config.md, "Mounts": where, and what. */
function checkMount(config: Config, report: Report): void {
  eachMount(config, (mount, pointer) => {
    if (mount.destination === '')
      report(`${pointer}/destination`, 'is empty, must be a path inside the container');
    else if (isRoot(mount.destination) && !has(mount, REMOUNT))
      report(`${pointer}/destination`, 'is the root itself, which root.path names');
    if (has(mount, BIND)) {
      if (mount.source === undefined || mount.source === '') {
        report(`${pointer}/source`, 'is missing: a bind mount needs the file or directory to mount');
      }
    } else if (
      (mount.type === undefined || mount.type === '' || mount.type === 'none') &&
      !has(mount, CHANGES)
    ) {
      const instead = 'name a filesystem, or add "bind" or "rbind" to the options';
      report(
        `${pointer}/type`,
        `${mount.type === undefined ? 'is missing' : `is ${quote(mount.type)}`}: ${instead}`,
      );
    } else if (mount.type === 'bind' && !has(mount, CHANGES)) {
      report(`${pointer}/options`, 'a mount of type "bind" needs "bind" or "rbind" in its options');
    }
  });
}

/** config.md, `uidMappings`, `gidMappings`, `idmap`: both maps or none, and something to map with. */
function checkIdmaps(config: Config, report: Report): void {
  eachMount(config, (mount, pointer) => {
    const { uidMappings: uids, gidMappings: gids } = mount;
    if ((uids === undefined) !== (gids === undefined)) {
      const [there, missing] = uids === undefined ? ['gid', 'uid'] : ['uid', 'gid'];
      report(`${pointer}/${missing}Mappings`, `is missing: ${there}Mappings must come with it`);
    }
    checkMappings(uids ?? [], `${pointer}/uidMappings`, report);
    checkMappings(gids ?? [], `${pointer}/gidMappings`, report);
    const maps = (uids?.length ?? 0) > 0 && (gids?.length ?? 0) > 0;
    if (has(mount, IDMAP) && !maps && namespaceOf(config.linux, 'user') === undefined) {
      report(
        `${pointer}/options`,
        'an id-mapped mount needs uidMappings and gidMappings, or a user namespace to take them from',
      );
    }
    if ((uids?.length === 0) !== (gids?.length === 0)) {
      report(`${pointer}/${uids?.length === 0 ? 'uid' : 'gid'}Mappings`, 'is empty, the other map is not');
    }
  });
}

function warnOfRelative(config: Config, report: Report): void {
  eachMount(config, ({ destination }, pointer) => {
    if (destination === '' || isAbsolute(destination)) return;
    report(
      `${pointer}/destination`,
      `${quote(destination)} is relative, which is deprecated; it is taken as ${quote(`/${destination}`)}`,
    );
  });
}

function warnOfIdmapOption(config: Config, report: Report): void {
  eachMount(config, (mount, pointer) => {
    if ((mount.uidMappings?.length ?? 0) === 0 || has(mount, IDMAP)) return;
    report(
      `${pointer}/options`,
      'should contain "idmap" or "ridmap" beside the mappings: older runtimes ignore these without it',
    );
  });
}

export const mountRules: RuleSet<Config> = {
  refuse: [
    { name: 'mounts', check: checkMount },
    { name: 'idmapped-mounts', check: checkIdmaps },
  ],
  warn: [
    { name: 'relative-destination', check: warnOfRelative },
    { name: 'idmap-option', check: warnOfIdmapOption },
  ],
};
