import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { loopbackUp } from '../../../src/network/loopback-up.ts';
import { FakeKernel } from './fake-kernel.ts';

const test = suite('loopback-up');

test('sets up the loopback interface of that namespace, and no other', () => {
  const kernel = new FakeKernel();
  kernel.links(77).push({ index: 1, name: 'lo', up: false, addresses: [] });
  kernel.links(77).push({ index: 2, name: 'eth0', up: false, addresses: [] });
  kernel.links(0).push({ index: 1, name: 'lo', up: false, addresses: [] });
  loopbackUp(kernel.native(), 77);
  assert.deepEqual(
    kernel.links(77).map(({ up }) => up),
    [true, false],
  );
  assert.equal(kernel.links(0)[0]?.up, false);
  assert.deepEqual([...kernel.open], []);
});

test('says what the kernel refused, and keeps no socket', () => {
  const kernel = new FakeKernel();
  assert.throws(() => loopbackUp(kernel.native(), 77));
  assert.deepEqual([...kernel.open], []);
});

test.run();
