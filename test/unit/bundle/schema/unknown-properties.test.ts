import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { findUnknownProperties } from '../../../../src/bundle/schema/unknown-properties.ts';

const test = suite('findUnknownProperties()');

test('lists what the schema does not know, with what was probably meant', () => {
  const found = findUnknownProperties('Config', {
    ociVersion: '1.0.2',
    process: { noNewPrivilege: true, cwd: '/' },
    rot: {},
    entirelyDifferent: 1,
  });
  assert.deepEqual(
    found.map(({ pointer, guess }) => [pointer, guess]),
    [
      ['/process/noNewPrivilege', 'noNewPrivileges'],
      ['/rot', 'root'],
      ['/entirelyDifferent', undefined],
    ],
  );
});

test('guesses for as many as a person could have written, and lists the others all the same', () => {
  const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`hostnam${index}`, 1]));
  const found = findUnknownProperties('Config', many);
  assert.equal(found.length, 50_000);
  assert.equal(found[0]?.guess, 'hostname');
  assert.equal(found.filter(({ guess }) => guess !== undefined).length < 100, true);
});

test.run();
