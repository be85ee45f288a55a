import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = join(import.meta.dirname, '../../../conformance/run.ts');

/** What conformance/run.ts writes with --json. */
export interface ConformanceReport {
  readonly runtime: string;
  readonly version: string;
  readonly tests: readonly {
    readonly name: string;
    readonly outcome: 'passed' | 'failed' | 'skipped';
    /** What went wrong, or why it was skipped. */
    readonly message?: string;
  }[];
}

/** Runs the conformance suite against a runtime, as `make conformance` does. Throws when it came to no report. */
export async function runConformance(runtime: string, match = ''): Promise<ConformanceReport> {
  const directory = mkdtempSync(join(tmpdir(), 'conformance-report-'));
  const file = join(directory, 'report.json');
  const options = ['--runtime', runtime, '--match', match, '--json', file];
  try {
    const complaint = await new Promise<string>((resolve) => {
      const command = [...process.execArgv, program, ...options];
      // Its status is 1 when a test failed; the report tells more.
      execFile(process.execPath, command, { maxBuffer: 1 << 26 }, (_, __, stderr) => resolve(stderr));
    });
    try {
      return JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      throw new Error(`${program} ${options.join(' ')} wrote no report: ${complaint.trim()}`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
