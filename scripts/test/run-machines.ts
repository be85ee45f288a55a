import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { FileResult } from './run-files.ts';

/** Statuses of test/vm/test that say more than that a test failed. */
const TOO_LONG = 124;
const NO_MACHINE = 125;

/** What the run inside prints for each file. */
const fileLine = /^(?:ok {2}|FAIL) (.+) · (\d+) passed(?:, (\d+) failed)?(?:, (\d+) skipped)? · ([\d.]+) s$/;

/**
 * The short form of the tests in virtual machines: the results of the files that ran inside them. A machine that can't have virtual
 * machines counts as one skipped test, and says why.
 */
export async function* runMachines(directory: string): AsyncGenerator<FileResult> {
  const child = spawn(join(directory, 'test/vm/test'), ['short'], {
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
  let machine = '';
  let failed = 0;
  let output = '';
  let rest = '';
  for await (const text of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    output += text;
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('==== ')) machine = line.slice('==== '.length);
      const found = fileLine.exec(line);
      if (found === null) continue;
      const result = resultOf(join(directory, found[1] ?? ''), machine, found);
      failed += result.failed;
      yield result;
    }
  }
  const status = await ended;
  if (status === 0 || (status === 1 && failed > 0)) {
    if (failed > 0) console.log(output);
    return;
  }
  const why = problems.trim().split('\n').at(-1) ?? '';
  const common = { file: join(directory, 'test/vm'), passed: 0, milliseconds: 0, output: problems };
  if (status === NO_MACHINE)
    yield { ...common, failed: 0, skipped: 1, problem: `skipped: no virtual machine can run here: ${why}` };
  else
    yield {
      ...common,
      failed: 1,
      skipped: 0,
      problem: status === TOO_LONG ? why : `ended with status ${status}: ${why}`,
    };
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
