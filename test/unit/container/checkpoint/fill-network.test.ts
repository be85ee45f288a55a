import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { fillNetwork } from '../../../../src/container/checkpoint/fill-network.ts';
import type { Config } from '../../../../src/spec/config.ts';
import { FakeKernel } from '../../network/fake-kernel.ts';

const test = suite('a network namespace that CRIU left empty');

function kernelWith(): FakeKernel {
  const kernel = new FakeKernel();
  kernel.links(0).push({ index: 5, name: 'eth0', up: true, addresses: [] });
  kernel.links(77).push({ index: 1, name: 'lo', up: false, addresses: [] });
  return kernel;
}
const show = (kernel: FakeKernel, pid: number) =>
  kernel.links(pid).map(({ name, up }) => `${name} ${up ? 'up' : 'down'}`);
const config = (linux: Config['linux']): Config => ({ ociVersion: '1.3.0', ...(linux && { linux }) });

test('its loopback interface is set up, and that is all where no devices are moved', () => {
  for (const each of [config(undefined), config({})]) {
    const kernel = kernelWith();
    assert.equal(fillNetwork(kernel.native(), each, 77), undefined);
    assert.deepEqual([show(kernel, 0), show(kernel, 77)], [['eth0 up'], ['lo up']]);
    assert.deepEqual([...kernel.open], []);
  }
});

test('devices are moved into it as create does, and can be taken back when the restore fails', () => {
  const kernel = kernelWith();
  const moved = fillNetwork(kernel.native(), config({ netDevices: { eth0: { name: 'net0' } } }), 77);
  assert.deepEqual([show(kernel, 0), show(kernel, 77)], [[], ['lo up', 'net0 up']]);
  moved?.takeBack();
  assert.deepEqual([show(kernel, 0), show(kernel, 77)], [['eth0 up'], ['lo up']]);
  assert.deepEqual([...kernel.open], []);
});

test.run();
