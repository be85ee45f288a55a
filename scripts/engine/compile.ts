/**
 * C → objects, each cached under a name that its content, the headers' and the flags' make: nothing is compiled
 * twice, and what another branch compiled before is found again.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { cWarnings } from '../c-warnings.ts';

export interface Compiler {
  /** Its command, with the options that every file gets. */
  readonly command: readonly string[];
  readonly name: string;
}

const common = [
  '-std=gnu17',
  '-O2',
  '-fvisibility=hidden',
  '-ffunction-sections',
  '-fdata-sections',
  '-fno-pie',
  '-fno-pic',
];
/** No frames are unwound, and each instruction that a function does not have starts faster. */
const lean = ['-fno-asynchronous-unwind-tables', '-fomit-frame-pointer'];

/** For csrc/engine and csrc/addon. */
export const ownFlags: readonly string[] = [
  ...common,
  ...lean,
  ...cWarnings,
  '-fstack-protector-strong',
  '-DNAPI_VERSION=8',
];
/** csrc/addon is checked where it is built for Node; musl's own macros for control messages mix signs. */
export const addonFlags: readonly string[] = [...ownFlags, '-Wno-conversion', '-Wno-sign-conversion'];
/**
 * For what wasm2c wrote: warnings of a translator are nobody's, its arrays lie in linear memory and not on the stack,
 * and no product and sum may become one rounding, which JavaScript forbids.
 */
export const translatedFlags: readonly string[] = [
  ...common,
  ...lean,
  '-w',
  '-fno-strict-aliasing',
  '-fno-math-errno',
  '-ffp-contract=off',
];

function text(command: string, words: readonly string[]): string {
  return execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

function there(command: string): boolean {
  try {
    text(command, ['--version']);
    return true;
  } catch {
    return false;
  }
}

/**
 * The compiler of static programs: musl's, where it is installed, as its programs start 0.1 ms faster than those of
 * glibc (which asks the processor for its caches, an instruction that traps in a virtual machine). The kernel's
 * headers come from the usual place, behind musl's.
 */
export function staticCompiler(): Compiler {
  if (!there('musl-gcc')) return { command: ['gcc'], name: 'glibc' };
  const kernel = ['/usr/include', `/usr/include/${text('gcc', ['-print-multiarch'])}`];
  return { command: ['musl-gcc', ...kernel.flatMap((directory) => ['-idirafter', directory])], name: 'musl' };
}

/** For aarch64; of glibc, as Debian has no musl for another machine. Throws when it is not installed. */
export function crossCompiler(): Compiler {
  const command = 'aarch64-linux-gnu-gcc';
  if (!there(command))
    throw new Error(`${command} is not installed (Debian: gcc-aarch64-linux-gnu, libc6-dev-arm64-cross)`);
  return { command: [command], name: 'aarch64' };
}

function headersOf(directories: readonly string[]): string[] {
  return directories.flatMap((directory) =>
    readdirSync(directory)
      .filter((name) => name.endsWith('.h'))
      .sort()
      .map((name) => join(directory, name)),
  );
}

export interface Batch {
  readonly sources: readonly string[];
  readonly flags: readonly string[];
  /** Directories whose headers count, in the order in which they are searched. */
  readonly include: readonly string[];
  /** Searched last, and taken as given: headers of Node. */
  readonly system?: readonly string[];
  readonly compiler: Compiler;
  /** Where objects are kept. */
  readonly cache: string;
  /** Told of each file that really is compiled. */
  readonly progress?: (source: string) => void;
}

async function compileOne(batch: Batch, source: string, object: string): Promise<void> {
  batch.progress?.(source);
  const [command = '', ...first] = batch.compiler.command;
  const search = batch.include.flatMap((directory) => ['-I', directory]);
  const system = (batch.system ?? []).flatMap((directory) => ['-idirafter', directory]);
  const fresh = `${object}.${process.pid}`;
  const words = [...batch.flags, ...search, ...first, ...system, '-c', source, '-o', fresh];
  await new Promise<void>((resolve, reject) => {
    const child = spawn(command, words, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} could not compile ${source}`)),
    );
  });
  renameSync(fresh, object);
}

/** The objects, in the sources' order. */
export async function compile(batch: Batch): Promise<string[]> {
  mkdirSync(batch.cache, { recursive: true });
  const shared = createHash('sha256');
  shared.update(
    JSON.stringify([
      batch.compiler.command,
      batch.flags,
      text(batch.compiler.command[0] ?? '', ['--version']),
    ]),
  );
  for (const header of headersOf(batch.include)) shared.update(readFileSync(header));
  const base = shared.digest('hex');
  const objects = batch.sources.map((source) => {
    const hash = createHash('sha256').update(base).update(readFileSync(source)).digest('hex').slice(0, 24);
    return join(batch.cache, `${basename(source, '.c')}-${hash}.o`);
  });
  const waiting = batch.sources.map((source, index) => ({ source, object: objects[index] ?? '' }));
  const missing = waiting.filter(({ object }) => !existsSync(object));
  const worker = async (): Promise<void> => {
    for (let one = missing.shift(); one; one = missing.shift())
      await compileOne(batch, one.source, one.object);
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, worker));
  return objects;
}
