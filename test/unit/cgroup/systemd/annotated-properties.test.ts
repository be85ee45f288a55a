import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { annotatedProperties } from '../../../../src/cgroup/systemd/annotated-properties.ts';
import { Failure } from '../../../../src/failure.ts';

const test = suite('properties of annotations');
const of = (name: string, text: string) => annotatedProperties({ [`org.systemd.property.${name}`]: text });

test('what CRI-O sets', () => {
  const annotations = {
    'org.systemd.property.TimeoutStopUSec': 'uint64 30000000',
    'org.systemd.property.DefaultDependencies': 'true',
    'org.systemd.property.After': "['crio.service']",
    'io.kubernetes.cri-o.Name': 'x',
  };
  assert.deepEqual(annotatedProperties(annotations), [
    ['TimeoutStopUSec', { signature: 't', value: 30_000_000n }],
    ['DefaultDependencies', { signature: 'b', value: true }],
    ['After', { signature: 'as', value: ['crio.service'] }],
  ]);
});

test('seconds of any type of number become microseconds', () => {
  for (const text of ['7', 'uint64 7', '7.0', 'byte 7'])
    assert.deepEqual(
      of('TimeoutStopSec', text),
      [['TimeoutStopUSec', { signature: 't', value: 7_000_000n }]],
      text,
    );
  assert.deepEqual(of('RuntimeMaxSec', '0.5'), [['RuntimeMaxUSec', { signature: 't', value: 500_000n }]]);
});

test('a name that only ends so is no time', () => {
  assert.deepEqual(of('CPUQuotaPerSecUSec', 'uint64 1'), [
    ['CPUQuotaPerSecUSec', { signature: 't', value: 1n }],
  ]);
});

test('names, values and times that cannot be are refused with the annotation', () => {
  for (const [name, text] of [
    ['ab', '1'],
    ['With1', '1'],
    ['', '1'],
    ['TimeoutStopSec', "'long'"],
    ['TimeoutStopSec', '-1'],
    ['After', 'crio.service'],
    ['PIDs', '[uint32 1]'],
    ['Slice', "'other.slice'"],
  ] as const)
    assert.throws(
      () => of(name, text),
      (error) =>
        error instanceof Failure &&
        error.code === 'invalid' &&
        error.pointer === `/annotations/org.systemd.property.${name}`,
      `${name} ${text}`,
    );
});

test.run();
