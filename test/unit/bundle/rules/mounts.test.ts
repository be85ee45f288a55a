import { test } from 'uvu';
import { mountRules } from '../../../../src/bundle/rules/mounts.ts';
import { bind, mount, testRefused, testWarned, user, whole } from './rows.ts';

testRefused(
  [
    {
      rule: 'mounts',
      name: 'nowhere',
      config: mount({ ...bind, destination: '' }),
      at: ['/mounts/0/destination'],
    },
    {
      rule: 'mounts',
      name: 'a bind mount of nothing',
      config: mount({ destination: '/x', options: ['rbind'] }),
      at: ['/mounts/0/source'],
    },
    {
      rule: 'mounts',
      name: 'neither a type nor bind',
      config: mount({ destination: '/x', source: '/y' }),
      at: ['/mounts/0/type'],
    },
    {
      rule: 'mounts',
      name: 'type none without bind',
      config: mount({ destination: '/x', type: 'none' }),
      at: ['/mounts/0/type'],
    },
    {
      rule: 'mounts',
      name: 'type bind without bind',
      config: mount({ destination: '/x', type: 'bind', source: '/y' }),
      at: ['/mounts/0/options'],
    },
    {
      rule: 'mounts',
      name: '+ a bind mount, a remount',
      config: mount({ destination: '/x', options: ['remount', 'ro'] }),
      at: [],
    },
    {
      rule: 'idmapped-mounts',
      name: 'one map',
      config: mount({ ...bind, options: ['bind', 'idmap'], uidMappings: whole }),
      at: ['/mounts/0/gidMappings', '/mounts/0/options'],
    },
    {
      rule: 'idmapped-mounts',
      name: 'idmap of nothing',
      config: mount({ ...bind, options: ['bind', 'ridmap'] }),
      at: ['/mounts/0/options'],
    },
    {
      rule: 'idmapped-mounts',
      name: '+ idmap of the user namespace',
      config: mount({ ...bind, options: ['bind', 'idmap'] }, user),
      at: [],
    },
    {
      rule: 'idmapped-mounts',
      name: 'a map without ids',
      config: mount({ ...bind, options: ['bind', 'idmap'], uidMappings: whole, gidMappings: [] }, user),
      at: ['/mounts/0/gidMappings'],
    },
  ],
  mountRules.refuse,
);

testWarned(
  [
    {
      rule: 'relative-destination',
      name: 'x',
      config: mount({ ...bind, destination: 'x' }),
      at: ['/mounts/0/destination'],
      says: '"/x"',
    },
    {
      rule: 'idmap-option',
      name: 'maps without it',
      config: mount({ ...bind, uidMappings: whole, gidMappings: whole }),
      at: ['/mounts/0/options'],
    },
  ],
  mountRules.warn,
);

test.run();
