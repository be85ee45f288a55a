import type { LibraryCall, SeccompLibrary } from '../../host/library.ts';
import type { SeccompArch } from '../../spec/config.ts';
import { architectures } from '../profile/architectures.ts';

/** The numbers of calls as libseccomp knows them, all asked for at once. */
export interface CallNumbers {
  /**
   * A number (negative ones are libseccomp's own, for calls of other architectures); undefined for a name that it has
   * never heard of.
   */
  of(name: string): number | undefined;
  /** The same in an architecture's own table; negative where the architecture lacks the call. */
  on(architecture: SeccompArch, name: string): number;
}

const unknown = -1; // __NR_SCMP_ERROR

/** Asks a library for the numbers of calls, on this machine and on each of the architectures. */
export async function resolveNames(
  library: SeccompLibrary,
  names: Iterable<string>,
  on: readonly SeccompArch[],
): Promise<CallNumbers> {
  const list = [...new Set(names)];
  const calls: LibraryCall[] = list.map((name) => ({ name: 'resolve', values: [name] }));
  for (const architecture of on)
    for (const name of list)
      calls.push({ name: 'resolveFor', values: [architectures[architecture].token, name] });
  const numbers = await library.call(calls);
  const rows = new Map(list.map((name, row) => [name, row]));
  const at = (row: number, name: string): number =>
    numbers[row * list.length + (rows.get(name) ?? Number.NaN)] ?? unknown;
  return {
    of(name) {
      const number = at(0, name);
      return number === unknown ? undefined : number;
    },
    on: (architecture, name) => at(1 + on.indexOf(architecture), name),
  };
}
