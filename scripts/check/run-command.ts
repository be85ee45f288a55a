import { spawn } from 'node:child_process';

/** One check that another program does. */
export interface Command {
  readonly name: string;
  readonly argv?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Not a failure when the program is not installed. */
  readonly optional?: boolean;
  /** Why it cannot be run here. */
  readonly skip?: string;
}

export interface Outcome {
  readonly name: string;
  readonly problems: readonly string[];
  readonly skipped?: string;
  readonly milliseconds: number;
}

/** Runs a command; whatever it prints is its list of problems when it fails. */
export function runCommand(command: Command, directory: string): Promise<Outcome> {
  const began = Date.now();
  const outcome = (problems: readonly string[], skipped?: string): Outcome => ({
    name: command.name,
    problems,
    milliseconds: Date.now() - began,
    ...(skipped === undefined ? {} : { skipped }),
  });
  const [program, ...argv] = command.argv ?? [];
  if (program === undefined) return Promise.resolve(outcome([], command.skip ?? 'nothing to run'));
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(program, argv, {
      cwd: directory,
      env: { ...process.env, ...command.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const take = (text: string) => {
      output += text;
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', (error: NodeJS.ErrnoException) => {
      const absent = error.code === 'ENOENT' && command.optional === true;
      resolve(absent ? outcome([], `${program} is not installed`) : outcome([error.message]));
    });
    child.on('close', (code, signal) => {
      resolve(outcome(code === 0 ? [] : [output.trim() || `${program} ended with ${signal ?? code}`]));
    });
  });
}
