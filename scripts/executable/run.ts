import { spawnSync } from 'node:child_process';

/** Runs a program to its end, from the root directory of the file system. Gives what it printed; throws when it failed. */
export function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  directory = '/',
): string {
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  if (error) throw new Error(`${program}: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ended with ${signal ?? status}\n${stdout}${stderr}`.trim());
  return stdout + stderr;
}
