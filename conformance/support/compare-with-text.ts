import { type Clause, levels } from './clause.ts';
import { countNormativeWords } from './normative.ts';

/**
 * Where the clauses and the text of the specification differ in number: `SECTION LEVEL: N in the text, N in the clauses`.
 *
 * @param texts - Markdown by file name.
 */
export function compareWithText(
  clauses: readonly Clause[],
  texts: ReadonlyMap<string, string>,
): { readonly differences: readonly string[]; readonly words: number } {
  const differences: string[] = [];
  let words = 0;
  const covered = new Map<string, number>();
  for (const { pointer, level, times } of clauses) {
    const key = `${pointer} ${level}`;
    covered.set(key, (covered.get(key) ?? 0) + times);
  }
  for (const [file, markdown] of texts) {
    for (const [anchor, counts] of countNormativeWords(markdown)) {
      for (const level of levels) {
        const key = `${file}#${anchor} ${level}`;
        const inText = counts.get(level) ?? 0;
        const inClauses = covered.get(key) ?? 0;
        words += inText;
        covered.delete(key);
        if (inText !== inClauses)
          differences.push(`${key}: ${inText} in the text, ${inClauses} in the clauses`);
      }
    }
  }
  for (const [key, number] of covered)
    if (number > 0) differences.push(`${key}: 0 in the text, ${number} in the clauses`);
  return { differences, words };
}
