/**
 * Names in linux.resources that become names of files, or words of what is written to them: a rule and the writer
 * must read them alike.
 */

/** Files of a cgroup that move processes or change the tree: not limits, and the runtime's own business. */
const notLimits: ReadonlySet<string> = new Set([
  'cgroup.procs',
  'cgroup.threads',
  'cgroup.kill',
  'cgroup.freeze',
  'cgroup.type',
  'cgroup.subtree_control',
]);

/**
 * A key of `unified` is the name of a limit's file in the container's own cgroup, such as memory.high: it leads
 * nowhere else.
 */
export function isLimitFile(name: string): boolean {
  return /^\w+(?:\.\w+)+$/.test(name) && !notLimits.has(name);
}

/** The size of a page as the kernel spells it in the names of files (config-linux.md, Huge page limits). */
export function isPageSize(text: string): boolean {
  return /^[1-9][0-9]*[KMG]B$/.test(text);
}

/** One word of a line that the kernel takes apart at spaces and `=`. */
export function isWord(name: string): boolean {
  return /^[^\s=]+$/.test(name);
}

/** IFNAMSIZ less the final NUL, in bytes. */
export const INTERFACE_NAME_LENGTH = 15;

/** Blanks as the kernel's isspace() has them, which goes by Latin-1 and so knows the no-break space; `/` and `:`. */
const notInInterfaceNames = new Set([...'\t\n\v\f\r /:\u00a0'].map((letter) => letter.charCodeAt(0)));

/**
 * What the kernel takes for a name of a network interface (dev_valid_name), byte by byte; `%` is for templates.
 */
export function isInterfaceName(name: string): boolean {
  const bytes = new TextEncoder().encode(name);
  return (
    !['', '.', '..'].includes(name) &&
    !name.includes('%') &&
    bytes.length <= INTERFACE_NAME_LENGTH &&
    !bytes.some((byte) => notInInterfaceNames.has(byte))
  );
}
