/** Pages and comments that name files of this repository. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const directories = ['src', 'csrc', 'scripts', 'test', 'bench', 'conformance', 'docs'];
/** `src/plan/wire/wire.ts`, `test/unit/plan`, `csrc/init/op/*.c`, `src/{bundle,plan}`; not `/usr/src/linux`. */
const pathForm = /(?<![\w./~$*}-])(?:src|csrc|scripts|test|bench|conformance|docs)\/[\w./{},*@-]*[\w*}]/g;
/** What a build makes is there only behind it, and what a release was is told in its own words. */
const unwritten = /(?:^|\/)generated(?:\/|$)/;
const history: readonly string[] = ['CHANGELOG.md'];

/** `a/{b,c}/d` → `a/b/d`, `a/c/d`. */
function spelledOut(path: string): string[] {
  const braces = /^([^{]*)\{([^}]*)\}(.*)$/.exec(path);
  if (braces === null) return [path];
  const [, before = '', words = '', behind = ''] = braces;
  return words.split(',').flatMap((word) => spelledOut(`${before}${word}${behind}`));
}

/** Whether a file, a folder, or something that a pattern with stars fits, is there. */
function isThere(root: string, path: string): boolean {
  const star = path.indexOf('*');
  if (star < 0) return existsSync(join(root, path));
  const parent = path.slice(0, path.lastIndexOf('/', star));
  if (!existsSync(join(root, parent))) return false;
  const rest = path
    .slice(parent.length + 1)
    .replaceAll('.', '.')
    .replaceAll(/\*+/g, '.*');
  const form = new RegExp(`^${rest}$`);
  return readdirSync(join(root, parent), { recursive: true, encoding: 'utf8' }).some((name) =>
    form.test(name),
  );
}

/** Paths in a text that lead nowhere, with their lines. */
export function deadPaths(root: string, text: string): { readonly path: string; readonly line: number }[] {
  return [...text.matchAll(pathForm)].flatMap(({ 0: path, index }) => {
    if (unwritten.test(path)) return [];
    const line = text.slice(0, index).split('\n').length;
    return spelledOut(path)
      .filter((each) => !isThere(root, each))
      .map((each) => ({ path: each, line }));
  });
}

/** All but comments becomes blank; lines stay where they are. */
export function commentsOf(text: string): string {
  const tokens =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|[^\n]/g;
  return text.replace(tokens, (token) =>
    token.startsWith('/*') || token.startsWith('//') ? token : token.replace(/[^\n]/g, ' '),
  );
}

function* filesIn(root: string, directory: string): Generator<string> {
  for (const name of readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' }))
    if (!unwritten.test(name) && !name.includes('node_modules/')) yield `${directory}/${name}`;
}

/** Files of C without their folder: `errors.c`; the kernel's are told with theirs, `fs/namespace.c`. */
const nameOfC = /(?<![\w/.<*-])[a-z][\w-]*\.c\b/g;

/** Names of files in comments of C that no file has, with their lines. @param known names without folders */
export function deadNames(
  text: string,
  known: ReadonlySet<string>,
): { readonly path: string; readonly line: number }[] {
  return [...commentsOf(text).matchAll(nameOfC)]
    .filter(([name]) => !known.has(name))
    .map(({ 0: path, index }) => ({ path, line: text.slice(0, index).split('\n').length }));
}

/** Every path of ours that a page or a comment names is there. */
export function checkDeadPaths(root: string): string[] {
  const files = [
    ...readdirSync(root).filter((name) => name.endsWith('.md')),
    ...directories.flatMap((directory) => [...filesIn(root, directory)]),
  ];
  const known = new Set(
    readdirSync(join(root, 'csrc'), { recursive: true, encoding: 'utf8' }).map((name) => basename(name)),
  );
  return files.flatMap((file) => {
    const isPage = file.endsWith('.md');
    if (history.includes(file) || !(isPage || /\.(?:ts|mjs|[ch])$/.test(file))) return [];
    const text = readFileSync(join(root, file), 'utf8');
    const dead = [
      ...deadPaths(root, isPage ? text : commentsOf(text)),
      ...(/^csrc\/.*\.[ch]$/.test(file) ? deadNames(text, known) : []),
    ];
    return dead.map(({ path, line }) => `${file}:${line}: ${path} is not there`);
  });
}
