import type { Config } from '../../spec/config.ts';
import { isMapped } from '../../spec/id-mappings.ts';
import { memoryPolicyModes } from '../../spec/memory-policy.ts';
import { isNew, namespaceOf } from '../../spec/namespaces.ts';
import { quote } from '../finding.ts';
import { needAbsolute, needNumberList } from './help.ts';
import type { Report, RuleSet } from './rule.ts';

/** config-linux.md, "Masked Paths", "Readonly Paths". */
function checkPaths({ linux }: Config, report: Report): void {
  for (const field of ['maskedPaths', 'readonlyPaths'] as const) {
    for (const [index, path] of (linux?.[field] ?? []).entries()) {
      needAbsolute(path, `/linux/${field}/${index}`, report);
      if (field === 'maskedPaths' && path !== '' && path.replaceAll('/', '') === '') {
        report(`/linux/${field}/${index}`, 'would mask the whole root filesystem');
      }
    }
  }
}

/** config-linux.md, "Cgroups Path". Colons are the systemd driver's `slice:prefix:name`. */
function checkCgroupsPath({ linux }: Config, report: Report): void {
  const path = linux?.cgroupsPath ?? '';
  if (path === '') return;
  if (path.split('/').includes('..')) report('/linux/cgroupsPath', `${quote(path)} must not contain ".."`);
  else if (/^[/.]+$/.test(path))
    report('/linux/cgroupsPath', `${quote(path)} names no cgroup of the container's own`);
  if (path.includes('\n')) report('/linux/cgroupsPath', 'has a line break in it');
}

/** A label travels as a mount option, one line of procfs. */
function checkMountLabel({ linux }: Config, report: Report): void {
  if (linux?.mountLabel?.includes('\n') === true) report('/linux/mountLabel', 'has a line break in it');
}

/** config-linux.md, "Personality": no flag is defined. */
function checkPersonality({ linux }: Config, report: Report): void {
  const flags = linux?.personality?.flags ?? [];
  if (flags.length > 0)
    report('/linux/personality/flags', 'must be empty: the specification defines no flag yet');
}

/** config-linux.md, "IntelRdt": the class becomes a directory name, the lines are written to its schemata. */
function checkIntelRdt({ linux }: Config, report: Report): void {
  const { closID, l3CacheSchema } = linux?.intelRdt ?? {};
  if (closID !== undefined && closID !== '/' && !/^(?!\.{1,2}$)[^/\n]+$/.test(closID)) {
    report('/linux/intelRdt/closID', `${quote(closID)} must be "/" or the name of a class, without "/"`);
  }
  if (l3CacheSchema?.includes('\n') === true)
    report('/linux/intelRdt/l3CacheSchema', 'has a line break in it');
}

/** set_mempolicy(2) */
function checkMemoryPolicy({ linux }: Config, report: Report): void {
  const policy = linux?.memoryPolicy;
  if (policy === undefined) return;
  const { mode, nodes = '', flags = [] } = policy;
  const pointer = '/linux/memoryPolicy';
  const taken = memoryPolicyModes[mode];
  if (taken.nodes === 'none') {
    if (nodes !== '') report(`${pointer}/nodes`, `must be absent with ${mode}`);
  } else if (nodes === '') {
    if (taken.nodes === 'needed')
      report(`${pointer}/nodes`, `is missing: ${mode} needs at least one memory node`);
  } else needNumberList(nodes, 'memory nodes', `${pointer}/nodes`, report);
  if (flags.includes('MPOL_F_STATIC_NODES') && flags.includes('MPOL_F_RELATIVE_NODES')) {
    report(`${pointer}/flags`, 'MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other');
  }
  if (nodes === '' && mode !== 'MPOL_DEFAULT' && flags.some((flag) => flag.endsWith('_NODES')))
    report(`${pointer}/flags`, `say how nodes are read, and ${mode} has none here`);
  if (flags.includes('MPOL_F_NUMA_BALANCING') && !taken.balancing) {
    report(`${pointer}/flags`, `MPOL_F_NUMA_BALANCING cannot be used with ${mode}`);
  }
}

/**
 * In a new user namespace an id without a mapping does not exist: setuid(2), setgroups(2) and chown(2) would fail.
 */
function checkMappedIds(config: Config, report: Report): void {
  const { process, linux } = config;
  if (!isNew(namespaceOf(config.linux, 'user'))) return;
  const maps = { uid: linux?.uidMappings ?? [], gid: linux?.gidMappings ?? [] };
  const need = (kind: 'uid' | 'gid', id: number | undefined, pointer: string): void => {
    // An absent map is what the rule `user-namespace` reports.
    if (id === undefined || maps[kind].length === 0 || isMapped(id, maps[kind])) return;
    report(
      pointer,
      `${id} is not mapped by linux.${kind}Mappings: it does not exist in the new user namespace`,
    );
  };
  need('uid', process?.user?.uid, '/process/user/uid');
  need('gid', process?.user?.gid, '/process/user/gid');
  for (const [index, gid] of (process?.user?.additionalGids ?? []).entries()) {
    need('gid', gid, `/process/user/additionalGids/${index}`);
  }
  for (const [index, { uid, gid }] of (linux?.devices ?? []).entries()) {
    need('uid', uid, `/linux/devices/${index}/uid`);
    need('gid', gid, `/linux/devices/${index}/gid`);
  }
}

/** memory.memsw of a new cgroup cannot be set while its memory is unlimited. */
function checkSwap({ linux }: Config, report: Report): void {
  const { limit = 0, swap = 0 } = linux?.resources?.memory ?? {};
  if (swap > 0 && limit <= 0) {
    report('/linux/resources/memory/swap', 'needs a memory limit: it counts memory and swap together');
  }
}

function warnOfListener({ linux }: Config, report: Report): void {
  const seccomp = linux?.seccomp;
  if (seccomp?.listenerPath === undefined) return;
  if (seccomp.syscalls?.some(({ action }) => action === 'SCMP_ACT_NOTIFY') === true) return;
  report('/linux/seccomp/listenerPath', 'is ignored: no system call has the action SCMP_ACT_NOTIFY');
}

function warnOfRdt({ linux }: Config, report: Report): void {
  const l3 = linux?.intelRdt?.l3CacheSchema;
  if (l3 !== undefined && !l3.startsWith('L3:')) {
    report('/linux/intelRdt/l3CacheSchema', `${quote(l3)} does not start with "L3:"`);
  }
}

export const linuxRules: RuleSet<Config> = {
  refuse: [
    { name: 'paths-absolute', check: checkPaths },
    { name: 'cgroups-path', check: checkCgroupsPath },
    { name: 'mount-label', check: checkMountLabel },
    { name: 'personality', check: checkPersonality },
    { name: 'intel-rdt', check: checkIntelRdt },
    { name: 'memory-policy', check: checkMemoryPolicy },
    { name: 'mapped-ids', check: checkMappedIds },
    { name: 'swap-needs-limit', check: checkSwap },
  ],
  warn: [
    { name: 'unused-listener', check: warnOfListener },
    { name: 'intel-rdt-prefix', check: warnOfRdt },
  ],
};
