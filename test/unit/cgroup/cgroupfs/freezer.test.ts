import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import {
  freeze,
  holdingFreezer,
  isFrozen,
  letKilledGo,
  thaw,
} from '../../../../src/cgroup/cgroupfs/freezer.ts';
import { Failure } from '../../../../src/failure.ts';
import { pauses } from '../../waits.ts';
import { FakeFiles } from '../fake-files.ts';

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

/** Three v1 freezers one below the other; the second froze itself. */
function nested(): FakeFiles {
  const fake = new FakeFiles();
  const files = (state: string, self: number, parent: number) => ({
    'freezer.state': `${state}\n`,
    'freezer.self_freezing': `${self}\n`,
    'freezer.parent_freezing': `${parent}\n`,
  });
  fake.add('/f', files('THAWED', 0, 0));
  fake.add('/f/pod', files('FROZEN', 1, 0));
  fake.add('/f/pod/web', files('FROZEN', 0, 1));
  return fake;
}

test('letKilledGo() thaws what is below too on v1, and nothing on v2', () => {
  const fake = nested();
  letKilledGo(fake.native(), { kind: 'v1', path: '/f' });
  assert.deepEqual(
    fake.journal,
    ['/f', '/f/pod', '/f/pod/web'].map((path) => `write ${path}/freezer.state THAWED`),
  );
  const other = nested();
  letKilledGo(other.native(), { kind: 'v2', path: '/f' });
  letKilledGo(other.native(), { kind: 'v1', path: '/gone' });
  assert.deepEqual(other.journal, []);
});

test('holdingFreezer() names the one that froze itself, wherever above it is', () => {
  const native = nested().native();
  const at = (path: string) => holdingFreezer(native, { kind: 'v1', path });
  assert.deepEqual(['/f', '/f/pod', '/f/pod/web', '/gone'].map(at), [
    undefined,
    '/f/pod',
    '/f/pod',
    undefined,
  ]);
});

test.run();
