import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { suite } from 'uvu';
import { resourceRules } from '../../../src/bundle/rules/resources.ts';
import { planResources } from '../../../src/cgroup/limits/resources.ts';
import type { Resources } from '../../../src/spec/config.ts';
import { isInterfaceName, isLimitFile, isPageSize, isWord } from '../../../src/spec/resource-names.ts';

const test = suite('names in linux.resources');

test('isLimitFile() knows limits, and nothing that moves processes or leads elsewhere', () => {
  for (const name of ['memory.high', 'cpu.uclamp.min', 'hugetlb.2MB.max']) assert.ok(isLimitFile(name), name);
  const others = [
    'cgroup.procs',
    'cgroup.kill',
    'memory',
    '../memory.max',
    'a/b.c',
    'memory.',
    'é.max',
    'a.b\n',
  ];
  for (const name of others) assert.ok(!isLimitFile(name), name);
});

test('isWord() takes nothing at which the kernel would part a line', () => {
  for (const name of ['mlx5_0', 'mlx5/1']) assert.ok(isWord(name), name);
  for (const name of ['', 'a b', 'a\tb', 'a\n', 'a=b']) assert.ok(!isWord(name), name);
});

/** `à` is C3 A0 in UTF-8, and A0 a blank of the kernel's; the wide blank U+2003 is three bytes, none of them one. */
test('isInterfaceName() is the kernel’s, which counts and compares bytes', () => {
  for (const name of ['eth0', 'a=b', 'fifteen-letters', 'äöüäöüä', 'a\u2003b'])
    assert.ok(isInterfaceName(name), name);
  for (const name of ['', '.', '..', 'a/b', 'a b', 'a:1', 'eth%d', 'sixteen-letters-', 'äöüäöüäö', 'voilà'])
    assert.ok(!isInterfaceName(name), name);
});

test('isPageSize() reads a size as the schema does', () => {
  const schema = JSON.parse(readFileSync('schemas/config-resources.json', 'utf8'));
  const pattern = new RegExp(schema.$defs.HugepageLimit.properties.pageSize.pattern);
  for (const text of ['2MB', '1GB', '64KB', '0MB', '2mb', '2M', '02MB', ' 2MB', '2MB\n', '2TB'])
    assert.equal(isPageSize(text), pattern.test(text), text);
});

const v1 = ['cpu', 'cpuset', 'memory', 'devices', 'pids', 'net_cls', 'net_prio', 'rdma', 'hugetlb'];
const machines = [
  { mode: 'v1', v1: new Set(v1), unified: new Set<string>() },
  { mode: 'v2', v1: new Set<string>(), unified: new Set([...v1, 'a', 'memory']) },
] as const;

/** What the rules say of these limits. */
function refusedByRule(resources: Resources): boolean {
  let reports = 0;
  for (const { check } of resourceRules.refuse) check(resources, () => reports++);
  return reports > 0;
}

function refusedByPlanner(resources: Resources, machine: (typeof machines)[number]): boolean {
  try {
    planResources(machine, resources, { pointer: '' });
    return false;
  } catch {
    return true;
  }
}

test('what the rules let pass the planner understands, and what they refuse it refuses', () => {
  const piece = fc.constantFrom(
    'a',
    'cgroup',
    'procs',
    '.',
    '..',
    '/',
    ' ',
    '=',
    ':',
    '%',
    '\n',
    '_',
    'é',
    '0',
  );
  const name = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));
  const priority = { priority: 1 };
  let passed = 0;
  fc.assert(
    fc.property(name, (text) => {
      const rows: readonly [Resources, (typeof machines)[number]][] = [
        [{ network: { priorities: [{ name: text, ...priority }] } }, machines[0]],
        [{ rdma: { [text]: { hcaHandles: 1 } } }, machines[0]],
        [{ unified: { [text]: '1' } }, machines[1]],
      ];
      for (const [resources, machine] of rows) {
        const refused = refusedByRule(resources);
        // A controller that this machine lacks is refused, too, and that is no question of names.
        const known = resources.unified === undefined || /^(?:a|cgroup)\./.test(text);
        if (!refused) passed++;
        if (known || refused)
          assert.equal(refusedByPlanner(resources, machine), refused, JSON.stringify(resources));
      }
    }),
    { numRuns: 1500, seed: 41 },
  );
  assert.ok(passed > 300, `only ${passed} were let pass`);
});

test.run();
