import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { Failure } from '../../../src/failure.ts';
import { moveNetworkDevices } from '../../../src/network/network-devices.ts';
import { assertRefused } from '../refusal.ts';
import { FakeKernel, type FakeLink } from './fake-kernel.ts';

const test = suite('moveNetworkDevices()');

const PERMANENT = 0x80;
const kept = { flags: PERMANENT, scope: 0, value: 10 };

function kernelWith(...links: readonly Partial<FakeLink>[]): FakeKernel {
  const kernel = new FakeKernel();
  for (const [index, link] of links.entries())
    kernel.links(0).push({ index: 5 + index, name: `eth${index}`, up: true, addresses: [], ...link });
  kernel.links(77).push({ index: 1, name: 'lo', up: true, addresses: [] });
  return kernel;
}

const show = (links: readonly FakeLink[]) =>
  links.map(({ name, up, addresses }) =>
    [name, up ? 'up' : 'down', ...addresses.map(({ value }) => value)].join(' '),
  );

test('moves, renames, sets up, and keeps permanent addresses of global scope alone', () => {
  const kernel = kernelWith({
    addresses: [kept, { flags: 0, scope: 0, value: 11 }, { flags: PERMANENT, scope: 253, value: 12 }],
  });
  const moved = moveNetworkDevices(kernel.native(), { eth0: { name: 'net0' } }, 77);
  assert.deepEqual(show(kernel.links(0)), []);
  assert.deepEqual(show(kernel.links(77)), ['lo up', 'net0 up 10']);
  // Without the label, which names the interface as it was, and the kernel's own cache information.
  assert.ok(kernel.log.includes('77: address 10 (2) to net0'), kernel.log.join('\n'));
  moved.keep();
  assert.deepEqual([...kernel.open], []);
});

test('keeps the name when the config gives none, and one that is down is set up all the same', () => {
  const kernel = kernelWith({ up: false }, {});
  moveNetworkDevices(kernel.native(), { eth0: {}, eth1: { name: '' } }, 77).keep();
  assert.deepEqual(show(kernel.links(77)), ['lo up', 'eth0 up', 'eth1 up']);
  assert.ok(!kernel.log.includes('0: eth0 down'));
});

test('a template gets the first free number', () => {
  const kernel = kernelWith({ name: 'a' }, { name: 'b' });
  kernel.links(77).push({ index: 2, name: 'eth0', up: true, addresses: [] });
  moveNetworkDevices(kernel.native(), { a: { name: 'eth%d' }, b: { name: 'eth%d' } }, 77).keep();
  assert.deepEqual(show(kernel.links(77)), ['lo up', 'eth0 up', 'eth1 up', 'eth2 up']);
});

test('an index that is taken in the new place is another one there', () => {
  const kernel = kernelWith({ index: 1, addresses: [kept] });
  moveNetworkDevices(kernel.native(), { eth0: {} }, 77).keep();
  assert.deepEqual(show(kernel.links(77)), ['lo up', 'eth0 up 10']);
});

test('takeBack() puts everything where it was, as it was', () => {
  const kernel = kernelWith({ addresses: [kept] }, { up: false });
  const native = kernel.native();
  const moved = moveNetworkDevices(native, { eth0: { name: 'x' }, eth1: {} }, 77);
  // The container's process is gone by then; the open socket is what keeps its namespace.
  native.routeSocket = () => {
    throw new Error('no such process');
  };
  moved.takeBack();
  assert.deepEqual(show(kernel.links(0)).sort(), ['eth0 up 10', 'eth1 down']);
  assert.deepEqual(show(kernel.links(77)), ['lo up']);
  assert.deepEqual([...kernel.open], []);
});

const refused: Readonly<Record<string, readonly [Record<string, { name?: string }>, RegExp]>> = {
  'a device that is not there': [{ eth9: {} }, /"eth9" does not exist on the host/],
  'a name that is taken in the container': [{ eth0: { name: 'lo' } }, /"lo" exists in the container already/],
};
for (const [name, [devices, words]] of Object.entries(refused)) {
  test(`refuses ${name} before it is touched, and leaves no socket`, () => {
    const kernel = kernelWith({});
    const [host] = Object.keys(devices);
    assertRefused(
      () => moveNetworkDevices(kernel.native(), devices, 77),
      'invalid',
      `/linux/netDevices/${host}`,
      words,
    );
    assert.deepEqual(kernel.log, []);
    assert.deepEqual([...kernel.open], []);
  });
}

test('one that fails takes those before it back', () => {
  const kernel = kernelWith({ addresses: [kept] });
  assertRefused(
    () => moveNetworkDevices(kernel.native(), { eth0: { name: 'x' }, missing: {} }, 77),
    'invalid',
    '/linux/netDevices/missing',
    /does not exist/,
  );
  assert.deepEqual(show(kernel.links(0)), ['eth0 up 10']);
  assert.deepEqual([...kernel.open], []);
});

/** Each step that the kernel may refuse. */
for (const step of ['move eth0', 'eth0 down', 'address 10 (2) to x', 'x up']) {
  test(`a refusal at "${step}" is told with the device, which is left as it was`, () => {
    const kernel = kernelWith({ addresses: [kept] });
    let times = 0;
    kernel.refuse = (what) => (what.includes(step) && times++ === 0 ? 16 : 0);
    assertRefused(
      () => moveNetworkDevices(kernel.native(), { eth0: { name: 'x' } }, 77),
      'system',
      '/linux/netDevices/eth0',
      /^network device "eth0": .*device or resource busy/,
    );
    assert.deepEqual(show(kernel.links(0)), ['eth0 up 10']);
    assert.deepEqual(show(kernel.links(77)), ['lo up']);
    assert.deepEqual([...kernel.open], []);
  });
}

test('what could not be taken back rides beside the first failure', () => {
  const kernel = kernelWith({});
  kernel.refuse = (what) => (/^77: x up|^77: move/.test(what) ? 16 : 0);
  try {
    moveNetworkDevices(kernel.native(), { eth0: { name: 'x' } }, 77);
    assert.fail();
  } catch (error) {
    assert.ok(error instanceof Failure);
    assert.match((error as Failure).message, /set the interface up/);
    assert.equal((error as Failure).cleanup.length, 1);
  }
  assert.deepEqual([...kernel.open], []);
});

test('a namespace that is gone leaves no socket', () => {
  const kernel = kernelWith({});
  assert.throws(() => moveNetworkDevices(kernel.native(), { eth0: {} }, 78), /ESRCH/);
  assert.deepEqual([...kernel.open], []);
});

test('without devices nothing happens', () => {
  const kernel = kernelWith({});
  moveNetworkDevices(kernel.native(), {}, 77).keep();
  assert.deepEqual(kernel.log, []);
});

test.run();
