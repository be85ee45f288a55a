/** One line of /proc/PID/mountinfo (proc_pid_mountinfo(5)), as far as anybody here looks at it. */
export interface MountEntry {
  readonly id: string;
  /** `major:minor` of the filesystem. */
  readonly device: string;
  /** Directory or file of the filesystem that is mounted. */
  readonly root: string;
  /** Where, below the process's root. */
  readonly target: string;
  /** Attributes of the mount itself: `ro,nosuid,relatime`. */
  readonly options: string;
  readonly type: string;
}

/** The kernel writes blanks, tabs, newlines and backslashes as octal numbers. */
function decoded(text: string): string {
  return text.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

export function parseMountTable(text: string): MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [before = '', after = ''] = line.split(' - ');
    const [id = '', , device = '', root = '', target = '', options = ''] = before.split(' ');
    const [type = ''] = after.split(' ');
    entries.push({ id, device, root: decoded(root), target: decoded(target), options, type });
  }
  return entries;
}
