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

/**
 * Cgroup directories whose name holds one of these, at any place that a runtime might choose: one walk, which takes
 * its time.
 */
function cgroupsNaming(texts: readonly string[], directory = cgroupRoot, depth = maximumDepth): string[] {
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
    if (texts.some((text) => names(name, text))) return [path];
    return depth > 0 ? cgroupsNaming(texts, path, depth - 1) : [];
  });
}

/** Cgroup directories whose name holds `text`. */
export const cgroupsNamed = (text: string): string[] => cgroupsNaming([text]);

/** Mounts of this process's own mount namespace that mention one of these. */
function mountsNamingAny(texts: readonly string[]): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines
    .filter((line) => texts.some((text) => names(line, text)))
    .map((line) => `mount ${line.split(' ')[4]}`);
}

/** Mounts of this process's own mount namespace that mention `text`. */
export const mountsNaming = (text: string): string[] => mountsNamingAny([text]);

/** Cgroups, mounts and state that still carry one of these containers' ids. */
export function leftoversOfAll(ids: readonly string[], root: string): string[] {
  const states = ids.map((id) => join(root, id)).filter((state) => existsSync(state));
  return [...cgroupsNaming(ids), ...states, ...mountsNamingAny(ids)];
}

/** The same of one container. */
export const leftoversOf = (id: string, root: string): string[] => leftoversOfAll([id], root);
