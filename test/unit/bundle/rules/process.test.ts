import { test } from 'uvu';
import { processRules } from '../../../../src/bundle/rules/process.ts';
import { base, process, testRefused, testWarned, without } from './rows.ts';

testRefused(
  [
    {
      rule: 'args-needed',
      name: 'no arguments',
      config: { ...base, process: { cwd: '/' } },
      at: ['/process/args'],
    },
    { rule: 'args-needed', name: 'empty arguments', config: process({ args: [] }), at: ['/process/args'] },
    {
      rule: 'args-needed',
      // It is a name that is not found, as engines expect (find-executable).
      name: 'a program without a name',
      config: process({ args: [''] }),
      at: [],
    },
    {
      rule: 'cwd-absolute',
      name: 'a relative directory',
      config: process({ cwd: 'tmp' }),
      at: ['/process/cwd'],
    },
    {
      rule: 'environment',
      name: 'no =, no name',
      config: process({ env: ['A=', 'B', '=c'] }),
      at: ['/process/env/1', '/process/env/2'],
    },
    {
      rule: 'user-ids',
      name: 'no ids',
      config: process({ user: {} }),
      at: ['/process/user/uid', '/process/user/gid'],
    },
    {
      rule: 'user-ids',
      name: 'ids that are none',
      config: process({ user: { uid: 4294967295, gid: 4294967295, additionalGids: [4294967295] } }),
      at: ['/process/user/uid', '/process/user/gid', '/process/user/additionalGids/0'],
    },
    {
      rule: 'user-ids',
      name: 'a mask of more than permissions',
      config: process({ user: { uid: 0, gid: 0, umask: 512 } }),
      at: ['/process/user/umask'],
    },
    {
      rule: 'user-ids',
      name: 'too many groups',
      config: process({ user: { uid: 0, gid: 0, additionalGids: Array(65537).fill(1) } }),
      at: ['/process/user/additionalGids'],
    },
    {
      rule: 'rlimits',
      name: 'an unknown limit',
      config: process({ rlimits: [{ type: 'RLIMIT_NOFILES', soft: 1, hard: 1 }] }),
      at: ['/process/rlimits/0/type'],
      says: 'RLIMIT_NOFILE"?',
    },

    {
      rule: 'rlimits',
      name: 'a limit twice',
      config: process({
        rlimits: [
          { type: 'RLIMIT_CPU', soft: 1, hard: 1 },
          { type: 'RLIMIT_CPU', soft: 1, hard: 1 },
        ],
      }),
      at: ['/process/rlimits/1/type'],
    },
    {
      rule: 'rlimits',
      name: 'soft above hard',
      config: process({ rlimits: [{ type: 'RLIMIT_CPU', soft: 18446744073709551615n, hard: 5 }] }),
      at: ['/process/rlimits/0/soft'],
    },
    { rule: 'oom-score', name: '1001', config: process({ oomScoreAdj: 1001 }), at: ['/process/oomScoreAdj'] },
    { rule: 'oom-score', name: '+ -1000', config: process({ oomScoreAdj: -1000 }), at: [] },
    {
      rule: 'console-size',
      name: 'too wide',
      config: process({ terminal: true, consoleSize: { width: 65536, height: 1 } }),
      at: ['/process/consoleSize/width'],
    },
    {
      rule: 'console-size',
      name: '+ ignored without a terminal',
      config: process({ consoleSize: { width: 65536, height: 1 } }),
      at: [],
    },
    {
      rule: 'exec-affinity',
      name: 'a range backwards',
      config: process({ execCPUAffinity: { initial: '3-1', final: '1,,2' } }),
      at: ['/process/execCPUAffinity/initial', '/process/execCPUAffinity/final'],
    },
    {
      rule: 'exec-affinity',
      name: '+ lists',
      config: process({ execCPUAffinity: { initial: '0-3, 7', final: '' } }),
      at: [],
    },
    {
      rule: 'labels',
      name: 'two lines',
      config: process({ apparmorProfile: 'a\nb', selinuxLabel: 'c\nd' }),
      at: ['/process/apparmorProfile', '/process/selinuxLabel'],
    },
  ],
  processRules.refuse.filter(({ name }) => name !== 'scheduler'),
);

testWarned(
  [
    { rule: 'no-process', name: 'no process', config: without('process'), at: ['/process'] },
    {
      rule: 'ignored-windows',
      name: 'both',
      config: process({ commandLine: 'x', user: { uid: 0, gid: 0, username: 'u' } }),
      at: ['/process/commandLine', '/process/user/username'],
    },
  ],
  processRules.warn,
);

test.run();
