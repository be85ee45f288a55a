import { test } from 'uvu';
import { hookRules } from '../../../../src/bundle/rules/hooks.ts';
import { config, testRefused, testWarned } from './rows.ts';

testRefused(
  [
    {
      rule: 'hooks',
      name: 'a relative path',
      config: config({ hooks: { poststop: [{ path: '/a' }, { path: 'b' }] } }),
      at: ['/hooks/poststop/1/path'],
    },
    {
      rule: 'hooks',
      name: 'an environment without values',
      config: config({ hooks: { prestart: [{ path: '/a', env: ['A=b', 'C'] }] } }),
      at: ['/hooks/prestart/0/env/1'],
    },
  ],
  hookRules.refuse,
);

testWarned(
  [
    {
      rule: 'hook-args',
      name: 'none',
      config: config({ hooks: { poststart: [{ path: '/a', args: [] }] } }),
      at: ['/hooks/poststart/0/args'],
    },
  ],
  hookRules.warn,
);

test.run();
