import { judge } from './budgets.ts';
import { findRow, type Report, type Row, ratio } from './report.ts';

const peers = ['runc', 'crun'];

/** Significant enough to compare, short enough to read. */
export function amount(value: number, unit: Row['unit']): string {
  if (unit === 'KiB')
    return value >= 10_240 ? `${(value / 1024).toFixed(1)} MiB` : `${Math.round(value)} KiB`;
  return `${value.toFixed(value < 100 ? 2 : 0)}`;
}

function cell(row: Row | undefined): string {
  if (row === undefined) return '–';
  const median = amount(row.median, row.unit);
  if (row.count < 3 || row.unit === 'KiB') return median;
  return `${median} (${amount(row.p10, row.unit)}–${amount(row.p90, row.unit)})`;
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => [...(row[column] ?? '')].length)),
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return `${[line(head), rule, ...body.map(line)].join('\n')}\n`;
}

function section(report: Report, scenario: string, arena: string): string {
  const rows = report.rows.filter((row) => row.scenario === scenario && row.arena === arena);
  const contenders = Object.keys(report.versions).filter((name) =>
    rows.some((row) => row.contender === name),
  );
  const beside = peers.filter((peer) => contenders.includes(peer) && contenders.includes('tsoci'));
  const head = ['', ...contenders, ...beside.map((peer) => `tsoci / ${peer}`)];
  const body = unique(rows.map((row) => row.operation)).map((operation) => {
    const about = { scenario, arena, operation };
    return [
      operation,
      ...contenders.map((contender) => cell(findRow(report, { ...about, contender }))),
      ...beside.map((peer) => ratio(report, about, peer)?.toFixed(2) ?? '–'),
    ];
  });
  return `### ${scenario}, ${arena}\n\n${markdown([head, ...body])}\n`;
}

function verdicts(report: Report): string {
  const rows = judge(report).map(({ scenario, operation, peer, limit, ratio: value, kept }) => [
    scenario,
    operation,
    `≤ ${limit} × ${peer}`,
    value.toFixed(2),
    kept ? 'kept' : 'missed',
  ]);
  if (rows.length === 0) return '';
  return `### budgets\n\n${markdown([['scenario', 'operation', 'budget', 'reached', ''], ...rows])}`;
}

/** The report for people, in Markdown: medians in milliseconds with the 10th and 90th percentile, and ratios. */
export function table(report: Report): string {
  const { machine } = report;
  const versions = Object.entries(report.versions).map(([name, version]) => `${name}: ${version}`);
  const heading =
    `${machine.date}, Linux ${machine.kernel}, ${machine.cores} × ${machine.processor}, ${machine.memoryGib} GiB, ` +
    `cgroup ${machine.cgroups}; medians of up to ${report.rounds} rounds in milliseconds, in brackets the 10th and 90th percentile.\n`;
  const places = unique(report.rows.map((row) => JSON.stringify([row.scenario, row.arena])));
  const sections = places.map((place) => {
    const [scenario, arena] = JSON.parse(place) as [string, string];
    return section(report, scenario, arena);
  });
  return `${heading}\n${versions.map((line) => `- ${line}\n`).join('')}\n${sections.join('')}${verdicts(report)}`;
}
