/** What to write, and where, to have the state before a write back. */
export interface Restore {
  readonly file: string;
  readonly value: string;
}

/** Entries that are not there yet, in the words that remove them again. */
const ABSENT: readonly (readonly [RegExp, (key: string) => string])[] = [
  [/^blkio\.throttle\./, (key) => `${key} 0`],
  [/^blkio\..*weight_device$/, (key) => `${key} 0`],
  [/^io\.max$/, (key) => `${key} rbps=max wbps=max riops=max wiops=max`],
  [/^io\.(bfq\.)?weight$/, (key) => `${key} default`],
  [/^io\.latency$/, (key) => `${key} target=0`],
  [/^net_prio\.ifpriomap$/, (key) => `${key} 0`],
  [/^rdma\.max$/, (key) => `${key} hca_handle=max hca_object=max`],
  [/^misc\.max$/, (key) => `${key} max`],
];

/**
 * Reads out of a control file's old content what undoes a write to it, in order.
 * @param file the file that was really written (one of the alternatives, perhaps)
 * @param before the content of {@link witnessOf} before the write; undefined when it cannot be read
 */
export function restoreValue(value: string, file: string, before: string | undefined): Restore[] {
  if (file === 'devices.allow' || file === 'devices.deny') return restoreDevices(value, file, before);
  if (before === undefined) return [];
  const restored = restoreContent(value, file, before);
  return restored === undefined ? [] : [{ file, value: restored }];
}

/** The file that tells what a write to `file` is about to change. */
export function witnessOf(file: string): string {
  return file.replace(/^devices\.(allow|deny)$/, 'devices.list');
}

function restoreDevices(value: string, file: string, before: string | undefined): Restore[] {
  const opposite = file === 'devices.allow' ? 'devices.deny' : 'devices.allow';
  if (value !== 'a') return [{ file: opposite, value }];
  const lines = (before ?? '').split('\n').filter((line) => line !== '');
  if (lines.some((line) => line.startsWith('a '))) return [{ file: 'devices.allow', value: 'a' }];
  return [
    { file: 'devices.deny', value: 'a' },
    ...lines.map((line) => ({ file: 'devices.allow', value: line })),
  ];
}

function restoreContent(value: string, file: string, before: string): string | undefined {
  if (file === 'memory.oom_control') {
    const match = /^oom_kill_disable (\d)/m.exec(before);
    return match?.[1];
  }
  const lines = before.split('\n').filter((line) => line !== '');
  const keyed = ABSENT.find(([pattern]) => pattern.test(file));
  const key = value.split(' ')[0] ?? '';
  if (keyed !== undefined && isKey(key)) {
    const line = lines.find((candidate) => candidate.startsWith(`${key} `));
    return line ?? keyed[1](key);
  }
  // weight files that hold a default and exceptions: the write was about the default
  const standard = lines.find((line) => line.startsWith('default '));
  return standard ?? before.trim();
}

/** A device's numbers, or a name; not a bare value, and not `default`. */
function isKey(word: string): boolean {
  return /^\d+:\d+$/.test(word) || (/^[A-Za-z]/.test(word) && word !== 'default' && word !== 'max');
}
