/**
 * The tables of docs/conformance.md, from what run.ts and runtime-tools.ts wrote with --json.
 *
 *   node --import tsx conformance/markdown.ts FILE…
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { clauses } from './clauses/all.ts';
import { type Level, levels } from './support/clause.ts';

interface SuiteFile {
  readonly runtime: string;
  readonly version: string;
  readonly tests: readonly { readonly name: string; readonly outcome: string }[];
  readonly clauses: readonly { readonly id: string; readonly level: Level; readonly outcome: string }[];
}

interface ToolsFile {
  readonly runtime: string;
  readonly version: string;
  readonly verdicts: readonly {
    readonly name: string;
    readonly result: string;
    readonly ok: number;
    readonly notOk: number;
    readonly code: number | string;
    readonly reason?: string;
    readonly complaints: readonly string[];
  }[];
}

const files = process.argv.slice(2).map((path) => {
  const content: SuiteFile | ToolsFile = JSON.parse(readFileSync(path, 'utf8'));
  return { path: basename(path), content };
});
const suites = files.flatMap(({ content }) => ('tests' in content ? [content] : []));
const tools = files.flatMap(({ content }) => ('verdicts' in content ? [content] : []));

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const head = (cells: readonly string[]): string[] => [
  row(cells),
  row(cells.map((_, index) => (index === 0 ? '---' : '---:'))),
];
const named = ({ runtime, version }: { runtime: string; version: string }): string => `${runtime} ${version}`;
const count = <T>(some: readonly T[], is: (each: T) => boolean): number => some.filter(is).length;

function clauseTable(): string[] {
  const lines = head(['level', 'clauses', 'no test can decide', ...suites.map(named)]);
  const cell = (suite: SuiteFile, level: Level | undefined): string => {
    const some = suite.clauses.filter((clause) => level === undefined || clause.level === level);
    const of = (outcome: string): number => count(some, (clause) => clause.outcome === outcome);
    return `${of('met')} met, ${of('broken')} broken, ${of('skipped')} not tried`;
  };
  for (const level of [...levels, undefined]) {
    const some = clauses.filter((clause) => level === undefined || clause.level === level);
    const without = count(some, ({ reason }) => reason !== undefined);
    lines.push(row([level ?? 'all', some.length, without, ...suites.map((suite) => cell(suite, level))]));
  }
  const tests = (suite: SuiteFile): string =>
    ['passed', 'failed', 'skipped']
      .map((name) => `${count(suite.tests, ({ outcome }) => outcome === name)} ${name}`)
      .join(', ');
  lines.push(row(['tests', suites[0]?.tests.length ?? 0, '', ...suites.map(tests)]));
  return lines;
}

function toolsTable(): string[] {
  const names = [...new Set(tools.flatMap(({ verdicts }) => verdicts.map(({ name }) => name)))].sort();
  const lines = head(['program', ...tools.map(named)]);
  for (const name of names) {
    const cells = tools.map(({ verdicts }) => {
      const found = verdicts.find((each) => each.name === name);
      return found === undefined ? '' : `${found.result} ${found.ok}/${found.notOk}`;
    });
    lines.push(row([name, ...cells]));
  }
  for (const result of ['clean', 'silent', 'known-bad', 'failed']) {
    lines.push(
      row([
        `**${result}**`,
        ...tools.map(({ verdicts }) => count(verdicts, (each) => each.result === result)),
      ]),
    );
  }
  const sum = (file: ToolsFile, field: 'ok' | 'notOk'): number =>
    file.verdicts.reduce((total, each) => total + each[field], 0);
  lines.push(
    row(['**assertions ok / not ok**', ...tools.map((file) => `${sum(file, 'ok')} / ${sum(file, 'notOk')}`)]),
  );
  const byStatus = (file: ToolsFile): number =>
    count(file.verdicts, ({ code, notOk }) => code === 0 && notOk === 0);
  lines.push(row(['**status 0 and no `not ok`**', ...tools.map(byStatus)]));
  return lines;
}

/** Why the first runtime's programs are not clean. */
function reasonsTable(): string[] {
  const rows = (tools[0]?.verdicts ?? []).filter(({ result }) => result !== 'clean' && result !== 'silent');
  return [
    ...head(['program', 'why', 'ok / not ok']),
    ...rows.map(({ name, reason, complaints, ok, notOk }) =>
      row([name, (reason ?? complaints.join(' ')).replaceAll('|', '\\|'), `${ok} / ${notOk}`]),
    ),
  ];
}

const tables = [
  ...(suites.length > 0 ? [clauseTable()] : []),
  ...(tools.length > 0 ? [toolsTable(), reasonsTable()] : []),
];
console.log(tables.map((lines) => lines.join('\n')).join('\n\n'));
