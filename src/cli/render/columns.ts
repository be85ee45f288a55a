/** Rows as left-aligned columns; the last one is not padded. Ends with a newline unless there are no rows. */
export function columns(rows: readonly (readonly string[])[], least: number, gap: number): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.slice(0, -1).entries()) {
      widths[i] = Math.max(widths[i] ?? least, cell.length + gap);
    }
  }
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}
