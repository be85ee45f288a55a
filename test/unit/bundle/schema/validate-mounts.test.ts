import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { defaultConfig } from '../../../../src/bundle/default-config.ts';
import { InvalidDocument } from '../../../../src/bundle/finding.ts';
import { validateDestinations, validateMounts } from '../../../../src/bundle/schema/validate-mounts.ts';

const test = suite('validateMounts()');
const config = defaultConfig();

function findings(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof InvalidDocument) return error.findings.map(({ pointer }) => pointer);
    throw error;
  }
  return [];
}

test('gives the mounts, and warnings of them alone', () => {
  const list = [{ destination: 'relative', source: '/y', options: ['bind', 'nosiud'] }];
  const { mounts, warnings } = validateMounts(list, config);
  assert.deepEqual(mounts, list);
  assert.equal(warnings.length, 2);
  for (const warning of warnings) assert.match(warning, /^mounts\[0\]/);
});

test('what is no list of mounts, or breaks a rule for them, is refused with its place in the list', () => {
  for (const [value, ...places] of [
    [{ destination: '/x' }, '/mounts'],
    ['x', '/mounts'],
    [[7], '/mounts/0'],
    [[{ source: '/y' }], '/mounts/0/destination'],
    [[{ destination: '/x', options: 'bind' }], '/mounts/0/options'],
    [[{ destination: '/x', options: ['bind'] }], '/mounts/0/source'],
    [[{ destination: '/', type: 'tmpfs' }], '/mounts/0/destination'],
    [[{ destination: '/x', source: '/y', options: ['bind', 'idmap='] }], '/mounts/0/options/1'],
    [[{ destination: '/x\0', type: 'tmpfs' }], '/mounts/0/destination'],
  ] as const)
    assert.deepEqual(
      findings(() => validateMounts(value, config)),
      places,
      JSON.stringify(value),
    );
});

test('validateDestinations() wants a destination and nothing else', () => {
  assert.deepEqual(validateDestinations([{ destination: '/x' }, { destination: '/y', type: 'z' }], config), [
    '/x',
    '/y',
  ]);
  assert.deepEqual(
    findings(() => validateDestinations([{ source: '/x' }], config)),
    ['/mounts/0/destination'],
  );
});

test.run();
