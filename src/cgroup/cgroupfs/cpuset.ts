import type { Native } from '../../host/native.ts';

const MAXIMUM = 65536;

/**
 * Gives new v1 cpuset cgroups the lists of their parents: an empty list admits no process (cpusets.rst). An empty
 * parent, which somebody else made, is filled first.
 * @param made new directories, parents first
 */
export function inheritCpuset(native: Native, mount: string, made: readonly string[]): void {
  for (const directory of made)
    for (const file of ['cpuset.cpus', 'cpuset.mems'])
      native.writeFile(`${directory}/${file}`, inherited(native, mount, parentOf(directory), file));
}

/** Fills the lists of a directory that was there already, if they are empty. */
export function fillCpuset(native: Native, mount: string, directory: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) inherited(native, mount, directory, file);
}

function inherited(native: Native, mount: string, directory: string, file: string): string {
  const own = native.readText(`${directory}/${file}`, MAXIMUM).trim();
  if (own !== '' || directory === mount) return own;
  const value = inherited(native, mount, parentOf(directory), file);
  native.writeFile(`${directory}/${file}`, value);
  return value;
}

function parentOf(directory: string): string {
  return directory.slice(0, directory.lastIndexOf('/'));
}
