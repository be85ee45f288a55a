import { Failure, messageOf } from '../failure.ts';
import { ask } from '../host/files.ts';
import { hasErrno, type Native } from '../host/native.ts';
import type { IntelRdt } from '../spec/config.ts';

/** Where Linux mounts it by custom (Documentation/filesystems/resctrl.rst). */
export const resctrlRoot = '/sys/fs/resctrl';

const maximumFile = 64 * 1024;

/** The container's class of service, and its monitoring group. */
export interface ResctrlGroup {
  /** `tasks` files that the stub enters. */
  readonly joinPaths: readonly string[];
  /** Directories that go with the container. */
  readonly saved: readonly string[];
  /** Makes directories and writes schemata. Throws `Failure`. */
  create(): void;
  /** Takes back what `create` made for this container alone. */
  remove(): void;
}

/** The directories of a container's class of service and, where it has one, of its monitoring group. */
function groupsOf(root: string, { closID, enableMonitoring }: IntelRdt, id: string) {
  const directory = closID === '/' ? root : `${root}/${closID ?? id}`;
  return { directory, monitoring: enableMonitoring ? `${directory}/mon_groups/${id}` : undefined };
}

/** `tasks` files of the groups that every process of a container belongs to. */
export function resctrlTasks(root: string, config: IntelRdt | undefined, id: string): string[] {
  if (config === undefined) return [];
  const { directory, monitoring } = groupsOf(root, config, id);
  return [`${directory}/tasks`, ...(monitoring ? [`${monitoring}/tasks`] : [])];
}

/** Removes directories of resctrl groups; what is gone already is fine. */
export function removeResctrl(native: Native, directories: readonly string[]): void {
  for (const directory of directories) {
    try {
      native.removeDirectory(directory);
    } catch (error) {
      if (!hasErrno(error, 'ENOENT')) throw error;
    }
  }
}

/** The lines to write, in the order that the specification demands: cache, bandwidth, then schemata. */
function schemataOf(config: IntelRdt): string[] {
  return [config.l3CacheSchema, config.memBwSchema, ...(config.schemata ?? [])].filter(
    (line) => line !== undefined && line !== '',
  ) as string[];
}

/** `L3:0=ff;1=f0` without the blanks and leading zeros in which the kernel writes it differently. */
function normalized(line: string): string {
  return line
    .replaceAll(/\s/g, '')
    .toLowerCase()
    .replaceAll(/=0+(?=[0-9a-f])/g, '=');
}

/**
 * linux.intelRdt (config-linux.md, IntelRdt); undefined when the config has none.
 *
 * Throws `Failure` when no resctrl is mounted at `root`, or a group that has to be there is not. Changes nothing.
 */
export function openResctrl(
  native: Native,
  root: string,
  config: IntelRdt | undefined,
  id: string,
): ResctrlGroup | undefined {
  if (config === undefined) return undefined;
  const pointer = '/linux/intelRdt';
  if (ask('look for resctrl at', root, () => native.status(`${root}/schemata`, true)) === undefined) {
    throw new Failure('unsupported', `linux.intelRdt needs resctrl, which is not mounted at ${root}`, {
      pointer,
      hint: `On a machine that has it: mount -t resctrl resctrl ${root}`,
    });
  }
  const { closID } = config;
  const { directory, monitoring } = groupsOf(root, config, id);
  const exists =
    ask('look for the class of service', directory, () => native.status(directory, true)) !== undefined;
  const schemata = schemataOf(config);
  if (closID !== undefined && schemata.length === 0 && !exists) {
    throw new Failure(
      'invalid',
      `class of service "${closID}" does not exist, and no schema is given to make it with`,
      {
        pointer: `${pointer}/closID`,
      },
    );
  }
  // What was there before is not ours to remove.
  const saved = [
    ...(monitoring ? [monitoring] : []),
    ...(closID === undefined && !exists ? [directory] : []),
  ];
  const made: string[] = [];
  const make = (path: string, what: string): void => {
    try {
      native.makeDirectory(path, 0o755);
      made.unshift(path);
    } catch (cause) {
      throw new Failure('system', `cannot make the ${what} "${path}": ${messageOf(cause)}`, {
        cause,
        pointer,
      });
    }
  };
  return {
    joinPaths: resctrlTasks(root, config, id),
    saved,
    create() {
      if (!exists) make(directory, 'class of service');
      if (exists && closID !== undefined) compareSchemata(native, directory, schemata, pointer);
      else for (const line of schemata) writeSchema(native, directory, line, pointer);
      if (monitoring) make(monitoring, 'monitoring group');
    },
    remove: () => removeResctrl(native, made),
  };
}

/** A class that is there already belongs to others too: it must be what the config says, and is not changed. */
function compareSchemata(
  native: Native,
  directory: string,
  schemata: readonly string[],
  pointer: string,
): void {
  if (schemata.length === 0) return;
  const text = ask('read the schemata of', directory, () =>
    native.readText(`${directory}/schemata`, maximumFile),
  );
  const present = text.split('\n').map(normalized);
  const missing = schemata.find((line) => !present.includes(normalized(line)));
  if (missing === undefined) return;
  throw new Failure(
    'invalid',
    `the class of service in "${directory}" exists with another schema: "${missing}" is not in it`,
    { pointer },
  );
}

function writeSchema(native: Native, directory: string, line: string, pointer: string): void {
  try {
    native.writeFile(`${directory}/schemata`, `${line}\n`);
  } catch (cause) {
    throw new Failure('system', `the schema "${line}" was refused: ${messageOf(cause)}`, { cause, pointer });
  }
}
