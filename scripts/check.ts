/**
 * npm run check: everything that can be said about the code without running it. One line a check; status 1 when one
 * of them has something to say.
 *
 *   node --import tsx scripts/check.ts [NAME…]     (only the checks whose name contains one of these words)
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkAmbient } from './check/ambient.ts';
import { formatCommand, warningCommands } from './check/c-code.ts';
import { checkCallerPaths } from './check/caller-paths.ts';
import { checkCircles } from './check/circles.ts';
import { checkDeadCode } from './check/dead-code.ts';
import { checkDeadPaths } from './check/dead-paths.ts';
import { checkDirections, checkRoomsPage } from './check/directions.ts';
import { checkDependencies, checkLinks } from './check/documents.ts';
import { checkFunctions, checkFunctionsOfC } from './check/functions.ts';
import { type ModuleGraph, readModuleGraph } from './check/module-graph.ts';
import { type Command, type Outcome, runCommand } from './check/run-command.ts';
import { checkSizes } from './check/sizes.ts';
import { checkUnitTests } from './check/unit-tests.ts';
import { checkWords } from './check/words.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tool = (name: string) => join(root, 'node_modules', '.bin', name);
const wanted = process.argv.slice(2);
const isWanted = (name: string) => wanted.length === 0 || wanted.some((word) => name.includes(word));

const commands: readonly Command[] = [
  { name: 'types', argv: [tool('tsc'), '--noEmit', '-p', 'tsconfig.json'] },
  { name: 'types without Node (ambient)', argv: [tool('tsc'), '--noEmit', '-p', 'tsconfig.ambient.json'] },
  { name: 'biome', argv: [tool('biome'), 'check', '--diagnostic-level=warn', '--error-on-warnings', '.'] },
  {
    name: 'reference of the library',
    argv: [process.execPath, '--import', 'tsx', 'scripts/generate-library-docs.ts', '--check'],
  },
  {
    name: 'lists of rules',
    argv: [process.execPath, '--import', 'tsx', 'scripts/generate-rule-docs.ts', '--check'],
  },
  {
    name: 'docs/where.md',
    argv: [process.execPath, '--import', 'tsx', 'scripts/generate-where.ts', '--check'],
  },
  formatCommand(root),
  ...warningCommands(root),
];

const readings: Readonly<Record<string, (graph: ModuleGraph) => readonly string[]>> = {
  'direction of imports': checkDirections,
  circles: checkCircles,
  ambient: (modules) => checkAmbient(root, modules),
  'dead code': checkDeadCode,
  dependencies: () => checkDependencies(root),
  'links of pages': () => checkLinks(root),
  'rooms of docs/architecture.md': () => checkRoomsPage(root),
  'paths in pages and comments': () => checkDeadPaths(root),
  'files and folders': () => checkSizes(root),
  functions: () => checkFunctions(root),
  'functions of C': () => checkFunctionsOfC(root),
  'paths of callers': () => checkCallerPaths(root),
  'unit tests': (modules) => checkUnitTests(root, modules),
  words: (modules) => checkWords(root, modules),
};

let failed = 0;

function report({ name, problems, skipped, milliseconds }: Outcome): void {
  const time = `${(milliseconds / 1000).toFixed(1)} s`;
  if (skipped !== undefined) console.log(`skip ${name}: ${skipped}`);
  else if (problems.length === 0) console.log(`ok   ${name} · ${time}`);
  else {
    failed += 1;
    console.log(`FAIL ${name} · ${time}\n${problems.join('\n').replace(/^/gm, '     ')}`);
  }
}

const running = commands
  .filter(({ name }) => isWanted(name))
  .map((command) => runCommand(command, root).then(report));
const directories = ['src', 'scripts', 'test', 'bench', 'conformance'];
const graph = readModuleGraph(
  root,
  directories.filter((directory) => existsSync(join(root, directory))),
);
for (const [name, read] of Object.entries(readings)) {
  if (!isWanted(name)) continue;
  const began = Date.now();
  report({ name, problems: read(graph), milliseconds: Date.now() - began });
}
await Promise.all(running);
process.exit(failed > 0 ? 1 : 0);
