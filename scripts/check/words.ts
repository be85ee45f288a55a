import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pagesOf } from './documents.ts';
import { filesOfC } from './functions.ts';
import type { ModuleGraph } from './module-graph.ts';

/**
 * What follows `hint:` (and a condition, and its two answers) and is not a capital: a name, a path or an option in
 * quotes may come first.
 */
const hint = /\bhint:\s*(?:[^'"`;{}]*?\?)?\s*(['"`])(?<first>[a-z][\w ]*)/g;
const otherHint = /\bhint:\s*[^'"`;{}]*\?\s*(['"`])(?:(?!\1).)*\1\s*:\s*(['"`])(?<first>[a-z][\w ]*)/gs;

/** Tables of them: `hints: { EPERM: '…' }`, `const hints = { … }`. */
const tables = /\bhints\b[^;{}]*\{(?:[^{}]|\{[^{}]*\})*\}/g;
const entry = /[\w'"]:\s*(['"`])(?<first>[a-z][\w ]*)/g;

/** Words that are written in one way. Behind a slash they are somebody else's, which a test looks for. */
const words: readonly (readonly [RegExp, string])[] = [
  [/(?<!\/)\bcan(?:\\?['’]t| not)\b/gi, 'cannot'],
  [/\bfor ever\b/gi, 'forever'],
  [/\bbelongs? into\b/gi, 'belongs in'],
  [/\b(?:leaves?|leaving|left)\s(?:[\w.`-]+\s){0,4}away\b(?! from)/gi, 'leave out'],
];

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/** How hints begin. @param text of a file of src/ */
export function hintProblems(path: string, text: string): string[] {
  const problems: { line: number; what: string }[] = [];
  for (const pattern of [hint, otherHint])
    for (const match of text.matchAll(pattern))
      problems.push({
        line: lineOf(text, match.index),
        what: `a hint begins with a capital, not with "${match.groups?.['first']}"`,
      });
  for (const { 0: table, index } of text.matchAll(tables))
    for (const match of table.matchAll(entry))
      problems.push({
        line: lineOf(text, index + match.index),
        what: `a hint begins with a capital, not with "${match.groups?.['first']}"`,
      });
  return problems.map(({ line, what }) => `${path}:${line}: ${what}`);
}

/** Words that are spelled in another way than everywhere else. @param text of code, or of a page */
export function spellingProblems(path: string, text: string): string[] {
  return words.flatMap(([pattern, better]) =>
    [...text.matchAll(pattern)].map(
      ({ 0: found, index }) => `${path}:${lineOf(text, index)}: "${found}": write "${better}"`,
    ),
  );
}

/** The law's own test shows what it refuses. */
const own = 'test/unit/scripts/words.test.ts';

/** How src/ speaks to people in hints, how all code and all pages spell, and how wide comments are. */
export function checkWords(root: string, graph: ModuleGraph): string[] {
  const code = [...graph.keys(), ...filesOfC(root)];
  const paths = [...code, ...pagesOf(root)].filter((path) => !path.includes('/generated/') && path !== own);
  return paths.flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return [
      ...(path.startsWith('src/') ? hintProblems(path, text) : []),
      ...spellingProblems(path, text),
      ...(path.endsWith('.md') ? [] : wideLines(path, text)),
    ];
  });
}

/** A line of a comment is for reading: this wide at most, however wide the code is. */
const widest = 118;

/** Comments that are too wide to be read at a glance; an address cannot be parted. */
export function wideLines(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const comment = /^\s*(?:\/\*\*?|\*|\/\/)/.test(line) && line.trim().includes(' ', 4);
    return comment && line.length > widest
      ? [`${path}:${index + 1}: a comment of ${line.length} columns, ${widest} are enough`]
      : [];
  });
}
