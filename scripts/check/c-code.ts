import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cWarnings } from '../c-warnings.ts';
import type { Command } from './run-command.ts';

function filesOf(root: string, directory: string, ending: RegExp): string[] {
  return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name) && !name.includes('generated/'))
    .map((name) => `${directory}/${name}`)
    .sort();
}

/** Where `node_api.h` is: what node-gyp found when it built, or beside this Node. */
function nodeHeaders(root: string): string | undefined {
  const config = join(root, 'build', 'config.gypi');
  const nodeDirectory = existsSync(config)
    ? /"nodedir": "([^"]+)"/.exec(readFileSync(config, 'utf8'))?.[1]
    : undefined;
  return [nodeDirectory, dirname(dirname(process.execPath))]
    .flatMap((directory) => (directory === undefined ? [] : [join(directory, 'include', 'node')]))
    .find((directory) => existsSync(join(directory, 'node_api.h')));
}

/**
 * Compiles everything with all warnings as errors, and throws the result away. Optimised, because gcc warns of more
 * then.
 */
export function warningCommands(root: string): Command[] {
  const headers = nodeHeaders(root);
  const compile = (name: string, directory: string, more: readonly string[]): Command => ({
    name,
    argv: [
      'sh',
      '-c',
      'status=0; for file in "$@"; do case $file in *.c) cc $FLAGS -c -o /dev/null "$file" || status=1;; esac; done; exit $status',
      'sh',
      ...filesOf(root, directory, /\.c$/),
    ],
    environment: { FLAGS: ['-std=gnu17', '-O2', ...cWarnings, ...more].join(' ') },
  });
  const addon =
    headers === undefined
      ? { name: 'warnings in csrc/addon', skip: 'the headers of Node are not there (npm run gyp finds them)' }
      : compile('warnings in csrc/addon', 'csrc/addon', ['-fPIC', `-isystem ${headers}`]);
  return [
    addon,
    compile('warnings in csrc/init', 'csrc/init', ['-D_GNU_SOURCE', '-Icsrc/init', '-fPIE']),
    compile('warnings in csrc/runtime', 'csrc/runtime', [
      '-D_GNU_SOURCE',
      '-D_FILE_OFFSET_BITS=64',
      '-fPIE',
      '-fno-builtin',
    ]),
    compile('warnings in csrc/library', 'csrc/library', ['-D_GNU_SOURCE', '-fPIE']),
  ];
}

/** The formatter's opinion of all C files; says so when it is not installed. */
export function formatCommand(root: string): Command {
  const files = ['csrc'].flatMap((directory) => filesOf(root, directory, /\.[ch]$/));
  return {
    name: 'clang-format',
    argv: ['clang-format', '--dry-run', '-Werror', ...files],
    optional: true,
  };
}
