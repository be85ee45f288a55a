/**
 * The candidate that was probably meant, or undefined when none is close: at most a third of its letters may differ,
 * where two neighbours swapped count as one difference, and a beginning of at least two letters that fits a single
 * candidate is close enough.
 */
export function nearest(given: string, candidates: readonly string[]): string | undefined {
  const word = given.toLowerCase();
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const most = Math.max(1, Math.ceil(candidate.length / 3));
    if (Math.abs(candidate.length - word.length) > most) continue;
    const distance = editDistance(word, candidate.toLowerCase());
    if (distance < bestDistance && distance <= most) {
      best = candidate;
      bestDistance = distance;
    }
  }
  if (best !== undefined || word.length < 2) return best;
  const beginning = candidates.filter((candidate) => candidate.toLowerCase().startsWith(word));
  return beginning.length === 1 ? beginning[0] : undefined;
}

/**
 * Optimal string alignment: insertions, deletions, replacements and swaps of neighbours. Long words are not compared.
 */
export function editDistance(a: string, b: string): number {
  if (a.length > 64 || b.length > 64) return Number.POSITIVE_INFINITY;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = at(last, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let least = Math.min(at(last, column) + 1, at(current, column - 1) + 1, replaced);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        least = Math.min(least, at(beforeLast, column - 2) + 1);
      }
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] as number;
}
