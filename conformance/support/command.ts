/**
 * Runs programs as a caller of a runtime does: with a time-out, and never waiting for what a container keeps open.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface CommandResult {
  /** Exit status, the signal that ended it, or `timeout` when it was killed because its time was over. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until the program is killed. */
  readonly timeout?: number;
  /** Files that become stdout and stderr, instead of being read. */
  readonly stdout?: string;
  readonly stderr?: string;
  /** Descriptors above stdio that the program inherits, from 3 on. */
  readonly descriptors?: readonly number[];
}

const usualTimeout = 30_000;

/**
 * Runs a program to its end. Its output goes to files: a container inherits them, and pipes would keep us waiting for
 * it. Its input is an empty file: some runtimes give all three to the user of a user namespace, and /dev/null belongs
 * to this machine (crun 1.8.1 did that). Rejects only when the program cannot be started.
 */
export async function runCommand(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const scratch = mkdtempSync(join(tmpdir(), 'conformance-io-'));
  const paths = {
    stdout: options.stdout ?? join(scratch, 'out'),
    stderr: options.stderr ?? join(scratch, 'err'),
  };
  const files = [
    openSync(join(scratch, 'in'), 'a+'),
    openSync(paths.stdout, 'a'),
    openSync(paths.stderr, 'a'),
  ] as const;
  try {
    const code = await new Promise<number | string>((resolve, reject) => {
      const child = spawn(argv[0] ?? '', argv.slice(1), {
        stdio: [...files, ...(options.descriptors ?? [])],
        ...(options.cwd !== undefined && { cwd: options.cwd }),
        env: { ...process.env, ...options.env },
      });
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        child.kill('SIGKILL');
      }, options.timeout ?? usualTimeout);
      child.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      child.on('exit', (status, signal) => {
        clearTimeout(timer);
        resolve(late ? 'timeout' : (status ?? signal ?? 'unknown'));
      });
    });
    return { code, stdout: readFileSync(paths.stdout, 'utf8'), stderr: readFileSync(paths.stderr, 'utf8') };
  } finally {
    for (const file of files) closeSync(file);
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Runs a program that has to succeed; gives its output. */
export async function mustRun(argv: readonly string[], options?: CommandOptions): Promise<string> {
  const result = await runCommand(argv, options);
  if (result.code !== 0) throw new Error(`${argv.join(' ')}: exit ${result.code}: ${result.stderr.trim()}`);
  return result.stdout;
}
