/** Containers that are saved and go on. */
import { execFileSync, spawnSync } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle, ConfigChange } from './bundle.ts';
import { type CommandResult, runtimeCommand } from './runtime.ts';
import { expectSuccess, type Sandbox } from './sandbox.ts';
import { until } from './wait.ts';

/** Why nothing can be checkpointed here; undefined where it can. */
export function whyNoCriu(): string | undefined {
  const { status, stderr, error } = spawnSync('criu', ['check'], { encoding: 'utf8' });
  if (error !== undefined) return 'it takes CRIU (package criu)';
  if (status === 0) return undefined;
  const lines = stderr.trim().split('\n');
  return `criu check: ${lines.find((line) => line.startsWith('Error')) ?? lines.at(-1)}`;
}

/** Milliseconds for a command that calls CRIU, which takes many seconds under emulation. */
export const patient = { timeout: 180_000 };

/** Prints a number that grows by one each time. */
export const counting = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done';

/** The root filesystem has to be writable by whoever writes to it. */
export const writable: ConfigChange = (config) => {
  if (config.root) config.root.readonly = false;
};

/**
 * Runs `tsoci ARGS` detached from the test: what it starts writes through a pipe to a file, as an engine's log does.
 * Gives the file.
 */
export async function logged(
  sandbox: Sandbox,
  args: readonly string[],
): Promise<{ readonly log: string; readonly result: CommandResult }> {
  const log = join(sandbox.directory(), 'log');
  openSync(log, 'w');
  const script = 'log=$1; status=$2; shift 2; { "$@" </dev/null; echo $? >"$status"; } 2>&1 | cat >>"$log" &';
  const status = `${log}.status`;
  execFileSync('sh', ['-c', script, 'sh', log, status, ...runtimeCommand, '--root', sandbox.root, ...args], {
    stdio: 'ignore',
  });
  const code = await until('the command ends', () => read(status).trim() || undefined, 180);
  return { log, result: { code: Number(code), signal: null, stdout: '', stderr: read(log) } };
}

export function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The numbers in a log. */
export function numbers(log: string): number[] {
  return read(log)
    .split('\n')
    .filter((line) => /^\d+$/.test(line))
    .map(Number);
}

/** A running container that counts into a log. */
export async function startCounting(
  sandbox: Sandbox,
  change: ConfigChange = () => undefined,
  prepare: (bundle: Bundle) => void = () => undefined,
) {
  const id = sandbox.id();
  const bundle = sandbox.script(counting, (config) => {
    writable(config);
    change(config);
  });
  prepare(bundle);
  const { directory } = bundle;
  const { log, result } = await logged(sandbox, ['run', '--detach', '--bundle', directory, id]);
  expectSuccess(result);
  await until('it counts', () => numbers(log).length > 3);
  return { id, bundle: directory, log };
}

/** Saves a container; gives the directory with the images. */
export async function save(sandbox: Sandbox, id: string, options: readonly string[] = []): Promise<string> {
  const images = join(sandbox.directory(), 'images');
  expectSuccess(await sandbox.tsoci(['checkpoint', '--image-path', images, ...options, id], patient));
  return images;
}

/** Restores a container that counts under an id, and waits until it goes on; gives its new log. */
export async function goOn(
  sandbox: Sandbox,
  id: string,
  bundle: string,
  images: string,
  options: readonly string[] = [],
): Promise<string> {
  const args = ['restore', '--detach', '--bundle', bundle, '--image-path', images, ...options, id];
  const { log, result } = await logged(sandbox, args);
  expectSuccess(result);
  await until('it counts on', () => numbers(log).length > 3);
  return log;
}
