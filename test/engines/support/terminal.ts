import { join } from 'node:path';
import { runCommand } from '../../integration/support/runtime.ts';
import { expectSuccess } from '../../integration/support/sandbox.ts';

const program = join(import.meta.dirname, '../../integration/support/terminal.py');

/** What the person in front of the terminal waits for (a regular expression), and types then. */
export interface Step {
  readonly expect: string;
  readonly type?: string;
  readonly resize?: readonly [rows: number, columns: number];
}

/** Runs a command on a terminal of 30 rows and 100 columns. Throws unless every step was reached. */
export async function atTerminal(
  argv: readonly string[],
  steps: readonly Step[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number; output: string }> {
  const command = ['/usr/bin/python3', program, JSON.stringify(steps), '/usr/bin/env', ...argv];
  const env = { ...process.env, ...environment };
  const session = JSON.parse(expectSuccess(await runCommand(command, { env, timeout: 60_000 })).stdout);
  if (session.problem !== null || session.missed.length > 0)
    throw new Error(`${session.problem} missed ${session.missed}: ${JSON.stringify(session.output)}`);
  return session;
}
