import { columns } from './columns.ts';

const gap = 2;
const ellipsis = '…';
/** Fewer characters say nothing of a place in config.json; its end is what tells. */
const leastPlace = 16;

/**
 * Rows as columns that are nowhere wider than `width`: the last column is cut at its end, and the one before it,
 * places in config.json, at its beginning.
 * @returns the text, and whether anything was cut
 */
export function narrowColumns(
  rows: readonly (readonly string[])[],
  width: number,
): { readonly text: string; readonly cut: boolean } {
  const fixed = [0, 1].map((column) => widest(rows, column) + gap).reduce((sum, each) => sum + each, 0);
  const room = Math.max(width - fixed, leastPlace * 2);
  const place = Math.min(widest(rows, 2), Math.max(leastPlace, Math.floor(room / 2) - gap));
  const details = Math.max(room - place - gap, 1);
  let cut = false;
  const fitted = rows.map((row) => {
    const [from = '', what = ''] = row.slice(2);
    cut ||= from.length > place || what.length > details;
    return [...row.slice(0, 2), cutBeginning(from, place), cutEnd(what, details)];
  });
  return { text: columns(fitted, 0, gap), cut };
}

function widest(rows: readonly (readonly string[])[], column: number): number {
  return Math.max(...rows.map((row) => row[column]?.length ?? 0));
}

// Half of a character that takes two places is left out as well.

function cutEnd(text: string, width: number): string {
  if (text.length <= width) return text;
  return `${text.slice(0, width - 1).replace(/[\ud800-\udbff]$/, '')}${ellipsis}`;
}

function cutBeginning(text: string, width: number): string {
  if (text.length <= width) return text;
  return `${ellipsis}${text.slice(text.length - width + 1).replace(/^[\udc00-\udfff]/, '')}`;
}
