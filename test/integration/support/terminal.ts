/** Somebody who sits in front of a terminal. */
import { join } from 'node:path';
import { type CommandOptions, runCommand } from './runtime.ts';
import { expectSuccess, type Sandbox } from './sandbox.ts';

const program = join(import.meta.dirname, 'terminal.py');

/** What the person waits for, and does then. */
export interface Step {
  /** A regular expression for what was printed since the last step. */
  readonly expect: string;
  readonly type?: string;
  readonly resize?: readonly [rows: number, columns: number];
  readonly signal?: string;
}

export interface Session {
  /** Negative when a signal ended the command. */
  readonly code: number;
  readonly output: string;
  /** Whether the terminal was raw, at each step. */
  readonly raw: readonly boolean[];
  /** The terminal's settings were at the end what they were at the beginning. */
  readonly restored: boolean;
}

/** Runs `tsoci ARGS` on a terminal of 30 rows and 100 columns. Throws unless every step was reached. */
export function onTerminal(
  sandbox: Sandbox,
  args: readonly string[],
  steps: readonly Step[] = [],
): Promise<Session> {
  return commandOnTerminal([...sandbox.runtime, '--root', sandbox.root, ...args], steps);
}

/** The same for any command. */
export async function commandOnTerminal(
  command: readonly string[],
  steps: readonly Step[] = [],
  options: CommandOptions = {},
): Promise<Session> {
  const argv = ['/usr/bin/python3', program, JSON.stringify(steps), ...command];
  // More than the program itself has.
  const result = await runCommand(argv, { timeout: 150_000, ...options });
  const session = JSON.parse(expectSuccess(result).stdout);
  if (session.problem !== null || session.missed.length > 0)
    throw new Error(`${session.problem} missed ${session.missed}: ${JSON.stringify(session.output)}`);
  return session;
}
