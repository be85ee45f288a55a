import { Failure, messageOf } from '../failure.ts';
import { ask } from '../host/files.ts';
import { hasErrno, type Native } from '../host/native.ts';

const maximumFile = 64 * 1024;

/** The container's own class of service, out of what its record says of resctrl. */
function classDirectory(directories: readonly string[]): string | undefined {
  return directories.find((path) => !path.includes('/mon_groups/'));
}

function read(native: Native, directory: string): string[] {
  return native
    .readText(`${directory}/schemata`, maximumFile)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** `intel_rdt` of a statistics document: the schemata in force, by the names that engines know. */
export function readSchemata(native: Native, directories: readonly string[]): Record<string, string> {
  const directory = classDirectory(directories);
  if (directory === undefined) return {};
  try {
    const found: Record<string, string> = {};
    for (const line of read(native, directory)) {
      if (/^L3[^:]*:/.test(line)) found['l3_cache_schema'] = line;
      if (line.startsWith('MB:')) found['mem_bw_schema'] = line;
    }
    return found;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return {};
    throw error;
  }
}

/**
 * Changes schemata of the container's own class of service, all or none.
 * @returns puts the old ones back
 * Throws `Failure`: `unsupported` without such a class, `system` when the kernel refuses a line.
 */
export function writeSchemata(
  native: Native,
  directories: readonly string[],
  lines: readonly string[],
): () => void {
  const directory = classDirectory(directories);
  if (directory === undefined) {
    throw new Failure('unsupported', 'the container has no class of service of its own to change', {
      hint: 'Only a container whose config has linux.intelRdt without closID has one',
    });
  }
  const file = `${directory}/schemata`;
  const before = read(native, directory);
  const undo = (): void => {
    for (const line of before) ask('write back', file, () => native.writeFile(file, `${line}\n`));
  };
  for (const line of lines) {
    try {
      native.writeFile(file, `${line}\n`);
    } catch (cause) {
      undo();
      throw new Failure('system', `the schema "${line}" was refused: ${messageOf(cause)}`, { cause });
    }
  }
  return undo;
}
