/** What the system says about a path that a caller chose must reach that caller as such. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Native calls that take a path first. */
const calls =
  'readFile|readText|writeFile|createFile|readDirectory|makeDirectory|removeDirectory|unlink|rename|chmod|chown|' +
  'readLink|realPath|status|fileSystemType|open|sealedCopy|listen|connect';
const callForm = new RegExp(`\\b#?native\\.(${calls})\\(\\s*([^\\s,)]*)`, 'g');

/** Paths of the kernel's own, and of what is open already: nobody chose them. */
const kernelPath = /^(['`]\/(proc|sys|dev)\/|within\()/;

/** The rooms whose files are the kernel's, and the doors themselves. */
const exempt = ['src/cgroup/', 'src/host/'];

/** Words before a bracket that say what happens to an error inside. */
const handles: readonly string[] = ['ask', 'askUnless', 'failuresOf', 'quietly', 'try'];

/**
 * Each native call on a path is made inside `ask` (src/host/files.ts) or a `try` of its own, unless the path begins
 * with /proc, /sys or /dev, or the comment above says that `SystemError` is thrown on purpose, for the caller to
 * word. Otherwise EACCES or ENAMETOOLONG would come out without a word of what was wanted.
 */
export function checkCallerPaths(root: string): string[] {
  const problems: string[] = [];
  for (const name of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    const path = `src/${name}`;
    if (!name.endsWith('.ts') || exempt.some((room) => path.startsWith(room))) continue;
    const text = readFileSync(join(root, path), 'utf8');
    for (const line of uncheckedCalls(text)) problems.push(`${path}:${line}: make this call inside ask()`);
  }
  return problems;
}

/** Lines of the calls that nothing catches. */
export function uncheckedCalls(text: string): number[] {
  const lines: number[] = [];
  for (const match of text.matchAll(callForm)) {
    if (kernelPath.test(match[2] ?? '')) continue;
    if (saysSo(text, match.index)) continue;
    if (!surroundings(text, match.index).some((word) => handles.includes(word)))
      lines.push(text.slice(0, match.index).split('\n').length);
  }
  return lines;
}

/** The last documenting comment before a place names the error. */
function saysSo(text: string, place: number): boolean {
  const begin = text.lastIndexOf('/**', place);
  return begin >= 0 && text.slice(begin, text.indexOf('*/', begin)).includes('SystemError');
}

/**
 * The words before the brackets that are open at a place, outermost first. Reads strings and comments over; the
 * brackets of a regular expression are taken for code, which is harmless as long as they match.
 */
function surroundings(text: string, place: number): string[] {
  const open: string[] = [];
  const tokens =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|[([{]|[)\]}]/g;
  for (const { 0: token, index } of text.matchAll(tokens)) {
    if (index >= place) break;
    if ('([{'.includes(token))
      open.push(/(\w+)\s*$/.exec(text.slice(Math.max(0, index - 40), index))?.[1] ?? '');
    else if (')]}'.includes(token)) open.pop();
  }
  return open;
}
