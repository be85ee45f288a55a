/** containerd's CRI plugin with a runtime handler whose BinaryName is tsoci, driven as the kubelet drives it. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { cgroupsNamed } from '../integration/support/leftovers.ts';
import { until } from '../integration/support/wait.ts';
import { Containerd } from './support/containerd.ts';
import { engineSuite } from './support/engine-suite.ts';
import { CallError } from './support/grpc.ts';
import { withPod } from './support/pod.ts';
import type { Fields } from './support/protobuf.ts';

const test = engineSuite('CRI', ['containerd', 'ctr=containerd'], () => Containerd.open());

/** ContainerState. */
const [running, exited] = [1, 2];

const loop = ['sh', '-c', 'trap "exit 3" TERM; echo up; while :; do sleep 0.05; done'];

test('a pod with two containers: logs, statuses, stop, remove', (engine) =>
  withPod(engine, 'two', async (pod) => {
    const first = await pod.start('first', loop);
    const second = await pod.start('second', ['sh', '-c', 'echo to out; echo to err >&2; exit 5']);
    assert.equal(await pod.state(first), running);
    await until('the second ends', async () => (await pod.state(second)) === exited);
    const status = (await pod.cri.call('ContainerStatus', [[1, second]])).message(1);
    assert.equal(status.number(7), 5);
    const log = readFileSync(engine.path('logs', 'two', 'second.log'), 'utf8');
    assert.match(log, / stdout F to out\n/);
    assert.match(log, / stderr F to err\n/);
    await pod.cri.call('StopContainer', [
      [1, first],
      [2, 10],
    ]);
    assert.equal((await pod.cri.call('ContainerStatus', [[1, first]])).message(1).number(7), 3);
    for (const id of [first, second]) await pod.remove(id);
  }));

test('exec, a hundred times in a row as probes do, and one that fails', (engine) =>
  withPod(engine, 'probes', async (pod) => {
    const id = await pod.start('main', loop);
    const exec = (...words: readonly string[]) =>
      pod.cri.call('ExecSync', [[1, id], ...words.map((word) => [2, word] as const), [3, 10]]);
    for (let probe = 0; probe < 100; probe++) {
      const answer = await exec('echo', String(probe));
      assert.deepEqual([answer.text(1), answer.number(3)], [`${probe}\n`, 0]);
    }
    const failing = await exec('sh', '-c', 'echo no >&2; exit 9');
    assert.deepEqual([failing.text(2), failing.number(3)], ['no\n', 9]);
    await assert.rejects(exec('missing'), /executable file not found in \$PATH/);
    await pod.remove(id);
  }));

test('a user other than root opens its streams by name, in exec as well', (engine) =>
  withPod(engine, 'streams', async (pod) => {
    const script = 'id -u > /dev/stdout; echo error > /dev/stderr; while :; do sleep 0.05; done';
    // linux.security_context.run_as_user
    const id = await pod.start('main', ['sh', '-c', script], [[2, [[5, [[1, 1000]]]]]]);
    const log = engine.path('logs', 'streams', 'main.log');
    await until('it has written', () => readFileSync(log, 'utf8').split('\n').length > 2);
    assert.match(readFileSync(log, 'utf8'), / stdout F 1000\n/);
    assert.match(readFileSync(log, 'utf8'), / stderr F error\n/);
    const words = ['sh', '-c', 'echo probe > /dev/stdout'];
    const answer = await pod.cri.call('ExecSync', [
      [1, id],
      ...words.map((word) => [2, word] as const),
      [3, 10],
    ]);
    assert.deepEqual([answer.text(1), answer.number(3)], ['probe\n', 0]);
    await pod.remove(id);
  }));

test('limits, changed while the container runs; an out-of-memory kill has its reason', (engine) =>
  withPod(engine, 'limits', async (pod) => {
    const mebibyte = 1 << 20;
    const resources = (memory: number, quota: number): Fields => [
      [1, 100_000],
      [2, quota],
      [4, memory * mebibyte],
    ];
    const id = await pod.start('main', loop, [[1, resources(64, 50_000)]]);
    const directory = (controller: string) =>
      cgroupsNamed(id).find((path) => path.includes(`/${controller}/`)) ?? `no cgroup of ${controller}`;
    const read = (controller: string, file: string) =>
      readFileSync(`${directory(controller)}/${file}`, 'utf8').trim();
    assert.equal(read('memory', 'memory.limit_in_bytes'), String(64 * mebibyte));
    assert.equal(read('cpu', 'cpu.cfs_quota_us'), '50000');
    await pod.cri.call('UpdateContainerResources', [
      [1, id],
      [2, resources(96, 30_000)],
    ]);
    assert.equal(read('memory', 'memory.limit_in_bytes'), String(96 * mebibyte));
    assert.equal(read('cpu', 'cpu.cfs_quota_us'), '30000');
    await pod.remove(id);
    const script = 'sleep 0.3; exec dd if=/dev/zero of=/dev/null bs=64M count=1';
    const hungry = await pod.start('hungry', ['sh', '-c', script], [[1, resources(16, 0)]]);
    await until('it is killed', async () => (await pod.state(hungry)) === exited);
    const status = (await pod.cri.call('ContainerStatus', [[1, hungry]])).message(1);
    assert.deepEqual([status.text(10), status.number(7)], ['OOMKilled', 137]);
    await pod.remove(hungry);
  }));

test('a missing command is an error of the start that the kubelet can show', (engine) =>
  withPod(engine, 'wrong', async (pod) => {
    await assert.rejects(
      pod.start('main', ['/missing']),
      (error: unknown) =>
        error instanceof CallError && /exec: "\/missing".*no such file or directory/.test(error.message),
    );
  }));

test.run();
