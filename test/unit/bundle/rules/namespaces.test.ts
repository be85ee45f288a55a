import { test } from 'uvu';
import { namespaceRules } from '../../../../src/bundle/rules/namespaces.ts';
import type { Linux } from '../../../../src/spec/config.ts';
import { linux, namespaces, testRefused, testWarned, user, whole } from './rows.ts';

testRefused(
  [
    {
      rule: 'namespaces',
      name: 'a type twice',
      config: linux({ namespaces: namespaces('pid') }),
      at: ['/linux/namespaces/6/type'],
      says: 'namespaces[0]',
    },
    {
      rule: 'namespaces',
      name: 'a relative path',
      config: linux({ namespaces: [...namespaces('-network'), { type: 'network', path: 'run/netns/x' }] }),
      at: ['/linux/namespaces/5/path'],
    },
    {
      rule: 'user-namespace',
      name: 'maps without a namespace',
      config: linux({ uidMappings: whole }),
      at: ['/linux/uidMappings'],
    },
    {
      rule: 'user-namespace',
      name: 'a namespace without maps',
      config: linux({ namespaces: namespaces('user') }),
      at: ['/linux/uidMappings', '/linux/gidMappings'],
    },
    { rule: 'user-namespace', name: '+ both', config: linux(user), at: [] },
    {
      rule: 'user-namespace',
      name: '+ a joined namespace without maps',
      config: linux({ namespaces: [...namespaces(), { type: 'user', path: '/proc/1/ns/user' }] }),
      at: [],
    },
    {
      rule: 'id-mappings',
      name: 'no ids',
      config: linux({ ...user, uidMappings: [...whole, { containerID: 70000, hostID: 1, size: 0 }] }),
      at: ['/linux/uidMappings/1/size'],
    },
    {
      rule: 'id-mappings',
      name: 'the last id, which is none',
      config: linux({ ...user, gidMappings: [{ containerID: 0, hostID: 1, size: 4294967295 }] }),
      at: ['/linux/gidMappings/0/hostID'],
    },
    {
      rule: 'id-mappings',
      name: '+ all ids there are',
      config: linux({ ...user, gidMappings: [{ containerID: 0, hostID: 0, size: 4294967295 }] }),
      at: [],
    },
    {
      rule: 'id-mappings',
      name: 'an overlap inside',
      config: linux({
        ...user,
        uidMappings: [
          { containerID: 5, hostID: 10, size: 1 },
          { containerID: 0, hostID: 100, size: 6 },
        ],
      }),
      at: ['/linux/uidMappings/1/containerID'],
      says: '0 to 5 overlaps 5 to 5 of line 0',
    },
    {
      rule: 'id-mappings',
      name: 'an overlap on the host',
      config: linux({
        ...user,
        uidMappings: [
          { containerID: 0, hostID: 10, size: 10 },
          { containerID: 10, hostID: 19, size: 6 },
        ],
      }),
      at: ['/linux/uidMappings/1/hostID'],
    },
    {
      rule: 'id-mappings',
      name: '341 lines',
      config: linux({
        ...user,
        uidMappings: Array.from({ length: 341 }, (_, i) => ({ containerID: i, hostID: i, size: 1 })),
      }),
      at: ['/linux/uidMappings'],
    },
    {
      rule: 'time-offsets',
      name: 'no time namespace',
      config: linux({ timeOffsets: { boottime: { secs: 1 } } }),
      at: ['/linux/timeOffsets'],
    },
    {
      rule: 'time-offsets',
      name: 'a joined time namespace',
      config: linux({
        namespaces: [...namespaces(), { type: 'time', path: '/t' }],
        timeOffsets: { boottime: { secs: 1 } },
      }),
      at: ['/linux/timeOffsets'],
    },
    {
      rule: 'time-offsets',
      name: '+ a new time namespace',
      config: linux({
        namespaces: namespaces('time'),
        timeOffsets: { boottime: { secs: -1n, nanosecs: 999999999 } },
      }),
      at: [],
    },
    {
      rule: 'time-offsets',
      name: 'a second of nanoseconds, an unknown clock',
      config: linux({
        namespaces: namespaces('time'),
        timeOffsets: { monotonic: { nanosecs: 1e9 }, realtime: { secs: 1 } } as Linux['timeOffsets'] & object,
      }),
      at: ['/linux/timeOffsets/monotonic/nanosecs', '/linux/timeOffsets/realtime'],
    },
  ],
  namespaceRules.refuse,
);

testWarned(
  [
    {
      rule: 'joined-user-namespace',
      name: 'maps',
      config: linux({ ...user, namespaces: [...namespaces(), { type: 'user', path: '/u' }] }),
      at: ['/linux/uidMappings', '/linux/gidMappings'],
    },
  ],
  namespaceRules.warn,
);

test.run();
