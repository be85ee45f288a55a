import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModuleGraph } from './module-graph.ts';

/**
 * Where Node may be named, besides src/entry/ and the library, which the executable never loads.
 * tsconfig.ambient.json leaves the same out.
 */
const nodePorts: readonly string[] = ['src/index.ts'];

function isPort(path: string): boolean {
  return path.startsWith('src/entry/') || path.startsWith('src/library/') || nodePorts.includes(path);
}

/** The file that makes the engine's globals from its functions in C. */
const globals = 'src/entry/engine-globals.ts';

/** Packages, and where each may be named. */
const packages: Readonly<Record<string, (path: string) => boolean>> = {
  '@bufbuild/protobuf/wire': (path) => path === 'src/protobuf.ts',
  yargs: (path) => path.startsWith('src/foreign/'),
  koffi: (path) => path.startsWith('src/foreign/'),
};

/** Part of the language, and not of the engine, or of no use where there is one thread and a frozen image. */
const words =
  /\b(?:Intl|Atomics|SharedArrayBuffer|WeakRef|FinalizationRegistry|globalThis|localeCompare|Math\.random)\b/g;
/** A variable of a module keeps what one process found out, in an image that is the same for all. */
const variables = /^(?:export )?(?:let|var) \w+/gm;

/** Calls of the addon that wait. Only the port may: a library's host must go on meanwhile. */
const waits = /\bnative\.(?:pollMany|receive|sleep|connect)\(/g;
const waitingPorts: readonly string[] = ['src/host/wait.ts', 'src/host/loop.ts'];

function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|\s)\/\/.*/g, '$1');
}

/**
 * src/ runs on two engines, and in one of them as a frozen image of its loaded modules: apart from the ports it names
 * no package and no module of Node's, and keeps nothing in variables of modules. Names of globals are refused by the
 * types (tsconfig.ambient.json).
 */
export function checkAmbient(root: string, graph: ModuleGraph): string[] {
  const problems: string[] = [];
  for (const { path, imports } of graph.values()) {
    if (!path.startsWith('src/') || path.includes('/generated/') || isPort(path)) continue;
    for (const { inside, target } of imports)
      if (!inside && packages[target]?.(path) !== true)
        problems.push(
          `${path}: imports ${target}; only ports and src/foreign may (scripts/check/ambient.ts)`,
        );
    const text = withoutComments(readFileSync(join(root, path), 'utf8'));
    for (const [word] of path === globals ? [] : text.matchAll(words))
      problems.push(`${path}: ${word} is not in every engine`);
    if (!waitingPorts.includes(path))
      for (const [call] of text.matchAll(waits))
        problems.push(
          `${path}: ${call}…) blocks the process; wait through the host's port (${waitingPorts[0]})`,
        );
    for (const [variable] of text.matchAll(variables))
      problems.push(`${path}: "${variable}" is state of a module, which is frozen into the executable`);
  }
  return problems;
}
