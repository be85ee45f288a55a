import { knownBad } from './known-bad.ts';

/** What a program wrote and how it ended. */
export interface ProgramOutput {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export type Result = 'clean' | 'silent' | 'known-bad' | 'failed';

/** What became of one program. */
export interface Verdict {
  readonly name: string;
  readonly result: Result;
  readonly ok: number;
  readonly notOk: number;
  readonly skipped: number;
  readonly code: number | string;
  /** What it complained about: assertions that failed, violations that it printed without asserting, its end. */
  readonly complaints: readonly string[];
  /** Why it is known-bad. */
  readonly reason?: string;
}

/** Sentences of the specification that a program prints as violated, with or without an assertion. */
function printedViolations({ stdout, stderr }: ProgramOutput): string[] {
  const lines: string[] = [];
  for (const [, text = ''] of stdout.matchAll(/^ {4}"error": "(.*?\\nRefer to: .*?)"/gm)) {
    lines.push(text.replaceAll('\\n', ' '));
  }
  for (const [text] of stderr.matchAll(/^.*\nRefer to: .*$/gm)) lines.push(text.replaceAll('\n', ' '));
  return lines;
}

/**
 * Counts assertions, which is not what the exit status tells: some programs assert nothing, and some print a
 * violation and end well. Only assertions at the beginning of a line count: others are quoted from inside a
 * container.
 */
export function judge(name: string, output: ProgramOutput): Verdict {
  const lines = output.stdout.split('\n');
  const notOk = lines.filter((line) => /^not ok\b/.test(line));
  const ok = lines.filter((line) => /^ok\b/.test(line));
  const complaints = [...notOk];
  if (notOk.length === 0) complaints.push(...printedViolations(output));
  if (output.code !== 0 && complaints.length === 0) {
    complaints.push(`exit ${output.code}: ${output.stderr.trim().split('\n').join(' · ')}`);
  }
  const counted = {
    name,
    ok: ok.length,
    notOk: notOk.length,
    skipped: ok.filter((line) => /# SKIP/i.test(line)).length,
    code: output.code,
    complaints,
  };
  if (complaints.length === 0) return { ...counted, result: ok.length > 0 ? 'clean' : 'silent' };
  const known = knownBad[name];
  if (known === undefined || !complaints.every((line) => known.complaints.test(line))) {
    return { ...counted, result: 'failed' };
  }
  return { ...counted, result: 'known-bad', reason: `${known.fault}: ${known.reason}` };
}
