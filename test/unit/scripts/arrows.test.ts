import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import { checkAmbient } from '../../../scripts/check/ambient.ts';
import { checkCircles } from '../../../scripts/check/circles.ts';
import { checkDirections, roomsPageProblems } from '../../../scripts/check/directions.ts';
import { type ModuleGraph, readModuleGraph } from '../../../scripts/check/module-graph.ts';

const test = suite('the laws of imports');

/** A tree of files, by path, and what the checks make of it. */
function inTree<T>(
  files: Readonly<Record<string, string>>,
  look: (root: string, graph: ModuleGraph) => T,
): T {
  const root = mkdtempSync(join(tmpdir(), 'tsoci-arrows-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return look(root, readModuleGraph(root, ['src']));
  } finally {
    rmSync(root, { recursive: true });
  }
}

const leaf = 'export const a = 1;\n';

test('checkDirections() refuses an arrow that points up, and knows every room', () => {
  const problems = inTree(
    {
      'src/plan/a.ts': "import { a } from '../container/a.ts';\nvoid a;\n",
      'src/container/a.ts': leaf,
      'src/cli/a.ts': "import { a } from '../container/a.ts';\nvoid a;\n",
      'src/attic/a.ts': leaf,
      'src/spec/a.ts': "import { a } from '../host/a.ts';\nvoid a;\n",
      'src/host/a.ts': leaf,
    },
    (_, graph) => checkDirections(graph).sort(),
  );
  assert.equal(problems.length, 3, problems.join('\n'));
  assert.match(problems[1] ?? '', /src\/plan\/a\.ts: plan must not know code of container/);
  assert.match(problems[0] ?? '', /src\/attic\/: a room that/);
  assert.match(problems[2] ?? '', /src\/spec\/a\.ts: spec must not know code of host/);
});

test('roomsPageProblems() compares the page with the rule', () => {
  const problems = roomsPageProblems('## Rooms\n\n| `attic/` | old things | nothing |\n\n## More\n');
  assert.ok(problems.includes('docs/architecture.md: src/plan/ is not in the table of rooms'));
  assert.match(problems.at(-1) ?? '', /there is no room src\/attic\//);
});

test('checkCircles() finds a circle, also one of types alone', () => {
  const circle = (word: string) =>
    inTree(
      {
        'src/plan/a.ts': `import ${word}{ b } from './b.ts';\nexport const a = 1;\n`,
        'src/plan/b.ts': "import { c } from './c.ts';\nexport const b = 1;\n",
        'src/plan/c.ts': "import { a } from './a.ts';\nexport const c = 1;\n",
        'src/plan/d.ts': "import { a } from './a.ts';\nvoid a;\n",
      },
      (_, graph) => checkCircles(graph),
    );
  const found = ['circle: src/plan/a.ts ⇄ src/plan/b.ts ⇄ src/plan/c.ts'];
  assert.deepEqual(circle(''), found);
  assert.deepEqual(circle('type '), found);
});

test('checkAmbient() refuses packages, Node, variables of modules and calls that wait', () => {
  const problems = (path: string, text: string) =>
    inTree({ [path]: text }, (root, graph) => checkAmbient(root, graph));
  assert.match(problems('src/cli/a.ts', "import yargs from 'yargs';\nvoid yargs;\n").join(), /imports yargs/);
  assert.deepEqual(problems('src/foreign/a.ts', "import yargs from 'yargs';\nvoid yargs;\n"), []);
  assert.match(problems('src/host/a.ts', "import 'node:fs';\n").join(), /imports node:fs/);
  assert.deepEqual(problems('src/entry/a.ts', "import 'node:fs';\n"), []);
  assert.match(problems('src/plan/a.ts', 'export let a = 1;\n').join(), /state of a module/);
  assert.match(problems('src/plan/a.ts', 'void new WeakRef({});\n').join(), /WeakRef/);
  assert.match(problems('src/container/a.ts', 'native.pollMany(1);\n').join(), /blocks the process/);
});

test.run();
