import { type Level, levels } from './clause.ts';

/** How often each word of RFC 2119 stands in each section of a document. */
export type NormativeCounts = ReadonlyMap<string, ReadonlyMap<Level, number>>;

/** Longer words first: a MUST NOT is no MUST. MAY alone permits, and is no clause. */
const words = new RegExp(`\\b(?:${[...levels].sort((a, b) => b.length - a.length).join('|')})\\b`, 'g');

/** The anchor that a heading names itself, or the one that GitHub makes of its text. */
function anchorOf(heading: string): string {
  const named = /<a name="([^"]+)"/.exec(heading)?.[1];
  if (named !== undefined) return named;
  const text = heading.replace(/^#+\s*/, '').toLowerCase();
  return text
    .replaceAll(/[^a-z0-9 -]/g, '')
    .trim()
    .replaceAll(' ', '-');
}

/** Counts the normative words of a Markdown document by section, outside of examples. */
export function countNormativeWords(markdown: string): NormativeCounts {
  const counts = new Map<string, Map<Level, number>>();
  let section = '';
  let inExample = false;
  for (const line of markdown.split('\n')) {
    if (line.trimStart().startsWith('```')) inExample = !inExample;
    if (inExample) continue;
    if (line.startsWith('#')) section = anchorOf(line);
    for (const [word] of line.replaceAll('**', '').matchAll(words)) {
      const inside = counts.get(section) ?? new Map<Level, number>();
      inside.set(word as Level, (inside.get(word as Level) ?? 0) + 1);
      counts.set(section, inside);
    }
  }
  return counts;
}
