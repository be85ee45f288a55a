import type { Native } from '../../host/native.ts';
import type { Seccomp } from '../../spec/config.ts';

/** Changes whenever the same section may compile to something else, or the file's layout changes. */
const formatVersion = 4;

/**
 * What a compiled filter is found by: equal texts mean equal filters. The text itself is compared, so a hash need not
 * be trusted.
 */
export interface FilterKey {
  readonly text: string;
  /** A file name made from the text; different texts may share one. */
  readonly fileName: string;
}

/**
 * Everything that goes into a filter, as text: the parts of the section that matter (not the listener, which may
 * differ from container to container), tsoci's own version of this work, machine and kernel. libseccomp's identity is
 * not in it: that is compared apart, because finding it out costs a library load.
 */
export function filterKey(native: Native, section: Seccomp): FilterKey {
  const { release, machine } = native.kernel();
  const { defaultAction, defaultErrnoRet, architectures, flags, syscalls } = section;
  const parts = [
    defaultAction,
    defaultErrnoRet ?? null,
    architectures ?? null,
    flags ?? null,
    syscalls ?? null,
  ];
  const text = `tsoci seccomp ${formatVersion} ${machine} ${release}\n${serialise(parts)}`;
  return { text, fileName: `${native.hash(text).toString(16)}.filter` };
}

/** JSON keeps the author's order of properties: another order is merely another key. */
function serialise(parts: unknown): string {
  try {
    return JSON.stringify(parts);
  } catch (error) {
    // Only bigint makes JSON.stringify throw on what a parser made. The replacer costs a call a value, so it is the
    // exception.
    if (!(error instanceof TypeError)) throw error;
    return `exact ${JSON.stringify(parts, (_, value: unknown) =>
      typeof value === 'bigint' ? { integer: value.toString() } : value,
    )}`;
  }
}
