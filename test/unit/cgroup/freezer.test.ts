import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { freeze, isFrozen, thaw } from '../../../src/cgroup/freezer.ts';
import { Failure } from '../../../src/failure.ts';
import { pauses } from '../waits.ts';
import { FakeFiles } from './fake-files.ts';

const test = suite('freezer');
const v1 = { kind: 'v1', path: '/f' } as const;
const v2 = { kind: 'v2', path: '/f' } as const;

/** A v1 freezer that stays FREEZING until `FROZEN` was written so many times. */
function stubborn(times: number): FakeFiles {
  const fake = new FakeFiles();
  fake.add('/f', { 'freezer.state': 'THAWED\n' });
  const native = fake.native();
  let written = 0;
  const writeFile = (path: string, data: string | Uint8Array) => {
    native.writeFile(path, data);
    if (data === 'FROZEN') fake.files.set(path, ++written < times ? 'FREEZING\n' : 'FROZEN\n');
  };
  fake.native = () => ({ ...fakeFunctions(native), writeFile });
  return fake;
}

const fakeFunctions = (native: ReturnType<FakeFiles['native']>) => ({
  ...({} as ReturnType<FakeFiles['native']>),
  readText: native.readText,
});

test('freeze() on v1 writes again while the kernel says FREEZING, and lets go in between', async () => {
  const fake = stubborn(12);
  await freeze({ native: fake.native(), wait: pauses, surroundings: {} }, v1);
  assert.equal(fake.files.get('/f/freezer.state'), 'FROZEN\n');
  assert.equal(fake.journal.filter((line) => line.endsWith('FROZEN')).length, 12);
  assert.equal(fake.journal.filter((line) => line.endsWith('THAWED')).length, 1);
});

test('freeze() gives up in the end, and thaws', async () => {
  const fake = stubborn(Number.POSITIVE_INFINITY);
  const error = await freeze({ native: fake.native(), wait: pauses, surroundings: {} }, v1, 200).catch(
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof Failure && error.code === 'system');
  assert.equal(fake.files.get('/f/freezer.state'), 'THAWED');
});

test('freeze() on v2 waits for cgroup.events', async () => {
  const fake = new FakeFiles();
  fake.add('/f', { 'cgroup.freeze': '0\n', 'cgroup.events': 'populated 1\nfrozen 0\n' });
  const host = { native: fake.native(), wait: pauses, surroundings: {} };
  const later = setTimeout(() => fake.files.set('/f/cgroup.events', 'populated 1\nfrozen 1\n'), 20);
  await freeze(host, v2);
  clearTimeout(later);
  assert.equal(fake.files.get('/f/cgroup.freeze'), '1');
  assert.equal(isFrozen(host.native, v2), true);
  setTimeout(() => fake.files.set('/f/cgroup.events', 'populated 1\nfrozen 0\n'), 20);
  await thaw(host, v2);
  assert.equal(isFrozen(host.native, v2), false);
});

test('isFrozen() is true on the way, and false for what is gone', () => {
  const fake = new FakeFiles();
  assert.equal(isFrozen(fake.native(), v1), false);
  assert.equal(isFrozen(fake.native(), v2), false);
  fake.add('/f', { 'freezer.state': 'FREEZING\n' });
  assert.equal(isFrozen(fake.native(), v1), true);
});

test.run();
