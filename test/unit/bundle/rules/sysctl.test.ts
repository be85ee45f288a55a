import { test } from 'uvu';
import { sysctlRules } from '../../../../src/bundle/rules/sysctl.ts';
import { linux, namespaces, testRefused } from './rows.ts';

testRefused(
  [
    ...[
      ['kernel.shmmax', 'ipc'],
      ['fs.mqueue.msg_max', 'ipc'],
      ['net.ipv4.ip_forward', 'network'],
      ['net/core/somaxconn', 'network'],
      ['kernel.domainname', 'uts'],
    ].flatMap(([name = '', namespace = '']) => [
      { rule: 'sysctl', name: `+ ${name}`, config: linux({ sysctl: { [name]: '1' } }), at: [] },
      {
        rule: 'sysctl',
        name: `${name} of the host`,
        config: {
          ...linux({ sysctl: { [name]: '1' }, namespaces: namespaces(`-${namespace}`) }),
          hostname: '',
        },
        at: [`/linux/sysctl/${name.replaceAll('/', '~1')}`],
        says: `needs a ${namespace} namespace`,
      },
    ]),
    {
      rule: 'sysctl',
      name: 'a parameter that only begins like one of the network',
      config: linux({ sysctl: { 'network.x': '1' } }),
      at: ['/linux/sysctl/network.x'],
      says: 'would change the host',
    },
    {
      rule: 'sysctl',
      name: 'a parameter of the host',
      config: linux({ sysctl: { 'vm.overcommit_memory': '1' } }),
      at: ['/linux/sysctl/vm.overcommit_memory'],
      says: 'would change the host',
    },
    {
      rule: 'sysctl',
      name: 'kernel.hostname',
      config: linux({ sysctl: { 'kernel.hostname': 'x' } }),
      at: ['/linux/sysctl/kernel.hostname'],
    },
    {
      rule: 'sysctl',
      name: 'two domain names',
      config: { ...linux({ sysctl: { 'kernel.domainname': 'x' } }), domainname: 'y' },
      at: ['/linux/sysctl/kernel.domainname'],
    },
    ...['net/../kernel/core_pattern', 'net..x', '../x', '/net/x', 'net/ipv4/../../vm/x'].map((name) => ({
      rule: 'sysctl',
      name: `the path ${name}`,
      config: linux({ sysctl: { [name]: '1' } }),
      at: [`/linux/sysctl/${name.replaceAll('/', '~1')}`],
      says: 'no name of a kernel parameter',
    })),
    {
      rule: 'sysctl',
      name: '+ a dot inside a name',
      config: linux({ sysctl: { 'net.ipv4.conf.eth0/1.forwarding': '1' } }),
      at: [],
    },
  ],
  sysctlRules.refuse,
);

test.run();
