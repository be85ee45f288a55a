import type { HugepageLimit, NetworkResources, PidsResources, Resources } from '../bundle/config.ts';
import { Failure } from '../failure.ts';
import { digits, isSet } from './integer.ts';
import type { PlanDraft } from './plan-draft.ts';

/** `linux.resources.pids`: -1 is no limit, 0 really is none (config-linux.md, "PIDs"). */
export function planPids(draft: PlanDraft, pids: PidsResources, pointer: string): void {
  if (pids.limit === undefined) return;
  const at = `${pointer}/limit`;
  const unlimited = BigInt(pids.limit) < 0n;
  if (unlimited && draft.find('pids', 'pids') === undefined) return;
  const hierarchy = draft.place('pids', 'pids', at);
  const value = unlimited ? 'max' : digits(pids.limit);
  draft.write({ hierarchy, controller: 'pids', file: 'pids.max', value, pointer: at });
}

/**
 * `linux.resources.hugepageLimits`: the limit of reservations, which the specification prefers, and the limit of use,
 * which every kernel has.
 */
export function planHugepages(draft: PlanDraft, limits: readonly HugepageLimit[], pointer: string): void {
  limits.forEach(({ pageSize, limit }, index) => {
    const at = `${pointer}/${index}`;
    if (!/^[1-9][0-9]*[KMG]B$/.test(pageSize))
      throw new Failure(
        'invalid',
        `cannot apply ${at}/pageSize: "${pageSize}" is not a size such as 64KB, 2MB or 1GB`,
        {
          pointer: `${at}/pageSize`,
        },
      );
    const hierarchy = draft.place('hugetlb', 'hugetlb', at);
    const suffix = hierarchy === 'v1' ? 'limit_in_bytes' : 'max';
    const common = { hierarchy, controller: 'hugetlb', value: digits(limit), pointer: `${at}/limit` };
    draft.write({ ...common, file: `hugetlb.${pageSize}.${suffix}` });
    draft.write({ ...common, file: `hugetlb.${pageSize}.rsvd.${suffix}`, tolerate: ['ENOENT'] });
  });
}

/** `linux.resources.network`: the v1 controllers `net_cls` and `net_prio`; v2 has none. */
export function planNetwork(draft: PlanDraft, network: NetworkResources, pointer: string): void {
  if (isSet(network.classID)) {
    const at = `${pointer}/classID`;
    const hierarchy = draft.place('net_cls', undefined, at);
    const value = digits(network.classID);
    draft.write({ hierarchy, controller: 'net_cls', file: 'net_cls.classid', value, pointer: at });
  }
  (network.priorities ?? []).forEach(({ name, priority }, index) => {
    const at = `${pointer}/priorities/${index}`;
    oneWord(name, `${at}/name`);
    const hierarchy = draft.place('net_prio', undefined, at);
    const value = `${name} ${digits(priority)}`;
    draft.write({ hierarchy, controller: 'net_prio', file: 'net_prio.ifpriomap', value, pointer: at });
  });
}

/** `linux.resources.rdma`: the same file in both versions. */
export function planRdma(draft: PlanDraft, rdma: NonNullable<Resources['rdma']>, pointer: string): void {
  for (const [device, { hcaHandles, hcaObjects }] of Object.entries(rdma)) {
    const at = `${pointer}/${escapePointer(device)}`;
    oneWord(device, at);
    const words = [device];
    if (hcaHandles !== undefined) words.push(`hca_handle=${digits(hcaHandles)}`);
    if (hcaObjects !== undefined) words.push(`hca_object=${digits(hcaObjects)}`);
    if (words.length === 1)
      throw new Failure('invalid', `cannot apply ${at}: it sets neither hcaHandles nor hcaObjects`, {
        pointer: at,
      });
    const hierarchy = draft.place('rdma', 'rdma', at);
    draft.write({ hierarchy, controller: 'rdma', file: 'rdma.max', value: words.join(' '), pointer: at });
  }
}

/** Files that move processes or change the tree: not limits, and the runtime's own business. */
const NOT_LIMITS: ReadonlySet<string> = new Set([
  'cgroup.procs',
  'cgroup.threads',
  'cgroup.kill',
  'cgroup.freeze',
  'cgroup.type',
  'cgroup.subtree_control',
]);

/**
 * `linux.resources.unified`: any file of the unified hierarchy. A value of several lines is several writes, for the kernel
 * takes one entry at a time.
 */
export function planUnified(
  draft: PlanDraft,
  unified: NonNullable<Resources['unified']>,
  pointer: string,
): void {
  for (const [file, text] of Object.entries(unified)) {
    const at = `${pointer}/${escapePointer(file)}`;
    if (!/^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+$/.test(file) || NOT_LIMITS.has(file))
      throw new Failure('invalid', `cannot apply ${at}: "${file}" is not a limit's file name`, {
        pointer: at,
        hint: 'Use a name such as memory.high, as it stands in /sys/fs/cgroup.',
      });
    if (draft.controllers.mode === 'v1')
      draft.refuse(at, 'this machine uses cgroup v1, and "unified" is for cgroup v2');
    const controller = file.slice(0, file.indexOf('.'));
    const core = controller === 'cgroup' || file.endsWith('.pressure');
    const hierarchy = core ? 'v2' : draft.place(undefined, controller, at);
    for (const value of text.split('\n'))
      if (value !== '')
        draft.write({ hierarchy, controller: core ? 'cgroup' : controller, file, value, pointer: at });
  }
}

/** The kernel would take the second word for the value. */
function oneWord(name: string, pointer: string): void {
  if (/^[^\s=]+$/.test(name)) return;
  throw new Failure('invalid', `cannot apply ${pointer}: "${name}" is not a name`, { pointer });
}

/** RFC 6901. */
function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
