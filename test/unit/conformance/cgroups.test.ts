import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { hierarchiesIn } from '../../../conformance/support/cgroups.ts';

const test = suite("the conformance suite's cgroups");

const hybrid = `25 20 0:22 / /sys/fs/cgroup ro,nosuid shared:7 - tmpfs tmpfs ro,mode=755
26 25 0:23 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
27 25 0:24 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 master:2 - cgroup cgroup rw,cpu,cpuacct
28 25 0:25 /box /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
29 25 0:26 / /sys/fs/cgroup-of-others/pids rw - cgroup cgroup rw,pids
30 25 0:27 / /sys/fs/cgroup/net_cls rw - tmpfs none rw
`;

test('what is mounted counts: no plain directory, no other filesystem, no place beside', () => {
  const found = hierarchiesIn(hybrid);
  assert.deepEqual(
    found.map(({ mount, root }) => [mount, root]),
    [
      ['/sys/fs/cgroup/unified', '/'],
      ['/sys/fs/cgroup/cpu,cpuacct', '/'],
      ['/sys/fs/cgroup/systemd', '/box'],
    ],
  );
  assert.deepEqual(found[0]?.controllers, ['']);
  assert.ok(found[1]?.controllers.includes('cpuacct'));
  assert.ok(found[2]?.controllers.includes('name=systemd'));
});

test('cgroup v2 alone', () => {
  const line = '25 20 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n';
  assert.deepEqual(hierarchiesIn(line), [{ controllers: [''], mount: '/sys/fs/cgroup', root: '/' }]);
});

test.run();
