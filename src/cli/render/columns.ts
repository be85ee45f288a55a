/** Rows as left-aligned columns; the last one is not padded. Ends with a newline unless there are no rows. */
export function columns(rows: readonly (readonly string[])[], least: number, gap: number): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (let i = 0; i < row.length - 1; i++) {
      const width = (row[i] as string).length + gap;
      if (width > (widths[i] ?? 0)) widths[i] = Math.max(width, least);
    }
  }
  let text = '';
  for (const row of rows) {
    let line = '';
    for (let i = 0; i < row.length; i++) line += (row[i] as string).padEnd(widths[i] ?? 0);
    text += `${line.trimEnd()}\n`;
  }
  return text;
}
