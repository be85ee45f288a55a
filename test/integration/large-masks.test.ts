/** Lists of CPUs and memory nodes with numbers beyond 1,024: what reaches the kernel, by what it answers. */
import { strict as assert } from 'node:assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { maximumCpus, maximumNodes } from '../../src/spec/kernel-flags.ts';
import type { ConfigChange } from './support/bundle.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';

const test = suite(`large masks (${runtimeKind})`);

const affinity = async (sandbox: Sandbox, final: string) => {
  const id = await sandbox.running();
  const process = {
    cwd: '/',
    args: ['grep', 'Cpus_allowed_list', '/proc/self/status'],
    execCPUAffinity: { final },
  };
  const file = join(sandbox.directory(), 'process.json');
  writeFileSync(file, JSON.stringify({ ...process, user: { uid: 0, gid: 0 }, env: ['PATH=/bin'] }));
  return sandbox.tsoci(['exec', '--process', file, id]);
};

test('this kernel has no more CPUs than a mask of ours', () => {
  assert.ok(Number(readFileSync('/sys/devices/system/cpu/kernel_max', 'utf8')) < maximumCpus);
});

test('execCPUAffinity: CPUs that are not there are left out by the kernel, and alone are refused by it', () =>
  withSandbox(async (sandbox) => {
    for (const list of ['0,1024', '0,1500-2000', `0,${maximumCpus - 1}`])
      assert.equal(expectSuccess(await affinity(sandbox, list)).stdout, 'Cpus_allowed_list:\t0\n', list);
    for (const list of ['1024', '1500-2000', String(maximumCpus - 1)])
      expectRefusal(
        await affinity(sandbox, list),
        /process\.execCPUAffinity\.final: .*sched_setaffinity: invalid argument/,
        255,
      );
    expectRefusal(
      await affinity(sandbox, String(maximumCpus)),
      /more than Linux has CPUs: 8192 at most/,
      255,
    );
  }));

const policy =
  (nodes: string): ConfigChange =>
  (config) => {
    if (config.linux) config.linux.memoryPolicy = { mode: 'MPOL_BIND', nodes };
  };

test('memoryPolicy: the highest node that a kernel may have reaches it', () =>
  withSandbox(async (sandbox) => {
    // A kernel without NUMA has no set_mempolicy(2), and one that is built for fewer nodes refuses those.
    const control = await sandbox.run(['true'], policy('0'));
    const highest = await sandbox.run(['true'], policy(`0,${maximumNodes - 1}`));
    const answer = /linux\.memoryPolicy.*set_mempolicy: (invalid argument|function not implemented)/;
    if (control.code !== 0) expectRefusal(control, answer);
    if (highest.code !== 0) expectRefusal(highest, answer);
    expectRefusal(
      await sandbox.run(['true'], policy(`0,${maximumNodes}`)),
      /more than Linux has memory nodes/,
    );
  }));

test('cpuset: the list is the kernel’s to judge', () =>
  withSandbox(async (sandbox) => {
    const limited =
      (cpus: string): ConfigChange =>
      (config) => {
        if (config.linux) config.linux.resources = { cpu: { cpus } };
      };
    expectSuccess(await sandbox.run(['true'], limited('0')));
    expectRefusal(
      await sandbox.run(['true'], limited(String(maximumCpus - 1))),
      /linux\.resources\.cpu\.cpus|cpuset\.cpus/,
    );
  }));

test.run();
