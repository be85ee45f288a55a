import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { MemoryPolicy } from '../../../../src/spec/config.ts';
import { memoryPolicyModes } from '../../../../src/spec/memory-policy.ts';
import { assertRefused } from '../../refusal.ts';
import { configOf, operationsOf, planOf } from '../support.ts';

const test = suite('planMemoryPolicy()');

const plan = (policy: MemoryPolicy) =>
  planOf(configOf((config) => (config.linux.memoryPolicy = structuredClone(policy) as object as never)));

/** set_mempolicy(2), linux/mempolicy.h. */
const modes = {
  MPOL_DEFAULT: 0,
  MPOL_PREFERRED: 1,
  MPOL_BIND: 2,
  MPOL_INTERLEAVE: 3,
  MPOL_LOCAL: 4,
  MPOL_PREFERRED_MANY: 5,
  MPOL_WEIGHTED_INTERLEAVE: 6,
} as const;

for (const [mode, number] of Object.entries(modes) as [keyof typeof modes, number][]) {
  const { nodes } = memoryPolicyModes[mode];

  test(`${mode} is ${number}`, () => {
    const [operation] = operationsOf(
      plan({ mode, ...(nodes !== 'none' && { nodes: '0,9' }) }),
      'memory-policy',
    );
    assert.equal(operation?.mode, number);
    assert.deepEqual([...(operation?.nodes ?? [])].slice(0, 3), nodes === 'none' ? [] : [1, 2, 0]);
    assert.equal(operation?.from, '/linux/memoryPolicy');
  });

  if (nodes === 'none') {
    test(`${mode} refuses nodes`, () =>
      assertRefused(
        () => plan({ mode, nodes: '0' }),
        'invalid',
        '/linux/memoryPolicy/nodes',
        /takes no nodes/,
      ));
  }
  if (nodes === 'needed') {
    test(`${mode} wants nodes`, () =>
      assertRefused(() => plan({ mode }), 'invalid', '/linux/memoryPolicy', /needs nodes/));
  }
}

test('flags travel in the mode', () => {
  const flags = ['MPOL_F_NUMA_BALANCING', 'MPOL_F_RELATIVE_NODES', 'MPOL_F_STATIC_NODES'] as const;
  const [operation] = operationsOf(plan({ mode: 'MPOL_BIND', nodes: '0', flags }), 'memory-policy');
  assert.equal(operation?.mode, 2 | (1 << 13) | (1 << 14) | (1 << 15));
});

test('bad nodes are refused with their place', () =>
  assertRefused(
    () => plan({ mode: 'MPOL_BIND', nodes: '1024' }),
    'invalid',
    '/linux/memoryPolicy/nodes',
    /1024/,
  ));

test.run();
