import { type Clause, levels } from './clause.ts';
import { countNormativeWords } from './normative.ts';

/** How often each level stands in each section, by `FILE.md#ANCHOR`. */
export type SectionWords = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The normative words of whole documents. `texts` is their Markdown by file name. */
export function wordsOf(texts: ReadonlyMap<string, string>): SectionWords {
  const sections: Record<string, Record<string, number>> = {};
  for (const [file, markdown] of texts) {
    for (const [anchor, counts] of countNormativeWords(markdown))
      sections[`${file}#${anchor}`] = Object.fromEntries(counts);
  }
  return sections;
}

/** Where clauses and text differ in number: `SECTION LEVEL: N in the text, N in the clauses`. */
export function compareWithWords(clauses: readonly Clause[], words: SectionWords): readonly string[] {
  const covered: Record<string, Record<string, number>> = {};
  for (const { pointer, level, times } of clauses) {
    const inside = covered[pointer] ?? {};
    inside[level] = (inside[level] ?? 0) + times;
    covered[pointer] = inside;
  }
  const differences: string[] = [];
  for (const section of new Set([...Object.keys(words), ...Object.keys(covered)])) {
    for (const level of levels) {
      const inText = words[section]?.[level] ?? 0;
      const inClauses = covered[section]?.[level] ?? 0;
      if (inText !== inClauses)
        differences.push(`${section} ${level}: ${inText} in the text, ${inClauses} in the clauses`);
    }
  }
  return differences;
}
