import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { FileResult } from './run-files.ts';

/** Statuses of test/vm/test that say more than that a test failed. */
const TOO_LONG = 124;
const NO_MACHINE = 125;

/** What the run inside prints for each file. */
const fileLine = /^(?:ok {2}|FAIL) (.+) · (\d+) passed(?:, (\d+) failed)?(?:, (\d+) skipped)? · ([\d.]+) s$/;

/** The machines of the short form, by what test/vm/test calls them. */
const machines = ['files', 'systemd'];

/**
 * The short form of the tests in virtual machines, which run side by side: tells of each file that ran inside them. A
 * machine that cannot have virtual machines counts as one skipped test for each, and says why.
 */
export async function runMachines(directory: string, tell: (result: FileResult) => void): Promise<void> {
  await Promise.all(machines.map((machine) => runMachine(directory, machine, tell)));
}

async function runMachine(
  directory: string,
  form: string,
  tell: (result: FileResult) => void,
): Promise<void> {
  const child = spawn(join(directory, 'test/vm/test'), [form], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let problems = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    problems += text;
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(NO_MACHINE));
    child.on('close', (code) => resolve(code));
  });
  let failed = 0;
  let output = '';
  let rest = '';
  for await (const text of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    output += text;
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const found = fileLine.exec(line);
      if (found === null) continue;
      const result = resultOf(join(directory, found[1] ?? ''), `machine: ${form}`, found);
      failed += result.failed;
      tell(result);
    }
  }
  const status = await ended;
  if (status === 0 || (status === 1 && failed > 0)) {
    if (failed > 0) console.log(output);
    return;
  }
  tell(withoutTests(join(directory, 'test/vm', form), status, problems));
}

/** What is told of a machine that did not come to the end of its tests, or never began. */
function withoutTests(file: string, status: number | null, output: string): FileResult {
  const why = output.trim().split('\n').at(-1) ?? '';
  const common = { file, passed: 0, milliseconds: 0, output };
  if (status === NO_MACHINE)
    return { ...common, failed: 0, skipped: 1, problem: `skipped: no virtual machine can run here: ${why}` };
  const problem = status === TOO_LONG ? why : `ended with status ${status}: ${why}`;
  return { ...common, failed: 1, skipped: 0, problem };
}

function resultOf(file: string, machine: string, found: RegExpExecArray): FileResult {
  const number = (index: number) => Number(found[index] ?? 0);
  return {
    file: `${file} (${machine})`,
    passed: number(2),
    failed: number(3),
    skipped: number(4),
    milliseconds: number(5) * 1000,
    output: '',
  };
}
