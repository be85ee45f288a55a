import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
// Makes the headers, should they be of another day.
import '../../../scripts/generate-wire.ts';

export const repository = fileURLToPath(new URL('../../..', import.meta.url));

const init = join(repository, 'csrc/init');

const warnings = [
  ...[
    '-Wall',
    '-Wextra',
    '-Wshadow',
    '-Wconversion',
    '-Wswitch-enum',
    '-Wformat=2',
    '-Wmissing-prototypes',
    '-Wvla',
  ],
  '-Werror',
];

const sanitizers = [
  '-g',
  '-O1',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
  '-fno-omit-frame-pointer',
];

/** Where a test compiles into, removed by `remove`. */
export interface Workshop {
  readonly directory: string;
  remove(): void;
}

export function openWorkshop(): Workshop {
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-csrc-'));
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** The stub's sources. */
export function stubSources(): string[] {
  return readdirSync(init, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(init, name));
}

/** What a program is made of: the compiler, its options, and every file that may be included. */
function fingerprint(options: readonly string[], sources: readonly string[]): string {
  const hash = createHash('sha256').update(execFileSync('gcc', ['--version']));
  hash.update(JSON.stringify(options));
  const headers = readdirSync(init, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.h'))
    .map((name) => join(init, name))
    .sort();
  for (const path of [...sources, ...headers]) hash.update(path).update(readFileSync(path));
  return hash.digest('hex').slice(0, 24);
}

/**
 * Compiles C sources with all warnings as errors, by default with the address and undefined-behaviour sanitizers.
 * What is compiled stays in build/test/compiled: a dozen test files want the same.
 */
export function compile(
  workshop: Workshop,
  name: string,
  sources: readonly string[],
  flags = sanitizers,
): string {
  const program = join(workshop.directory, name);
  const options = ['-std=gnu11', '-D_GNU_SOURCE', '-I', init, ...warnings, ...flags];
  const kept = join(repository, 'build/test/compiled', `${name}-${fingerprint(options, sources)}`);
  if (!existsSync(kept)) {
    execFileSync('gcc', [...options, ...sources, '-o', program], { stdio: ['ignore', 'inherit', 'inherit'] });
    mkdirSync(dirname(kept), { recursive: true });
    copyFileSync(program, `${kept}.${process.pid}`);
    renameSync(`${kept}.${process.pid}`, kept);
  }
  copyFileSync(kept, program);
  return program;
}

/** A source of the stub by name. */
export function stubSource(name: string): string {
  return join(init, name);
}
