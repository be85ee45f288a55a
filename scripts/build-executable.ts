/**
 * Build step: src/entry/node.ts → build/libexec/tsoci, the executable that engines call.
 *
 *   node --import tsx scripts/build-executable.ts [--plain]     (--plain: without the engine's settings)
 */
import { copyFileSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { presetEngine } from './executable/preset-engine.ts';
import { run } from './executable/run.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const libexec = join(root, 'build', 'libexec');
const target = join(libexec, 'tsoci');

/** The commit, for `--version`; empty outside a checkout. */
function commit(): string {
  try {
    return run('git', ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'], {}, root).trim();
  } catch {
    return '';
  }
}

function compile(output: string): void {
  const bun = join(root, 'node_modules', '.bin', 'bun');
  run(bun, [join(root, 'scripts', 'executable', 'compile.ts'), output, commit()], {}, root);
}

/** Everything is written under another name first: a running tsoci, or a build that is interrupted, never sees half a file. */
function replaceFile(path: string, write: (fresh: string) => void): void {
  const fresh = `${path}.new`;
  try {
    write(fresh);
    renameSync(fresh, path);
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** With the engine's settings inside where that works, plain elsewhere. */
function finish(plain: string, output: string): string {
  if (process.argv.includes('--plain')) {
    copyFileSync(plain, output);
    return 'plain';
  }
  try {
    presetEngine(root, plain, output);
    return 'with engine settings';
  } catch (error) {
    console.warn(
      `build-executable: the engine keeps its own settings and starts slower: ${(error as Error).message}`,
    );
    copyFileSync(plain, output);
    return 'plain';
  }
}

/** Runs the executable where nothing else is: whatever it cannot load from its own directory shows itself here. */
function smoke(executable: string): string {
  const version = run(executable, ['--version']).split('\n')[0] ?? '';
  if (!version.startsWith('tsoci version')) throw new Error(`--version says ${JSON.stringify(version)}`);
  return version;
}

mkdirSync(libexec, { recursive: true });
const plain = join(root, 'build', 'tsoci-plain');
try {
  compile(plain);
  let kind = '';
  replaceFile(target, (fresh) => {
    kind = finish(plain, fresh);
    smoke(fresh);
  });
  const megabytes = Math.round(statSync(target).size / 1e6);
  console.log(`build/libexec/tsoci: ${smoke(target)}, ${kind}, ${megabytes} MB`);
} catch (error) {
  console.error(`build-executable: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  rmSync(plain, { force: true });
}
