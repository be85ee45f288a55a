import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** One import, or re-export, of a file. */
export interface Import {
  /** Path of the file in this repository, or the specifier of a package or a `node:` module. */
  readonly target: string;
  readonly inside: boolean;
  /** Names that are taken; `*` for a namespace, a re-export of everything, or a dynamic import. */
  readonly names: readonly string[];
  /** Gone at run time. */
  readonly typeOnly: boolean;
  /** `import('…')`: loaded when it is reached, not when the file is. */
  readonly dynamic: boolean;
}

export interface Export {
  readonly name: string;
  readonly line: number;
  /** How often the name occurs in its own file, its declaration included. */
  readonly mentions: number;
}

export interface Module {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
}

export type ModuleGraph = ReadonlyMap<string, Module>;

const declaration =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|interface|type) (\w+)/gm;
const fromClause = /^(import|export)\s+(type\s+)?([^;'"]*?)\s*from\s+'([^']+)'/gm;
const bareImport = /^import\s+'([^']+)'/gm;
const dynamicImport = /\bimport\(\s*'([^']+)'\s*\)/g;
const exportList = /^export\s+(?:type\s+)?\{([^}]*)\}\s*;/gm;

/**
 * Reads the import and export lines of every TypeScript file below `directories`. By pattern, not by a parser: the
 * formatter sees to it that such lines all look alike.
 */
export function readModuleGraph(root: string, directories: readonly string[]): ModuleGraph {
  const modules = new Map<string, Module>();
  for (const directory of directories)
    for (const name of readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.ts')) {
        const path = `${directory}/${name}`;
        modules.set(path, readModule(root, path));
      }
  return modules;
}

/** Everything that is loaded, sooner or later, from `start`. */
export function reachable(graph: ModuleGraph, start: Iterable<string>): Set<string> {
  const found = new Set(start);
  for (const path of found)
    for (const entry of graph.get(path)?.imports ?? []) if (entry.inside) found.add(entry.target);
  return found;
}

function readModule(root: string, path: string): Module {
  const original = readFileSync(join(root, path), 'utf8');
  const text = blankComments(original);
  const imports = [...staticImports(text), ...dynamicImports(text)].map((entry) => locate(root, path, entry));
  return { path, lines: original.split('\n').length - 1, imports, exports: exportsOf(text) };
}

type RawImport = Omit<Import, 'inside'>;

function locate(root: string, path: string, entry: RawImport): Import {
  if (!entry.target.startsWith('.')) return { ...entry, inside: false };
  const target = relative(root, resolve(root, dirname(path), entry.target));
  return { ...entry, target, inside: true };
}

function* staticImports(text: string): Generator<RawImport> {
  for (const [, , typeWord, clause = '', target = ''] of text.matchAll(fromClause)) {
    const { names, allTypes } = namesOf(clause);
    yield { target, names, typeOnly: typeWord !== undefined || allTypes, dynamic: false };
  }
  for (const [, target = ''] of text.matchAll(bareImport))
    yield { target, names: [], typeOnly: false, dynamic: false };
}

/**
 * Also `typeof import('…')` and `import('…').Type`: they count as uses of everything, which is the careful answer.
 */
function* dynamicImports(text: string): Generator<RawImport> {
  for (const match of text.matchAll(dynamicImport)) {
    const before = text.slice(Math.max(0, match.index - 7), match.index);
    yield { target: match[1] as string, names: ['*'], typeOnly: before === 'typeof ', dynamic: true };
  }
}

/** `a, type B, c as d` in braces, `x` and `* as x` outside. */
function namesOf(clause: string): { readonly names: readonly string[]; readonly allTypes: boolean } {
  const braces = /\{([^}]*)\}/.exec(clause)?.[1];
  const outside = clause
    .replace(/\{[^}]*\}/, '')
    .replace(/,/g, ' ')
    .trim();
  const specifiers = (braces ?? '').split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  const names = specifiers.map((part) => part.replace(/^type\s+/, '').split(/\s+as\s+/)[0] as string);
  if (outside.startsWith('*')) names.push('*');
  else if (outside !== '') names.push('default');
  const allTypes =
    outside === '' && specifiers.length > 0 && specifiers.every((part) => part.startsWith('type '));
  return { names, allTypes };
}

function exportsOf(text: string): Export[] {
  const found: { name: string; index: number }[] = [];
  for (const match of text.matchAll(declaration))
    found.push({ name: match[1] as string, index: match.index });
  for (const match of text.matchAll(exportList))
    for (const part of (match[1] as string).split(',')) {
      const name = part.trim().replace(/^type\s+/, '');
      if (name !== '' && !name.includes(' as ')) found.push({ name, index: match.index });
    }
  return found.map(({ name, index }) => ({
    name,
    line: text.slice(0, index).split('\n').length,
    mentions: text.match(new RegExp(`\\b${name}\\b`, 'g'))?.length ?? 0,
  }));
}

/** Comments become blanks, so that an example in one is no import; strings that only look like comments are kept. */
function blankComments(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|(^|[^:'"`\\])\/\/[^\n]*/g,
    (whole, before: string | undefined) =>
      (before ?? '') + whole.slice(before?.length ?? 0).replace(/[^\n]/g, ' '),
  );
}
