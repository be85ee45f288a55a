/**
 * Build step: src/cli/main.ts → build/libexec/tsoci, the executable that engines call, with koffi's native part beside it.
 *
 *   node --import tsx scripts/build-executable.ts
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const libexec = join(root, 'build', 'libexec');

/**
 * Engines call us inside the bundle, which others write: the executable must read nothing from the working directory. With
 * Bun's defaults it would run code that a bunfig.toml there names, and take a .env there for the environment.
 */
const noAutoload = ['dotenv', 'bunfig', 'tsconfig', 'package-json'].map(
  (what) => `--no-compile-autoload-${what}`,
);

function fail(message: string): never {
  console.error(`build-executable: ${message}`);
  process.exit(1);
}

function run(command: string, args: readonly string[], cwd: string): string {
  // HOME and the environment stay: Bun needs nothing of them, but a build behind a proxy might.
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (error) fail(`${command}: ${error.message}`);
  if (status !== 0) fail(`${command} ${args.join(' ')} failed (${status})\n${stdout}${stderr}`);
  return stdout;
}

/** Compiles to a temporary name and renames: a running tsoci, or a build that is interrupted, never sees half a file. */
function compile(): string {
  const target = join(libexec, 'tsoci');
  const fresh = `${target}.new`;
  run(
    join(root, 'node_modules', '.bin', 'bun'),
    [
      'build',
      '--compile',
      // Bytecode of lazily imported chunks is read when they are needed, but only with --splitting: 3.1 instead of 5.6 ms.
      '--bytecode',
      '--splitting',
      '--format=esm',
      '--minify',
      // Stack traces of our own faults keep readable names.
      '--keep-names',
      '--define=TSOCI_COMPILED=true',
      ...noAutoload,
      `--outfile=${fresh}`,
      join(root, 'src', 'cli', 'main.ts'),
    ],
    root,
  );
  renameSync(fresh, target);
  return target;
}

/** The prebuilt addon of koffi for this machine and C library. */
function koffiAddon(): string {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const library = report.header?.glibcVersionRuntime === undefined ? 'musl' : 'linux';
  const directory = join(root, 'node_modules', '@koromix', `koffi-linux-${process.arch}`);
  return join(directory, `${library}_${process.arch}`, 'koffi.node');
}

function copyKoffi(): void {
  const target = join(libexec, 'koffi.node');
  try {
    copyFileSync(koffiAddon(), `${target}.new`);
  } catch (error) {
    rmSync(`${target}.new`, { force: true });
    fail(`koffi has no addon for this machine: ${(error as Error).message}`);
  }
  renameSync(`${target}.new`, target);
}

/** Runs the fresh executable where nothing else is: whatever it cannot load from its own directory shows itself here. */
function smoke(executable: string): string {
  const version = run(executable, ['--version'], '/').split('\n')[0] ?? '';
  if (!version.includes('tsoci')) fail(`${executable} --version says ${JSON.stringify(version)}`);
  return version;
}

mkdirSync(libexec, { recursive: true });
copyKoffi();
const executable = compile();
const megabytes = Math.round(statSync(executable).size / 1e6);
console.log(`build/libexec/tsoci: ${smoke(executable)}, ${megabytes} MB`);
