import { defaultConfig } from '../../bundle/default-config.ts';
import { isInside, normalizePath } from '../../spec/path.ts';
import type { Severity } from '../finding.ts';
import type { AuditRule } from '../rule.ts';

/** Files that do more than tell. */
const worse: Readonly<Record<string, Severity>> = {
  '/proc/kcore': 'high',
  '/proc/keys': 'medium',
  '/proc/sys': 'high',
  '/proc/sysrq-trigger': 'high',
  '/proc/scsi': 'medium',
};

/** Those of a list that nothing in `covered` covers. */
function missing(wanted: readonly string[], covered: readonly string[]): string[] {
  const done = covered.map(normalizePath);
  return wanted.filter((path) => !done.some((each) => isInside(path, each)));
}

const severest = (paths: readonly string[]): Severity =>
  paths.some((path) => worse[path] === 'high')
    ? 'high'
    : paths.some((path) => worse[path])
      ? 'medium'
      : 'low';

export const masks: AuditRule = {
  name: 'masks',
  asks: 'Are the parts of /proc and /sys that belong to no namespace masked or read-only?',
  why: 'They tell about the host, or set things for all of it.',
  check({ config, mounts }, report) {
    const seen = ['/proc', '/sys'].filter((root) => mounts.some(({ destination }) => destination === root));
    const visible = (path: string): boolean => seen.some((root) => isInside(path, root));
    const usual = defaultConfig().linux ?? {};
    const { maskedPaths = [], readonlyPaths = [] } = config.linux ?? {};
    const open = missing(usual.maskedPaths ?? [], maskedPaths).filter(visible);
    if (open.length > 0)
      report(
        severest(open),
        '/linux/maskedPaths',
        `not masked: ${open.join(', ')}`,
        'add them to linux.maskedPaths',
      );
    const writable = missing(usual.readonlyPaths ?? [], [...readonlyPaths, ...maskedPaths]).filter(visible);
    if (writable.length > 0) {
      const change = 'add them to linux.readonlyPaths';
      report(severest(writable), '/linux/readonlyPaths', `not read-only: ${writable.join(', ')}`, change);
    }
  },
};
