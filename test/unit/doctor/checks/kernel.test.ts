import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { Answer } from '../../../../src/doctor/check.ts';
import { isAtLeast, kernel, versionOf } from '../../../../src/doctor/checks/kernel.ts';
import type { Machine } from '../../../../src/doctor/machine.ts';

const test = suite('doctor: kernel');

const look = (release: string) => kernel.look({ release } as Machine) as readonly Answer[];

test('versionOf() takes the first two numbers, whatever a distribution adds', () => {
  assert.deepEqual(versionOf('6.1.0-13-amd64'), [6, 1]);
  assert.deepEqual(versionOf('5.15.153.1-microsoft-standard-WSL2'), [5, 15]);
  assert.deepEqual(versionOf('6.12-rc1'), [6, 12]);
  assert.deepEqual(versionOf('unknown'), [0, 0]);
});

test('isAtLeast() compares numbers, not letters', () => {
  assert.ok(isAtLeast('5.14.0', 5, 14));
  assert.ok(!isAtLeast('5.9.0', 5, 14));
  assert.ok(isAtLeast('5.100.0', 5, 14));
  assert.ok(isAtLeast('6.0.0', 5, 14), 'the smaller minor of a later major');
  assert.ok(!isAtLeast('4.19.0', 5, 14), 'the larger minor of an earlier major');
});

test('too old is a problem, and nothing else is said', () => {
  const [answer, ...more] = look('5.13.19');
  assert.deepEqual([answer?.verdict, answer?.found, more], ['problem', 'Linux 5.13.19', []]);
});

const missing: Readonly<Record<string, readonly string[]>> = {
  '5.14.0': ['5.19', '6.3', '6.7'],
  '5.19.0': ['6.3', '6.7'],
  '6.3.0': ['6.7'],
  '6.7.0': [],
};
for (const [release, versions] of Object.entries(missing))
  test(`Linux ${release} works, and lacks what came in ${versions.join(', ') || 'no later one'}`, () => {
    const answers = look(release);
    assert.deepEqual(
      answers.map(({ verdict, found }) => `${verdict}: ${found}`),
      [`ok: Linux ${release}`, ...versions.map((version) => `note: older than Linux ${version}`)],
    );
  });

test.run();
