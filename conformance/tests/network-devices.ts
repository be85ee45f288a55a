/** config-linux.md: network devices. */
import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import type { Box } from '../support/box.ts';
import { mustRun, runCommand } from '../support/command.ts';
import { holdNamespaces } from '../support/holder.ts';
import { type ConformanceTest, test } from '../support/test.ts';

let counter = 0;

/** One end of a virtual cable; with its other end, which stays on the host, it goes wherever it is. */
async function makeDevice(box: Box, ...settings: (readonly string[])[]): Promise<string> {
  const name = `cf${process.pid % 100_000}x${counter++}`;
  const peer = `${name}p`;
  await mustRun(['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', peer]);
  box.onClose(() => runCommand(['ip', 'link', 'del', peer]));
  for (const words of settings)
    await mustRun(['ip', ...words.map((word) => (word === 'NAME' ? name : word))]);
  return name;
}

const onHost = (name: string): boolean => existsSync(`/sys/class/net/${name}`);

/** What `ip` of the host says of a device in the network namespace of a process. */
async function describe(pid: number, name: string) {
  const text = await mustRun([
    'nsenter',
    '--net',
    '--target',
    String(pid),
    'ip',
    '-json',
    'addr',
    'show',
    'dev',
    name,
  ]);
  const [device] = JSON.parse(text);
  return device as {
    readonly ifname: string;
    readonly flags: readonly string[];
    readonly mtu: number;
    readonly address: string;
    readonly addr_info: readonly {
      readonly local: string;
      readonly prefixlen: number;
      readonly scope: string;
    }[];
  };
}

export const networkDeviceTests: readonly ConformanceTest[] = [
  test('net-devices.moved', async (box) => {
    const name = await makeDevice(box);
    const container = await box.running((config) => {
      config.linux.netDevices = { [name]: {} };
    });
    assert.ok(!onHost(name), 'the device is still on the host');
    assert.equal((await describe(container.pid, name)).ifname, name);
  }),

  test('net-devices.renamed', async (box) => {
    const name = await makeDevice(box);
    const container = await box.running((config) => {
      config.linux.netDevices = { [name]: { name: 'inside0' } };
    });
    assert.equal((await describe(container.pid, 'inside0')).ifname, 'inside0');
    assert.ok(!onHost(name));
  }),

  test('net-devices.template', async (box) => {
    const names = [await makeDevice(box), await makeDevice(box)];
    const container = await box.running((config) => {
      config.linux.netDevices = Object.fromEntries(names.map((name) => [name, { name: 'gen%d' }]));
    });
    for (const name of ['gen0', 'gen1']) assert.equal((await describe(container.pid, name)).ifname, name);
  }),

  test('net-devices.up', async (box) => {
    const name = await makeDevice(box, ['link', 'set', 'NAME', 'down']);
    const container = await box.running((config) => {
      config.linux.netDevices = { [name]: {} };
    });
    assert.ok((await describe(container.pid, name)).flags.includes('UP'));
  }),

  test('net-devices.attributes', async (box) => {
    const name = await makeDevice(
      box,
      ['link', 'set', 'NAME', 'mtu', '1333'],
      ['link', 'set', 'NAME', 'address', '02:00:00:12:34:56'],
      ['link', 'set', 'NAME', 'up'],
      ['addr', 'add', '10.251.7.9/24', 'dev', 'NAME'],
      ['addr', 'add', '10.251.8.9/32', 'dev', 'NAME'],
      ['-6', 'addr', 'add', 'fd00:cf::17/64', 'dev', 'NAME', 'nodad'],
    );
    const container = await box.running((config) => {
      config.linux.netDevices = { [name]: { name: 'inside0' } };
    });
    const device = await describe(container.pid, 'inside0');
    assert.equal(device.mtu, 1333);
    assert.equal(device.address, '02:00:00:12:34:56');
    const global = device.addr_info
      .filter(({ scope }) => scope === 'global')
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`);
    assert.deepEqual(global.sort(), ['10.251.7.9/24', '10.251.8.9/32', 'fd00:cf::17/64']);
  }),

  test('net-devices.missing', async (box) => {
    await box.refused('a device that does not exist', (config) => {
      config.linux.netDevices = { cfnosuchdev: {} };
    });
  }),

  test('net-devices.name-taken', async (box) => {
    const name = await makeDevice(box);
    await box.refused('a name that is taken', (config) => {
      config.linux.netDevices = { [name]: { name: 'lo' } };
    });
    assert.ok(onHost(name), 'the device was not given back');
  }),

  test('net-devices.without-namespace', async (box) => {
    const name = await makeDevice(box);
    await box.refused('devices without a network namespace', (config) => {
      config.linux.namespaces = config.linux.namespaces?.filter(({ type }) => type !== 'network') ?? [];
      config.linux.netDevices = { [name]: {} };
    });
    assert.ok(onHost(name));
  }),

  test('net-devices.stays-in-joined-namespace', async (box) => {
    const name = await makeDevice(box);
    const holder = await holdNamespaces(box, '--net');
    const container = await box.running((config) => {
      const others = config.linux.namespaces?.filter(({ type }) => type !== 'network') ?? [];
      config.linux.namespaces = [...others, { type: 'network', path: `/proc/${holder}/ns/net` }];
      config.linux.netDevices = { [name]: {} };
    });
    await container.kill();
    await container.must('delete');
    assert.ok(!onHost(name), 'the runtime moved the device back');
    assert.equal((await describe(holder, name)).ifname, name);
  }),
];
