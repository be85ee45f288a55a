/**
 * Build step: src/entry/executable.ts → build/libexec/tsoci, the executable that engines call.
 *
 *   node --import tsx scripts/build-executable.ts [OUTPUT] [--aarch64]
 *
 * With --aarch64 for that machine, by its cross compiler: the image is the same.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { assemble, freeze } from './engine/assemble.ts';
import { bundle } from './engine/bundle.ts';
import { crossCompiler, staticCompiler } from './engine/compile.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { aarch64: { type: 'boolean', default: false } },
});
const target = resolve(positionals[0] ?? join(root, 'build', 'libexec', 'tsoci'));

/** The commit, for `--version`; empty outside a checkout. */
function commit(): string {
  try {
    const words = ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'];
    return execFileSync('git', words, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}

/** Runs it where nothing else is: whatever it cannot do without shows itself here. */
function smoke(executable: string): string {
  const version =
    execFileSync(executable, ['--version'], { cwd: '/', env: {}, encoding: 'utf8' }).split('\n')[0] ?? '';
  if (!version.startsWith('tsoci version')) throw new Error(`--version says ${JSON.stringify(version)}`);
  return version;
}

mkdirSync(join(root, 'build', 'engine'), { recursive: true });
mkdirSync(dirname(target), { recursive: true });
const script = join(root, 'build', 'engine', 'tsoci.js');
await bundle({
  entry: join(root, 'src', 'entry', 'executable.ts'),
  output: script,
  commit: commit(),
  // What the commands run that engines call again and again: without the rest between them, they lie on fewer pages.
  first: [
    'src/entry/engine.ts',
    'src/cli/table/parse.ts',
    'src/cli/report.ts',
    'src/cli/session.ts',
    ...['create', 'exec', 'state', 'start', 'kill', 'delete', 'list'].map(
      (name) => `src/cli/commands/${name}.ts`,
    ),
    'src/container/create.ts',
    'src/container/exec.ts',
    'src/container/state.ts',
    'src/container/start.ts',
    'src/container/kill.ts',
    'src/container/remove.ts',
    'src/container/list.ts',
  ],
  // What engines' calls come to on their way: the schemas alone, for a look at unknown properties, took 0.5 ms of
  // `create`. Evaluating all that is imported late would spread what every call needs over more pages: 200 KB of peak
  // memory.
  evaluated: [
    'src/entry/engine-globals.ts',
    'src/bundle/schema/unknown-properties.ts',
    'src/seccomp/compile-seccomp.ts',
    'src/container/hooks/hooks.ts',
    'src/container/supervise.ts',
  ],
});
const image = await freeze(script, 'tsoci');
// Under another name first: a running tsoci, or a build that is interrupted, never sees half a file.
const fresh = `${target}.new`;
try {
  const compiler = values.aarch64 ? crossCompiler() : staticCompiler();
  await assemble(image, fresh, compiler);
  const version = values.aarch64 ? 'for aarch64' : smoke(fresh);
  renameSync(fresh, target);
  console.log(`${target.slice(root.length + 1)}: ${version}, ${(statSync(target).size / 1e6).toFixed(1)} MB`);
} finally {
  rmSync(fresh, { force: true });
}
