/** What a container leaves on the machine when something forgets to remove it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const cgroupRoot = '/sys/fs/cgroup';
/** A test's cgroups lie at most this deep below the machine's own. */
const maximumDepth = 6;

/** Does `line` mention `text`? Id 2 is not mentioned by id 21. */
function names(line: string, text: string): boolean {
  return line
    .split(text)
    .slice(1)
    .some((rest) => !/^\d/.test(rest));
}

/** Cgroup directories whose name holds `text`, at any place that a runtime might choose. */
export function cgroupsNamed(text: string, directory = cgroupRoot, depth = maximumDepth): string[] {
  let entries: string[];
  try {
    entries = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    // Somebody else's cgroup went away under our eyes.
    return [];
  }
  return entries.flatMap((name) => {
    const path = join(directory, name);
    if (names(name, text)) return [path];
    return depth > 0 ? cgroupsNamed(text, path, depth - 1) : [];
  });
}

/** Mounts of this process's own mount namespace that mention `text`. */
export function mountsNaming(text: string): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.filter((line) => names(line, text)).map((line) => `mount ${line.split(' ')[4]}`);
}

/** Cgroups, mounts and state that still carry a container's id. */
export function leftoversOf(id: string, root: string): string[] {
  const state = join(root, id);
  return [...cgroupsNamed(id), ...(existsSync(state) ? [state] : []), ...mountsNaming(id)];
}
