import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { checkPreserved } from '../../../../src/container/process/check-preserved.ts';
import { fakeHost } from '../../cli/fake-host.ts';
import { failureOf } from '../../refusal.ts';

const test = suite('check-preserved');

/** A caller who passed these descriptors. */
const passing = (...passed: number[]) =>
  fakeHost({ isInherited: (descriptor) => passed.includes(descriptor) });
const refusal = (host: ReturnType<typeof passing>, preserve: number, listening: number) =>
  failureOf(() => checkPreserved(host, preserve, listening));

test('lets through what the caller passed, and asks for no others', () => {
  checkPreserved(passing(), 0, 0);
  checkPreserved(passing(3, 4, 5), 2, 1);
  checkPreserved(passing(3, 9), 1, 0);
});

test('refuses a gap, and says by which wish it would be handed on', () => {
  const one = refusal(passing(), 1, 0);
  assert.equal(one.code, 'invalid');
  assert.equal(
    one.message,
    '--preserve-fds 1 would hand on descriptor 3: the caller did not pass descriptor 3',
  );
  assert.equal(
    refusal(passing(3), 0, 2).message,
    'LISTEN_FDS=2 would hand on descriptors 3 to 4: the caller did not pass descriptor 4',
  );
  const both = refusal(passing(3, 5), 2, 1);
  assert.match(both.message, /^LISTEN_FDS=1 with --preserve-fds 2 would hand on descriptors 3 to 5: .* 4$/);
  assert.match(both.hint ?? '', /without gaps/);
});

test('an engine that knows better than the flags of descriptors is asked instead', () => {
  checkPreserved({ ...passing(), passed: (descriptor) => descriptor === 3 }, 1, 0);
  assert.match(refusal({ ...passing(3), passed: () => false }, 1, 0).message, /did not pass descriptor 3/);
});

test.run();
