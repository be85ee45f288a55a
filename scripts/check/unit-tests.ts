import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ModuleGraph, reachable } from './module-graph.ts';

const functions = /^export (?:async )?(?:function\*?|class) /m;
/** In the first comment of a test: what it tests by way of what it imports. A folder is all that is in it. */
const alsoTests = /^\/\*\*(?:(?!\*\/)[\s\S])*?Tests also:((?:[\s*]+src\/[\w/.-]+)+)/;

const isTest = (path: string) => path.startsWith('test/unit/') && path.endsWith('.test.ts');

/** Where the unit test of a file of src is, if it has one of its name. */
const mirrorOf = (path: string) => path.replace(/^src\/(.*)\.ts$/, 'test/unit/$1.test.ts');

/** What a unit test tests: what it imports, and what it says that it tests also. */
function testedBy(root: string, graph: ModuleGraph, test: string): { tested: string[]; problems: string[] } {
  const imported = (graph.get(test)?.imports ?? []).flatMap(({ target, typeOnly }) =>
    typeOnly ? [] : [target],
  );
  const [, list = ''] = alsoTests.exec(readFileSync(join(root, test), 'utf8')) ?? [];
  const loaded = reachable(graph, [test]);
  const tested = [...imported];
  const problems: string[] = [];
  for (const named of list.match(/src\/[\w/.-]+/g) ?? []) {
    const meant = [...loaded].filter(
      (path) => path === named || (named.endsWith('/') && path.startsWith(named)),
    );
    if (meant.length === 0)
      problems.push(`${test}: does not load ${named}, which it says that it tests also`);
    tested.push(...meant);
  }
  return { tested, problems };
}

/**
 * Files with functions that no unit test is about: none of the same name, none that imports the file,
 * none that says "Tests also: FILE". And words of a test about what it does not load.
 */
export function checkUnitTests(root: string, graph: ModuleGraph): string[] {
  const tests = [...graph.keys()].filter(isTest).map((path) => testedBy(root, graph, path));
  const tested = new Set(tests.flatMap((each) => each.tested));
  const problems = tests.flatMap((each) => each.problems);
  for (const path of graph.keys()) {
    if (!path.startsWith('src/') || path.includes('/generated/')) continue;
    const has = tested.has(path) || graph.has(mirrorOf(path));
    if (!has && functions.test(readFileSync(join(root, path), 'utf8')))
      problems.push(
        `${path}: no unit test is about it; write ${mirrorOf(path)} (CONTRIBUTING.md, The house)`,
      );
  }
  return problems.sort();
}
