import type { Config, IdMapping } from '../../spec/config.ts';
import { isNew, namespaceOf } from '../../spec/namespaces.ts';
import { pointerPart, quote } from '../finding.ts';
import { eachRepeated, needAbsolute } from './help.ts';
import type { Report, RuleSet } from './rule.ts';

/** config-linux.md, "Namespaces": each type once, paths absolute. */
function checkNamespaces({ linux }: Config, report: Report): void {
  const namespaces = linux?.namespaces ?? [];
  eachRepeated(
    namespaces,
    ({ type }) => type,
    (index, first, type) =>
      report(`/linux/namespaces/${index}/type`, `${quote(type)} is already given by namespaces[${first}]`),
  );
  for (const [index, { path }] of namespaces.entries()) {
    if (path !== undefined && path !== '') needAbsolute(path, `/linux/namespaces/${index}/path`, report);
  }
}

const MAPS = ['uidMappings', 'gidMappings'] as const;

/** user_namespaces(7): a new namespace needs both maps, and only a new one can be given any. */
function checkUserNamespace(config: Config, report: Report): void {
  const user = namespaceOf(config.linux, 'user');
  for (const field of MAPS) {
    const lines = config.linux?.[field]?.length ?? 0;
    if (user === undefined && lines > 0) {
      report(`/linux/${field}`, 'needs a user namespace: add {"type": "user"} to linux.namespaces');
    }
    if (isNew(user) && lines === 0) {
      report(`/linux/${field}`, 'is missing: without it no id exists in the new user namespace');
    }
  }
}

/** user_namespaces(7): 340 lines are the most that /proc/[pid]/uid_map takes. */
const MOST_LINES = 340;
const ID_COUNT = 2 ** 32;

/** Lines of a map: not empty, within 32 bits, and never two for one id, on either side. */
export function checkMappings(mappings: readonly IdMapping[], pointer: string, report: Report): void {
  if (mappings.length === 0) return;
  if (mappings.length > MOST_LINES)
    report(pointer, `has ${mappings.length} lines, the kernel takes ${MOST_LINES}`);
  for (const [index, { containerID, hostID, size }] of mappings.entries()) {
    if (size === 0) report(`${pointer}/${index}/size`, 'is 0, must be at least 1');
    // The highest id, 4294967295, is none: it stands for "unchanged".
    for (const [field, start] of [
      ['containerID', containerID],
      ['hostID', hostID],
    ] as const) {
      if (start + size >= ID_COUNT)
        report(`${pointer}/${index}/${field}`, `${start} and ${size} ids go beyond 4294967294`);
    }
  }
  for (const field of ['containerID', 'hostID'] as const) checkOverlap(mappings, field, pointer, report);
}

function checkOverlap(
  mappings: readonly IdMapping[],
  field: 'containerID' | 'hostID',
  pointer: string,
  report: Report,
): void {
  const lines = mappings.map((mapping, index) => ({
    index,
    start: mapping[field],
    end: mapping[field] + mapping.size,
  }));
  lines.sort((a, b) => a.start - b.start || a.index - b.index);
  for (let i = 1; i < lines.length; i++) {
    const [before, line] = [lines[i - 1], lines[i]];
    if (before === undefined || line === undefined || line.start >= before.end) continue;
    const [first, second] = before.index < line.index ? [before, line] : [line, before];
    report(
      `${pointer}/${second.index}/${field}`,
      `${second.start} to ${second.end - 1} overlaps ${first.start} to ${first.end - 1} of line ${first.index}`,
    );
  }
}

/** KTIME_SEC_MAX: 2^63 nanoseconds. */
const MOST_SECONDS = 9_223_372_036;

/** time_namespaces(7): offsets are given to a new namespace, before anything is in it. */
function checkTime(config: Config, report: Report): void {
  const offsets = config.linux?.timeOffsets;
  if (offsets === undefined || Object.keys(offsets).length === 0) return;
  const time = namespaceOf(config.linux, 'time');
  if (time === undefined)
    report('/linux/timeOffsets', 'needs a time namespace: add {"type": "time"} to linux.namespaces');
  else if (!isNew(time))
    report('/linux/timeOffsets', 'an existing time namespace is joined: its offsets cannot be set');
  for (const [clock, offset] of Object.entries(offsets)) {
    const pointer = `/linux/timeOffsets/${pointerPart(clock)}`;
    if (clock !== 'boottime' && clock !== 'monotonic')
      report(pointer, 'a time namespace has the clocks boottime and monotonic');
    else {
      const { secs = 0, nanosecs = 0 } = offset;
      if (secs > MOST_SECONDS || secs < -MOST_SECONDS)
        report(
          `${pointer}/secs`,
          `${secs} is beyond the ${MOST_SECONDS} seconds that the kernel's clocks hold`,
        );
      if (nanosecs > 999_999_999) report(`${pointer}/nanosecs`, `${nanosecs} is a second or more; use secs`);
    }
  }
}

/** A map beside a joined namespace only describes it. */
function warnOfJoinedMaps(config: Config, report: Report): void {
  const user = namespaceOf(config.linux, 'user');
  if (user === undefined || isNew(user)) return;
  for (const field of MAPS) {
    if ((config.linux?.[field]?.length ?? 0) > 0) {
      report(`/linux/${field}`, 'has no effect: an existing user namespace is joined, which has its own');
    }
  }
}

export const namespaceRules: RuleSet<Config> = {
  refuse: [
    { name: 'namespaces', check: checkNamespaces },
    { name: 'user-namespace', check: checkUserNamespace },
    {
      name: 'id-mappings',
      check: ({ linux }, report) => {
        for (const field of MAPS) checkMappings(linux?.[field] ?? [], `/linux/${field}`, report);
      },
    },
    { name: 'time-offsets', check: checkTime },
  ],
  warn: [{ name: 'joined-user-namespace', check: warnOfJoinedMaps }],
};
