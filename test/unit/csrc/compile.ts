import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  return readdirSync(init)
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(init, name));
}

/** Compiles C sources with all warnings as errors, by default with the address and undefined-behaviour sanitizers. */
export function compile(
  workshop: Workshop,
  name: string,
  sources: readonly string[],
  flags = sanitizers,
): string {
  const program = join(workshop.directory, name);
  const common = ['-std=gnu11', '-D_GNU_SOURCE', '-I', init, ...warnings];
  execFileSync('gcc', [...common, ...flags, ...sources, '-o', program], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return program;
}

/** A source of the stub by name. */
export function stubSource(name: string): string {
  return join(init, name);
}
