import { strict as assert } from 'node:assert';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import { toIoWeight } from '../../../../src/cgroup/limits/block-io.ts';
import { sharesToWeight } from '../../../../src/cgroup/limits/cpu.ts';

const test = suite('conversions to v2');

test('sharesToWeight() goes through the three points of the curve, and stays in range', () => {
  for (const [shares, weight] of [
    [2, 1],
    [1024, 100],
    [262144, 10000],
    [1, 1],
    [999999999, 10000],
  ] as const)
    assert.equal(sharesToWeight(shares), String(weight));
});

test('sharesToWeight() never turns more into less', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 262144 }), fc.integer({ min: 2, max: 262144 }), (one, other) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      const weight = Number(sharesToWeight(low));
      assert.ok(weight >= 1 && weight <= Number(sharesToWeight(high)));
    }),
  );
});

test('toIoWeight() maps 10…1000 to 1…10000', () => {
  for (const [weight, io] of [
    [10, 1],
    [1000, 10000],
    [500, 4950],
    [1, 1],
    [65535, 10000],
  ] as const)
    assert.equal(toIoWeight(weight), String(io));
});

test.run();
