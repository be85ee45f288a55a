import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** A runtime with runc's command line. */
export interface Contender {
  readonly name: string;
  readonly program: string;
  /** First line of `--version`. */
  readonly version: string;
  /** Words of a command: program, global options, command, its arguments. */
  command(...words: readonly string[]): string[];
}

/** A program that can only run one thing in one go. */
export interface Launcher {
  readonly name: string;
  readonly version: string;
  /** Words that run /bin/true in a root filesystem, in fresh namespaces. */
  runTrue(rootfs: string, id: string): string[];
}

/** The program's absolute path, looked up in PATH when it has no slash. */
export function findProgram(name: string): string | undefined {
  const places = name.includes('/') ? [''] : (process.env['PATH'] ?? '').split(':');
  for (const place of places) {
    const path = place === '' ? name : join(place, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here; whoever asked says so when it is nowhere.
    }
  }
  return undefined;
}

function versionOf(program: string): string {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return (stdout ?? '').split('\n')[0]?.trim() ?? '';
}

/** A contender with its own state directory, or undefined when it is not installed. */
export function findContender(name: string, file: string, states: string): Contender | undefined {
  const program = findProgram(file);
  if (program === undefined) return undefined;
  const root = join(states, name);
  return {
    name,
    program,
    version: versionOf(program),
    command: (...words) => [program, '--root', root, ...words],
  };
}

const launchers: readonly {
  readonly file: string;
  words(program: string, rootfs: string, id: string): string[];
}[] = [
  {
    file: 'bwrap',
    words: (program, rootfs) => [
      ...[program, '--unshare-all', '--bind', rootfs, '/', '--proc', '/proc', '--dev', '/dev'],
      ...['--tmpfs', '/dev/shm', '--', '/bin/true'],
    ],
  },
  {
    file: 'lxc-execute',
    words: (program, rootfs, id) => [
      program,
      '-n',
      id,
      '-s',
      `lxc.rootfs.path=dir:${rootfs}`,
      '--',
      '/bin/true',
    ],
  },
  {
    file: 'systemd-nspawn',
    words: (program, rootfs, id) => [
      ...[program, '--quiet', '--register=no', '--keep-unit', `--machine=${id}`, `--directory=${rootfs}`],
      ...['--', '/bin/true'],
    ],
  },
];

/** The one-go programs that are installed. */
export function findLaunchers(): Launcher[] {
  const found: Launcher[] = [];
  for (const { file, words } of launchers) {
    const program = findProgram(file);
    if (program === undefined) continue;
    found.push({
      name: file,
      version: versionOf(program),
      runTrue: (rootfs, id) => words(program, rootfs, id),
    });
  }
  return found;
}
