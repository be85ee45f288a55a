/**
 * Engine, addon and image → one static executable. The image is a section of it, at its address in the engine's
 * memory: the kernel maps it with the program, privately, so that a start reads and copies nothing.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addonFlags, type Compiler, compile, ownFlags, staticCompiler, translatedFlags } from './compile.ts';
import { parts, translate } from './translate.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const work = join(root, 'build', 'engine');
const kept = sharedBuild();
const wasm = join(root, 'node_modules', 'quickjs-wasi', 'quickjs.wasm');
/** MEMORY_BASE and STACK_TOP of csrc/engine/machine.h. */
const imageAddress = 0x48000000 + 0x100000;
/**
 * Beyond what the engine's memory can reach (REACH of csrc/engine/memory.c). A word stands there, so that it is the
 * program's end: the kernel lets the heap of brk(2) begin behind it, and so nothing of anybody lies where the
 * engine's memory grows.
 */
const beyond = 0x48000000 + 0x2_0000_0000 + 0x10000;

/** What is linked into the program that makes the image alone, and into the shipped one alone. */
const freezeOnly = ['freeze.c', 'snapshot.c'];
const shippedOnly = ['main.c'];

/**
 * Where the translated engine is kept: for worktrees of one repository in the build directory of the first, so that
 * it is compiled once for all of them.
 */
function sharedBuild(): string {
  try {
    const words = ['rev-parse', '--path-format=absolute', '--git-common-dir'];
    const common = execFileSync('git', words, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const first = join(dirname(common.trim()), 'build', 'engine');
    if (!existsSync(join(dirname(dirname(first)), 'scripts', 'engine'))) return work;
    mkdirSync(first, { recursive: true });
    accessSync(first, constants.W_OK);
    return first;
  } catch {
    return work;
  }
}

function sourcesIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.c'))
    .sort()
    .map((name) => join(directory, name));
}

/** csrc/addon and the folders in it. */
const addonFolders = ['addon', 'addon/shim'].map((name) => join(root, 'csrc', name));

function addonSources(): string[] {
  return addonFolders.flatMap(sourcesIn);
}

/** The engine in C, made once for each version of the package and of the translation. */
function translated(): string {
  const hash = createHash('sha256');
  const scripts = ['translate.ts', 'repairs.ts'].map((name) => join(root, 'scripts', 'engine', name));
  for (const file of [wasm, ...scripts]) hash.update(readFileSync(file));
  const directory = join(kept, `translated-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(directory)) return directory;
  console.log('engine: translating QuickJS-ng to C');
  const fresh = `${directory}.${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  translate(wasm, fresh);
  renameSync(fresh, directory);
  return directory;
}

/** Where node-gyp found Node's headers: beside what it configured. */
function nodeHeaders(): string {
  const config = readFileSync(join(root, 'build', 'config.gypi'), 'utf8');
  const directory = /"nodedir": "([^"]+)"/.exec(config)?.[1];
  if (directory === undefined)
    throw new Error('build/config.gypi does not say where the headers of Node are');
  return join(directory, 'include', 'node');
}

interface Objects {
  readonly engine: readonly string[];
  readonly initial: readonly string[];
  readonly own: readonly string[];
  readonly freeze: readonly string[];
  readonly shipped: readonly string[];
}

async function compileAll(compiler: Compiler, directory: string): Promise<Objects> {
  const own = join(root, 'csrc', 'engine');
  const cache = join(kept, 'objects');
  const names = Array.from({ length: parts }, (_, index) => `engine-${index}.c`);
  // Only the header that they stand on: a change of ours must not compile them again.
  const machine = join(directory, 'machine');
  mkdirSync(machine, { recursive: true });
  const header = readFileSync(join(own, 'machine.h'));
  const copy = join(machine, 'machine.h');
  if (!existsSync(copy) || !readFileSync(copy).equals(header)) writeFileSync(copy, header);
  const engine = await compile({
    sources: [...names, 'table.c', 'initial.c'].map((name) => join(directory, name)),
    flags: translatedFlags,
    include: [directory, machine],
    compiler,
    cache,
    progress: (source) =>
      console.log(`engine: compiling ${source.slice(source.lastIndexOf('/') + 1)} (${compiler.name})`),
  });
  const include = [own, ...addonFolders, directory];
  const system = [nodeHeaders()];
  const pick = async (sources: readonly string[], flags = ownFlags): Promise<string[]> =>
    compile({ sources, flags, include, system, compiler, cache });
  const special = [...freezeOnly, ...shippedOnly];
  return {
    engine: engine.slice(0, -1),
    initial: engine.slice(-1),
    own: [
      ...(await pick(sourcesIn(own).filter((path) => !special.some((name) => path.endsWith(`/${name}`))))),
      ...(await pick(addonSources(), addonFlags)),
    ],
    freeze: await pick(freezeOnly.map((name) => join(own, name))),
    shipped: await pick(shippedOnly.map((name) => join(own, name))),
  };
}

const linkFlags = [
  '-static',
  '-no-pie',
  '-Wl,--gc-sections',
  '-Wl,-z,relro',
  '-Wl,-z,now',
  '-Wl,-z,noexecstack',
  '-Wl,--build-id=none',
];
/** The allocator that notes what is made, which no process of the shipped program calls. */
const absent = ['calloc', 'malloc', 'free', 'realloc'].map(
  (name) => `-Wl,--defsym=engine_${name}=machine_trap`,
);

function link(
  compiler: Compiler,
  objects: readonly string[],
  output: string,
  flags: readonly string[],
): void {
  const [command = ''] = compiler.command;
  execFileSync(command, [...linkFlags, ...flags, '-o', output, ...objects, '-lm'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

/**
 * The program that makes images, with the address and undefined-behaviour sanitizers in csrc/engine and csrc/addon:
 * it runs a bundle too, and the addon is in it. The sanitizers' own memory begins at 2 GiB, so the engine has less.
 */
export async function sanitizedFreeze(output: string): Promise<void> {
  const directory = translated();
  const { engine, initial } = await compileAll(staticCompiler(), directory);
  const own = join(root, 'csrc', 'engine');
  const sources = [...sourcesIn(own).filter((path) => !path.endsWith('/main.c')), ...addonSources()];
  const include = [own, ...addonFolders, directory].flatMap((path) => ['-I', path]);
  const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-sanitize=alignment'];
  const less = ['-DREACH=0x30000000ULL', '-DMOST_MEMORY=0x18000000ULL', '-DREAD_AT=0x20000000U'];
  const flags = [
    '-std=gnu17',
    '-g',
    '-O1',
    '-fno-pie',
    '-no-pie',
    '-w',
    '-DNAPI_VERSION=8',
    ...sanitizers,
    ...less,
  ];
  execFileSync(
    'gcc',
    [
      ...flags,
      ...include,
      '-idirafter',
      nodeHeaders(),
      '-o',
      output,
      ...sources,
      ...engine,
      ...initial,
      '-lm',
      '-lpthread',
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
}

/** The image of a bundle, with the C definitions that belong to it. */
export interface Image {
  readonly bytes: string;
  readonly values: string;
}

/** Compiles a bundle to bytecode and freezes it, by a program of this machine. */
export async function freeze(bundle: string, name: string): Promise<Image> {
  const compiler = staticCompiler();
  const objects = await compileAll(compiler, translated());
  const program = join(work, `${name}.freeze`);
  link(compiler, [...objects.engine, ...objects.initial, ...objects.own, ...objects.freeze], program, []);
  const bytecode = join(work, `${name}.bytecode`);
  const image = { bytes: join(work, `${name}.image`), values: join(work, `${name}.values.c`) };
  // Nothing of this machine can get in: there is no environment, and the names are the same everywhere.
  const options = {
    cwd: work,
    env: {},
    stdio: ['ignore', 'inherit', 'inherit'] as ['ignore', 'inherit', 'inherit'],
  };
  execFileSync(program, ['compile', bundle, bytecode], options);
  execFileSync(program, ['image', bytecode, image.bytes, image.values], options);
  return image;
}

/** Links a shipped program around an image. */
export async function assemble(image: Image, output: string, compiler: Compiler): Promise<void> {
  const directory = translated();
  const objects = await compileAll(compiler, directory);
  const [command = ''] = compiler.command;
  const section = `${image.bytes}.S`;
  writeFileSync(
    section,
    `.globl image_bytes\n.section .image,"aw"\nimage_bytes: .incbin "${image.bytes}"\n.globl image_beyond\n.section .beyond,"aw"\nimage_beyond: .quad 0\n.section .note.GNU-stack,"",@progbits\n`,
  );
  const include = ['-I', join(root, 'csrc', 'engine'), '-I', directory];
  execFileSync(command, [...ownFlags, ...include, '-c', image.values, '-o', `${image.values}.o`]);
  execFileSync(command, ['-c', section, '-o', `${section}.o`]);
  link(
    compiler,
    [...objects.engine, ...objects.own, ...objects.shipped, `${image.values}.o`, `${section}.o`],
    output,
    [
      '-s',
      '-Wl,-u,image_bytes',
      '-Wl,-u,image_beyond',
      `-Wl,--section-start=.image=0x${imageAddress.toString(16)}`,
      `-Wl,--section-start=.beyond=0x${beyond.toString(16)}`,
      ...absent,
    ],
  );
}
