import { findRow, type Report } from './report.ts';
import { amount } from './table.ts';

/** What the picture shows; a group whose rows are missing is left out. */
const groups: readonly { scenario: string; operation: string; label: string }[] = [
  { scenario: 'tight loop', operation: 'create', label: 'create' },
  { scenario: 'tight loop', operation: 'start', label: 'start' },
  { scenario: 'tight loop', operation: 'delete', label: 'delete' },
  { scenario: 'tight loop', operation: 'create+start+delete', label: 'all three' },
  { scenario: 'rested', operation: 'create+start+delete', label: 'all three, rested' },
  { scenario: 'tight loop', operation: 'exec', label: 'exec /bin/true' },
  { scenario: 'tight loop', operation: 'state', label: 'state' },
  { scenario: 'run of /bin/true', operation: 'run /bin/true', label: 'run /bin/true' },
];

/** Colours that keep their contrast on white and on dark grey. */
const colours: Readonly<Record<string, string>> = {
  runc: '#8b95a5',
  crun: '#c98a2b',
  tsoci: '#2f81f7',
};
const otherColours = ['#9b72cf', '#3fa66a', '#c4573f'];

const WIDTH = 760;
const LEFT = 150;
const RIGHT = 110;
const BAR = 14;
const GAP = 3;
const GROUP_GAP = 14;
const TOP = 64;

/** No colour of its own for the background: text takes the reader's scheme. */
const style = `
  text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #24292f; }
  .title { font-size: 16px; font-weight: 600; }
  .small { font-size: 11px; fill: #57606a; }
  .ours { font-weight: 600; }
  .axis { stroke: #d0d7de; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .small { fill: #9da7b3; } .axis { stroke: #3d444d; }
  }
`;

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function colourOf(contender: string, others: readonly string[]): string {
  return colours[contender] ?? otherColours[others.indexOf(contender) % otherColours.length] ?? '#888';
}

interface Drawing {
  readonly parts: string[];
  y: number;
}

function legend(drawing: Drawing, contenders: readonly string[], others: readonly string[]): void {
  let x = LEFT;
  for (const contender of contenders) {
    drawing.parts.push(
      `<rect x="${x}" y="38" width="11" height="11" rx="2" fill="${colourOf(contender, others)}"/>`,
    );
    drawing.parts.push(`<text x="${x + 16}" y="48">${escaped(contender)}</text>`);
    x += 36 + contender.length * 8;
  }
}

function bars(
  report: Report,
  drawing: Drawing,
  contenders: readonly string[],
  others: readonly string[],
): void {
  const about = { arena: 'compared' };
  const shown = groups.map((group) => ({
    label: group.label,
    rows: contenders.flatMap((contender) => findRow(report, { ...about, ...group, contender }) ?? []),
  }));
  const longest = Math.max(...shown.flatMap(({ rows }) => rows.map((row) => row.median)));
  const scale = (WIDTH - LEFT - RIGHT) / longest;
  for (const { label, rows } of shown) {
    if (rows.length === 0) continue;
    const middle = drawing.y + (rows.length * (BAR + GAP)) / 2 + 3;
    drawing.parts.push(`<text x="${LEFT - 10}" y="${middle}" text-anchor="end">${escaped(label)}</text>`);
    const ours = rows.find((row) => row.contender === 'tsoci');
    for (const row of rows) {
      const width = Math.max(1, row.median * scale).toFixed(1);
      const times = ours && ours !== row ? ` (${(row.median / ours.median).toFixed(1)} ×)` : '';
      const kind = row === ours ? ' class="ours"' : '';
      const text = `${amount(row.median, row.unit)} ms${times}`;
      drawing.parts.push(
        `<rect x="${LEFT}" y="${drawing.y}" width="${width}" height="${BAR}" rx="2" fill="${colourOf(row.contender, others)}"/>`,
        `<text${kind} x="${LEFT + Number(width) + 6}" y="${drawing.y + 11}">${escaped(text)}</text>`,
      );
      drawing.y += BAR + GAP;
    }
    drawing.y += GROUP_GAP;
  }
}

/** The medians as an SVG bar chart, readable on light and dark, with nothing loaded from elsewhere. */
export function picture(report: Report): string {
  const drawing: Drawing = { parts: [], y: TOP };
  const contenders = Object.keys(report.versions).filter((name) =>
    report.rows.some((row) => row.contender === name),
  );
  const others = contenders.filter((contender) => !(contender in colours));
  const { machine } = report;
  const summary =
    `Linux ${machine.kernel}, ${machine.cores} cores, ${machine.date}; medians of ${report.rounds} rounds taken in turn; ` +
    'in brackets: times as long as tsoci';
  legend(drawing, contenders, others);
  bars(report, drawing, contenders, others);
  const height = drawing.y + 24;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    '<title>Milliseconds for each command of runc, crun and tsoci, shorter is better</title>',
    `<style>${style}</style>`,
    '<text class="title" x="12" y="22">Milliseconds for each command, side by side (shorter is better)</text>',
    `<line class="axis" x1="${LEFT}" y1="${TOP - 6}" x2="${LEFT}" y2="${drawing.y - GROUP_GAP + 4}"/>`,
    ...drawing.parts,
    `<text class="small" x="12" y="${height - 8}">${escaped(summary)}</text>`,
    '</svg>\n',
  ].join('\n');
}
