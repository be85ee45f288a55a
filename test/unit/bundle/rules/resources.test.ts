import { test } from 'uvu';
import { resourceRules } from '../../../../src/bundle/rules/resources.ts';
import { resources, testRefused, testWarned } from './rows.ts';

testRefused(
  [
    {
      rule: 'memory',
      name: 'negative limits',
      config: resources({ memory: { limit: -2, kernelTCP: -5n } }),
      at: ['/linux/resources/memory/limit', '/linux/resources/memory/kernelTCP'],
    },
    {
      rule: 'memory',
      name: 'swap below the limit',
      config: resources({ memory: { limit: 10, swap: 9 } }),
      at: ['/linux/resources/memory/swap'],
    },
    {
      rule: 'memory',
      name: '+ no limits',
      config: resources({ memory: { limit: -1, swap: -1, reservation: 0 } }),
      at: [],
    },
    {
      rule: 'cpu',
      name: 'out of range',
      config: resources({ cpu: { quota: 999, period: 1000001, realtimeRuntime: 5, realtimePeriod: 4 } }),
      at: [
        '/linux/resources/cpu/quota',
        '/linux/resources/cpu/period',
        '/linux/resources/cpu/realtimeRuntime',
      ],
    },
    {
      rule: 'cpu',
      name: 'burst above quota',
      config: resources({ cpu: { quota: 5000, burst: 5001n } }),
      at: ['/linux/resources/cpu/burst'],
    },
    {
      rule: 'cpu',
      name: 'bad lists',
      config: resources({ cpu: { cpus: '0-', mems: 'a' } }),
      at: ['/linux/resources/cpu/cpus', '/linux/resources/cpu/mems'],
    },
    {
      rule: 'cpu',
      name: '+ nothing set',
      config: resources({ cpu: { quota: 0, period: 0, shares: 0, cpus: '', mems: '' } }),
      at: [],
    },
    {
      rule: 'block-io',
      name: 'weights',
      config: resources({ blockIO: { weight: 9, leafWeight: 1001, weightDevice: [{ major: 8, minor: 0 }] } }),
      at: [
        '/linux/resources/blockIO/weight',
        '/linux/resources/blockIO/leafWeight',
        '/linux/resources/blockIO/weightDevice/0',
      ],
    },
    {
      rule: 'counts',
      name: 'negative, empty, repeated',
      config: resources({
        pids: { limit: -2 },
        rdma: { mlx: {} },
        hugepageLimits: [
          { pageSize: '2MB', limit: 0 },
          { pageSize: '2MB', limit: 1 },
        ],
        network: {
          priorities: [
            { name: 'e', priority: 1 },
            { name: 'e', priority: 2 },
          ],
        },
      }),
      at: [
        '/linux/resources/pids/limit',
        '/linux/resources/rdma/mlx',
        '/linux/resources/hugepageLimits/1/pageSize',
        '/linux/resources/network/priorities/1/name',
      ],
    },
    { rule: 'counts', name: '+ 0 tasks', config: resources({ pids: { limit: 0 } }), at: [] },
    {
      rule: 'unified',
      name: 'paths',
      config: resources({ unified: { '../memory.max': '1', 'memory.high': '1', 'a/b.c': '2' } }),
      at: ['/linux/resources/unified/..~1memory.max', '/linux/resources/unified/a~1b.c'],
    },
  ],
  resourceRules.refuse,
);

testWarned(
  [
    {
      rule: 'memory-sense',
      name: 'soft above hard, no killer',
      config: resources({ memory: { limit: 5, reservation: 6 } }),
      at: ['/linux/resources/memory/reservation'],
    },
    {
      rule: 'memory-sense',
      name: 'no killer without limit',
      config: resources({ memory: { disableOOMKiller: true } }),
      at: ['/linux/resources/memory/disableOOMKiller'],
    },
    {
      rule: 'device-access',
      name: 'none, empty',
      config: resources({ devices: [{ allow: true }, { allow: true, access: '' }] }),
      at: ['/linux/resources/devices/0/access', '/linux/resources/devices/1/access'],
    },
  ],
  resourceRules.warn,
);

test.run();
