import { type Clause, type Level, levels } from './clause.ts';
import type { TestResult } from './run-tests.ts';

export type ClauseOutcome = 'met' | 'broken' | 'skipped' | 'untestable';

/** A clause is broken when one of its tests failed, skipped when all of them were, and met otherwise. */
export function outcomeOf(clause: Clause, results: ReadonlyMap<string, TestResult>): ClauseOutcome {
  if (clause.reason !== undefined) return 'untestable';
  const outcomes = clause.tests.map((name) => results.get(name)?.outcome ?? 'skipped');
  if (outcomes.includes('failed')) return 'broken';
  return outcomes.includes('passed') ? 'met' : 'skipped';
}

const oneLine = (text: string): string => text.trim().replaceAll(/\s*\n\s*/g, ' · ');

/** One line of TAP (version 14) and, for a failure, its YAML block. */
export function tapOf(result: TestResult, number: number, clauses: readonly Clause[]): string {
  const { test, outcome, message, milliseconds } = result;
  if (outcome === 'skipped') return `ok ${number} - ${test.name} # SKIP ${oneLine(message)}`;
  if (outcome === 'passed') return `ok ${number} - ${test.name}`;
  const bound = clauses.filter((clause) => clause.tests.includes(test.name));
  const lines = bound.map(({ id, level, pointer, says }) => `    - ${level} ${id} (${pointer}): ${says}`);
  return [
    `not ok ${number} - ${test.name}`,
    '  ---',
    `  message: ${JSON.stringify(message.trim())}`,
    `  milliseconds: ${milliseconds}`,
    '  clauses:',
    ...lines,
    '  ...',
  ].join('\n');
}

type Row = Readonly<Record<ClauseOutcome, number>>;

function countRow(clauses: readonly Clause[], results: ReadonlyMap<string, TestResult>): Row {
  const row = { met: 0, broken: 0, skipped: 0, untestable: 0 };
  for (const clause of clauses) row[outcomeOf(clause, results)] += 1;
  return row;
}

/** Clauses by document and level, as lines of a table. */
export function tableOf(clauses: readonly Clause[], results: ReadonlyMap<string, TestResult>): string[] {
  const head = ['document', 'level', 'clauses', 'met', 'broken', 'skipped', 'untestable'];
  const rows: string[][] = [head];
  const add = (document: string, level: string, some: readonly Clause[]): void => {
    const row = countRow(some, results);
    rows.push([
      document,
      level,
      ...[some.length, row.met, row.broken, row.skipped, row.untestable].map(String),
    ]);
  };
  const documents = [...new Set(clauses.map(({ pointer }) => pointer.replace(/#.*/, '')))];
  for (const document of documents) {
    const inside = clauses.filter(({ pointer }) => pointer.startsWith(`${document}#`));
    for (const level of levels satisfies readonly Level[]) {
      const some = inside.filter((clause) => clause.level === level);
      if (some.length > 0) add(document, level, some);
    }
  }
  add('all', '', clauses);
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
