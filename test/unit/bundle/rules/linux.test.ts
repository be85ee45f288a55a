import { test } from 'uvu';
import { linuxRules } from '../../../../src/bundle/rules/linux.ts';
import { linux, resources, testRefused, testWarned, user } from './rows.ts';

testRefused(
  [
    {
      rule: 'mapped-ids',
      name: 'users and groups that do not exist inside',
      config: {
        ...linux({ ...user, devices: [{ type: 'p', path: '/p', uid: 0, gid: 65536 }] }),
        process: { cwd: '/', args: ['x'], user: { uid: 65536, gid: 65537, additionalGids: [0, 70000] } },
      },
      at: [
        '/process/user/uid',
        '/process/user/gid',
        '/process/user/additionalGids/1',
        '/linux/devices/0/gid',
      ],
    },
    {
      rule: 'paths-absolute',
      name: 'relative paths',
      config: linux({ maskedPaths: ['proc/x'], readonlyPaths: [''] }),
      at: ['/linux/maskedPaths/0', '/linux/readonlyPaths/0'],
    },
    {
      rule: 'paths-absolute',
      name: 'all masked',
      config: linux({ maskedPaths: ['/'] }),
      at: ['/linux/maskedPaths/0'],
    },
    {
      rule: 'cgroups-path',
      name: 'upwards',
      config: linux({ cgroupsPath: '/a/../../b' }),
      at: ['/linux/cgroupsPath'],
    },
    {
      rule: 'cgroups-path',
      name: 'the root',
      config: linux({ cgroupsPath: '/' }),
      at: ['/linux/cgroupsPath'],
    },
    {
      rule: 'cgroups-path',
      name: 'a line break',
      config: linux({ cgroupsPath: '/a\nb' }),
      at: ['/linux/cgroupsPath'],
    },
    {
      rule: 'cgroups-path',
      name: '+ systemd',
      config: linux({ cgroupsPath: 'system.slice:tsoci:a..b' }),
      at: [],
    },
    {
      rule: 'mount-label',
      name: 'a line break',
      config: linux({ mountLabel: 'a\nb' }),
      at: ['/linux/mountLabel'],
    },
    {
      rule: 'personality',
      name: 'a flag',
      config: linux({ personality: { domain: 'LINUX', flags: ['X'] } }),
      at: ['/linux/personality/flags'],
    },
    {
      rule: 'intel-rdt',
      name: 'a path',
      config: linux({ intelRdt: { closID: 'a/b' } }),
      at: ['/linux/intelRdt/closID'],
    },
    {
      rule: 'intel-rdt',
      name: 'upwards',
      config: linux({ intelRdt: { closID: '..' } }),
      at: ['/linux/intelRdt/closID'],
    },
    {
      rule: 'intel-rdt',
      name: 'two lines',
      config: linux({ intelRdt: { l3CacheSchema: 'L3:0=f\nMB:0=1' } }),
      at: ['/linux/intelRdt/l3CacheSchema'],
    },
    { rule: 'intel-rdt', name: '+ the default class', config: linux({ intelRdt: { closID: '/' } }), at: [] },
    {
      rule: 'memory-policy',
      name: 'nodes of no use',
      config: linux({ memoryPolicy: { mode: 'MPOL_LOCAL', nodes: '0' } }),
      at: ['/linux/memoryPolicy/nodes'],
    },
    {
      rule: 'memory-policy',
      name: 'no nodes',
      config: linux({ memoryPolicy: { mode: 'MPOL_BIND' } }),
      at: ['/linux/memoryPolicy/nodes'],
    },
    {
      rule: 'memory-policy',
      name: 'a bad list',
      config: linux({ memoryPolicy: { mode: 'MPOL_BIND', nodes: '3-1' } }),
      at: ['/linux/memoryPolicy/nodes'],
    },
    {
      rule: 'memory-policy',
      name: 'flags that exclude each other',
      config: linux({
        memoryPolicy: {
          mode: 'MPOL_BIND',
          nodes: '0',
          flags: ['MPOL_F_STATIC_NODES', 'MPOL_F_RELATIVE_NODES'],
        },
      }),
      at: ['/linux/memoryPolicy/flags'],
    },
    {
      rule: 'memory-policy',
      name: 'balancing of an interleaved policy',
      config: linux({
        memoryPolicy: { mode: 'MPOL_INTERLEAVE', nodes: '0', flags: ['MPOL_F_NUMA_BALANCING'] },
      }),
      at: ['/linux/memoryPolicy/flags'],
    },
    {
      rule: 'swap-needs-limit',
      name: 'swap alone',
      config: resources({ memory: { swap: 5 } }),
      at: ['/linux/resources/memory/swap'],
    },
  ],
  linuxRules.refuse,
);

testWarned(
  [
    {
      rule: 'unused-listener',
      name: 'no notify',
      config: linux({ seccomp: { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/s' } }),
      at: ['/linux/seccomp/listenerPath'],
    },
    {
      rule: 'intel-rdt-prefix',
      name: 'another',
      config: linux({ intelRdt: { l3CacheSchema: '0=f' } }),
      at: ['/linux/intelRdt/l3CacheSchema'],
    },
  ],
  linuxRules.warn,
);

test.run();
