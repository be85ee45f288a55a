import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { doctorText } from '../../../../src/cli/render/doctor-text.ts';
import type { Diagnosis } from '../../../../src/doctor/mod.ts';

const test = suite('doctor as text');

const kernel: Diagnosis = { check: 'kernel', verdict: 'ok', found: 'Linux 6.1', means: 'all is there' };
const cgroups: Diagnosis = {
  check: 'cgroups',
  verdict: 'problem',
  found: 'none',
  means: 'no limits',
  mend: 'mount -t cgroup2 none /sys/fs/cgroup',
};

test('doctorText() has a line for what is well, and an arrow before what mends the rest', () => {
  assert.equal(
    doctorText([kernel, cgroups]),
    [
      'ok       kernel            Linux 6.1: all is there',
      'problem  cgroups           none: no limits',
      '                           → mount -t cgroup2 none /sys/fs/cgroup',
      '',
    ].join('\n'),
  );
});

test('doctorText() names a check once for all of its answers that stand together', () => {
  const text = doctorText([cgroups, { ...cgroups, verdict: 'note' }, kernel, cgroups]);
  assert.deepEqual(
    text
      .split('\n')
      .filter((line) => /^\S/.test(line))
      .map((line) => line.slice(0, 27).trimEnd()),
    ['problem  cgroups', 'note', 'ok       kernel', 'problem  cgroups'],
  );
});

test('doctorText() keeps to the width of the terminal, except for words that are longer', () => {
  const long = { ...cgroups, means: 'so '.repeat(40).trim(), mend: 'do '.repeat(40).trim() };
  const lines = doctorText([long], 72).split('\n');
  assert.equal(Math.max(...lines.map((line) => line.length)), 71);
  const [first = '', second = ''] = lines.filter((line) => line.includes('do do'));
  assert.ok(first.startsWith(`${' '.repeat(27)}→ do`) && second.startsWith(`${' '.repeat(29)}do`));
  assert.equal(doctorText([long], 5), doctorText([long], 57));
  assert.equal(doctorText([long]), doctorText([long], 100));
});

test.run();
