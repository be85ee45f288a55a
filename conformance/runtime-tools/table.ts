import type { Result, Verdict } from './judge.ts';

const results: readonly Result[] = ['clean', 'silent', 'known-bad', 'failed'];

/** One line a program, and the sums. */
export function tableOf(verdicts: readonly Verdict[]): string[] {
  const rows = verdicts.map(({ name, result, ok, notOk, skipped, complaints, reason }) => [
    name,
    result,
    String(ok),
    String(notOk),
    String(skipped),
    reason ?? complaints[0] ?? '',
  ]);
  const all = [['program', 'result', 'ok', 'not ok', 'skipped', 'why'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column > 4 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  const sum = (field: 'ok' | 'notOk'): number => verdicts.reduce((total, each) => total + each[field], 0);
  const counts = results.map(
    (result) => `${verdicts.filter((each) => each.result === result).length} ${result}`,
  );
  const byStatus = verdicts.filter(({ code, notOk }) => code === 0 && notOk === 0).length;
  return [
    ...lines,
    `${verdicts.length} programs: ${counts.join(', ')}; ${sum('ok')} ok, ${sum('notOk')} not ok`,
    `exit status 0 and no "not ok", whatever was asserted or printed: ${byStatus}`,
  ];
}
