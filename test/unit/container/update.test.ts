import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { mergeResources } from '../../../src/container/update.ts';

const test = suite('update');

test('mergeResources() lays changes over what was there, and takes 0 for "not given" where update does', () => {
  const before = { memory: { limit: 100, swap: 200 }, cpu: { shares: 5, idle: 1 }, pids: { limit: 9 } };
  assert.deepEqual(
    mergeResources(before, { memory: { limit: 150, swap: 0 }, cpu: { shares: 0, idle: 0, cpus: '' } }),
    {
      memory: { limit: 150, swap: 200 },
      cpu: { shares: 5, idle: 0 },
      pids: { limit: 9 },
    },
  );
  assert.deepEqual(mergeResources({ cpu: { burst: 7 } }, { cpu: { burst: 0 } }).cpu, { burst: 0 });
  assert.deepEqual(mergeResources(before, { pids: { limit: 0 } }).pids, { limit: 0 });
  assert.deepEqual(mergeResources(undefined, { pids: { limit: 3 } }), { pids: { limit: 3 } });
  const devices = [{ allow: false, access: 'rwm' }];
  assert.deepEqual(mergeResources({ devices: [{ allow: true, access: 'r' }] }, { devices }).devices, devices);
  assert.deepEqual(before.memory, { limit: 100, swap: 200 });
});

test.run();
