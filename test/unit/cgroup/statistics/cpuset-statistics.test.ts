import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { cpusetV1, cpusetV2 } from '../../../../src/cgroup/statistics/cpuset-statistics.ts';
import { StatisticsFiles } from '../../../../src/cgroup/statistics/statistics-files.ts';
import { FakeFiles } from '../fake-files.ts';

const test = suite('cpuset statistics');

function filesWith(content: Readonly<Record<string, string>>): StatisticsFiles {
  const fake = new FakeFiles();
  fake.add('/c', content);
  return new StatisticsFiles(fake.native(), '/c');
}

test('lists are told as numbers; v2 tells what is in force', () => {
  const v1 = cpusetV1(
    filesWith({ 'cpuset.cpus': '0-2,5\n', 'cpuset.mems': '0\n', 'cpuset.cpu_exclusive': '1\n' }),
  );
  assert.deepEqual(v1, { cpus: [0, 1, 2, 5], mems: [0], flags: { cpu_exclusive: 1 } });
  const v2 = cpusetV2(
    filesWith({ 'cpuset.cpus': '7\n', 'cpuset.cpus.effective': '0-1\n', 'cpuset.mems.effective': '0-1\n' }),
  );
  assert.deepEqual(v2, { cpus: [0, 1], mems: [0, 1], flags: {} });
});

test('a cgroup without the controller has none', () => {
  assert.equal(cpusetV1(undefined), undefined);
  assert.equal(cpusetV1(filesWith({})), undefined);
  assert.equal(cpusetV2(filesWith({ 'cpuset.cpus': '0\n' })), undefined);
});

test.run();
