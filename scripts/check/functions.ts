/** How long functions are, and how much they want to be told. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FunctionLikeDeclaration, isFunctionLikeDeclaration, type Node } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

const mostLines = 60;
const mostParameters = 4;

/** Whose functions the law is about. Tests are read from top to bottom, and rows of theirs may be long. */
const directories = ['src/', 'scripts/'];

/** One function of a file. */
export interface MeasuredFunction {
  readonly name: string;
  /** Of its first line, counted from 1. */
  readonly line: number;
  /** From its first line to that of its last bracket. */
  readonly lines: number;
  readonly parameters: number;
}

/** What is too much about a function. */
export function functionProblems(path: string, functions: readonly MeasuredFunction[]): string[] {
  return functions.flatMap(({ name, line, lines, parameters }) => [
    ...(lines > mostLines ? [`${path}:${line}: ${name} has ${lines} lines, more than ${mostLines}`] : []),
    ...(parameters > mostParameters
      ? [`${path}:${line}: ${name} has ${parameters} parameters, more than ${mostParameters}`]
      : []),
  ]);
}

/** A node with its place: of a file that the compiler has parsed. */
type Root = Node & { readonly text: string };

function nameOf(node: FunctionLikeDeclaration, text: string): string {
  const { name, parent } = node as { readonly name?: Node; readonly parent: { readonly name?: Node } };
  const named = name ?? parent.name;
  if (named === undefined) return 'a function without a name';
  return text.slice(named.pos, named.end).split('\n').at(-1)?.trim() ?? '';
}

/** What a caller hands over and nobody looks at (`_`), as callbacks of replaceAll() get it, is not counted. */
function parametersOf({ parameters }: FunctionLikeDeclaration, text: string): number {
  return [...parameters].filter(({ pos, end }) => !/^_+$/.test(text.slice(pos, end).trim())).length;
}

/**
 * The functions of a parsed file, also those inside others. Signatures without a body are types, and are not
 * measured.
 */
export function functionsOf(source: Root): MeasuredFunction[] {
  const { text } = source;
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  const lineAt = (place: number) => starts.findLastIndex((start) => start <= place) + 1;
  const found: MeasuredFunction[] = [];
  const visit = (node: Node): void => {
    if (isFunctionLikeDeclaration(node) && (node as { readonly body?: Node }).body !== undefined) {
      // Where the comment before it ends.
      const line = lineAt(node.getStart());
      const [lines, parameters] = [lineAt(node.end) - line + 1, parametersOf(node, text)];
      found.push({ name: nameOf(node, text), line, lines, parameters });
    }
    node.forEachChild(visit);
  };
  visit(source);
  return found;
}

/** Parses files of a project with the compiler, and measures what `wanted` chooses. */
export function measure(
  root: string,
  project: string,
  wanted: (path: string) => boolean,
): Map<string, readonly MeasuredFunction[]> {
  const api = new API({ cwd: root });
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(root, project)] });
    const found = new Map<string, readonly MeasuredFunction[]>();
    for (const { program } of snapshot.getProjects())
      for (const file of program.getSourceFileNames()) {
        const path = file.slice(root.length + 1);
        const source = file.startsWith(`${root}/`) && wanted(path) ? program.getSourceFile(file) : undefined;
        if (source !== undefined) found.set(path, functionsOf(source));
      }
    return found;
  } finally {
    api.close();
  }
}

/** Functions of TypeScript are short, and take few parameters: more of them are one object with names. */
export function checkFunctions(root: string): string[] {
  const isOurs = (path: string) =>
    directories.some((directory) => path.startsWith(directory)) && !path.includes('/generated/');
  return [...measure(root, 'tsconfig.json', isOurs)].flatMap(([path, functions]) =>
    functionProblems(path, functions),
  );
}

/**
 * Functions of C whose parameters somebody else counted: the C library's, the kernel's, Node-API's, and those that
 * the translated engine calls or that call into it.
 */
const givenSignatures = /^(?:napi_\w+|sys_\w+|raw_call|host_\w+|engine_\w+|main)$/;
const givenFiles = 'csrc/runtime/';

/** What a function works on, as `this` in TypeScript, is not counted. */
const context = /^(?:const )?struct ctx \*\w*$|^napi_env \w+$/;

/** Parameters between the outer brackets; `(*f)(int, int)` is one. */
function parametersIn(text: string): string[] {
  const found = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (character === ',' && depth === 0) found.push('');
    else found[found.length - 1] += character;
  }
  return found.map((each) => each.trim()).filter((each) => each !== '' && each !== 'void');
}

/**
 * The functions of a C file, by a simple reader that relies on the formatter: a definition begins at the margin, and
 * ends with the first bracket that stands there again.
 */
export function functionsOfC(path: string, text: string): MeasuredFunction[] {
  const lines = text.split('\n');
  const found: MeasuredFunction[] = [];
  const definition = /^(?!typedef|DEFINE_|#)[A-Za-z_][\w\s*]*?\b(\w+)\(/;
  for (let index = 0; index < lines.length; index++) {
    const name = definition.exec(lines[index] as string)?.[1];
    if (name === undefined) continue;
    const opens = lines.findIndex((line, at) => at >= index && /[{;]\s*$/.test(line));
    if (opens < 0 || !/\)\s*\{\s*$/.test(lines[opens] as string)) continue;
    const ends = lines.findIndex((line, at) => at > opens && line.startsWith('}'));
    const signature = lines.slice(index, opens + 1).join(' ');
    const inside = signature.slice(signature.indexOf('(') + 1, signature.lastIndexOf(')'));
    const given = path.startsWith(givenFiles) || givenSignatures.test(name);
    const counted = parametersIn(inside).filter((each) => !context.test(each));
    found.push({
      name,
      line: index + 1,
      lines: ends - index + 1,
      parameters: given ? 0 : counted.length,
    });
    index = ends;
  }
  return found;
}

/** Files of C from the top of the checkout, without generated ones. */
export function filesOfC(root: string): string[] {
  return readdirSync(join(root, 'csrc'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[ch]$/.test(name) && !name.includes('generated/'))
    .map((name) => `csrc/${name}`)
    .sort();
}

/** The same for C. */
export function checkFunctionsOfC(root: string): string[] {
  return filesOfC(root).flatMap((path) =>
    functionProblems(path, functionsOfC(path, readFileSync(join(root, path), 'utf8'))),
  );
}
