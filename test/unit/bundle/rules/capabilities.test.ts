import { test } from 'uvu';
import { capabilityRules } from '../../../../src/bundle/rules/capabilities.ts';
import { process, testWarned } from './rows.ts';

testWarned(
  [
    {
      rule: 'unknown-capability',
      name: 'misspelt and unknown',
      config: process({ capabilities: { bounding: ['cap_kill', 'CAP_KILL', 'CAP_NOTHING_OF_THE_KIND'] } }),
      at: ['/process/capabilities/bounding/0', '/process/capabilities/bounding/2'],
    },
    {
      rule: 'capability-subset',
      name: 'ambient and effective',
      config: process({
        capabilities: { effective: ['CAP_CHOWN'], ambient: ['CAP_KILL'], permitted: ['CAP_KILL'] },
      }),
      at: ['/process/capabilities/effective/0', '/process/capabilities/ambient/0'],
    },
  ],
  capabilityRules.warn,
);

test.run();
