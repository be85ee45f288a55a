import { test } from 'uvu';
import { deviceRules } from '../../../../src/bundle/rules/devices.ts';
import { linux, namespaces, testRefused, testWarned } from './rows.ts';

testRefused(
  [
    {
      rule: 'devices',
      name: 'a relative path',
      config: linux({ devices: [{ type: 'p', path: 'dev/x' }] }),
      at: ['/linux/devices/0/path'],
    },
    {
      rule: 'devices',
      name: 'the root',
      config: linux({ devices: [{ type: 'p', path: '//' }] }),
      at: ['/linux/devices/0/path'],
    },
    {
      rule: 'devices',
      name: 'no numbers',
      config: linux({ devices: [{ type: 'c', path: '/d' }] }),
      at: ['/linux/devices/0/major', '/linux/devices/0/minor'],
    },
    {
      rule: 'devices',
      name: 'no id',
      config: linux({ devices: [{ type: 'p', path: '/d', gid: 4294967295 }] }),
      at: ['/linux/devices/0/gid'],
    },
    {
      rule: 'devices',
      name: 'a path twice',
      config: linux({
        devices: [
          { type: 'p', path: '/d/e' },
          { type: 'p', path: '/d//e' },
        ],
      }),
      at: ['/linux/devices/1/path'],
    },
    {
      rule: 'net-devices',
      name: "the host's network",
      config: linux({ namespaces: namespaces('-network'), netDevices: { eth0: {} } }),
      at: ['/linux/netDevices'],
    },
    {
      rule: 'net-devices',
      name: 'names that no interface has',
      config: linux({
        netDevices: {
          'a/b': {},
          sixteen_letters_: {},
          eth0: { name: 'a b' },
          eth1: { name: 'x%s' },
          '..': {},
        },
      }),
      at: [
        '/linux/netDevices/a~1b',
        '/linux/netDevices/sixteen_letters_',
        '/linux/netDevices/eth0/name',
        '/linux/netDevices/eth1/name',
        '/linux/netDevices/..',
      ],
    },
    {
      rule: 'net-devices',
      name: 'two of one name',
      config: linux({
        netDevices: { eth0: { name: 'eth1' }, eth1: {}, eth2: { name: 'v%d' }, eth3: { name: 'v%d' } },
      }),
      at: ['/linux/netDevices/eth1'],
    },
  ],
  deviceRules.refuse,
);

testWarned(
  [
    {
      rule: 'same-device',
      name: 'c and u',
      config: linux({
        devices: [
          { type: 'c', path: '/a', major: 1, minor: 2 },
          { type: 'u', path: '/b', major: 1, minor: 2 },
        ],
      }),
      at: ['/linux/devices/1'],
    },
    {
      rule: 'pipe-numbers',
      name: 'a pipe with numbers',
      config: linux({ devices: [{ type: 'p', path: '/a', major: 8, minor: 666 }] }),
      at: ['/linux/devices/0/major', '/linux/devices/0/minor'],
      says: 'ignored',
    },
    {
      rule: 'device-mode',
      name: 'with type bits',
      config: linux({ devices: [{ type: 'p', path: '/a', fileMode: 0o10644 }] }),
      at: ['/linux/devices/0/fileMode'],
      says: '420',
    },
    {
      rule: 'joined-network',
      name: 'a device',
      config: linux({
        namespaces: [...namespaces('-network'), { type: 'network', path: '/n' }],
        netDevices: { eth0: {} },
      }),
      at: ['/linux/netDevices'],
    },
  ],
  deviceRules.warn,
);

test.run();
