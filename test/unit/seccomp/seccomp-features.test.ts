import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { compileSeccomp } from '../../../src/seccomp/compile-seccomp.ts';
import { seccompFeatures } from '../../../src/seccomp/seccomp-features.ts';
import type { Seccomp, SeccompArch } from '../../../src/spec/config.ts';
import { argument, entry, host } from './support.ts';

const test = suite('seccompFeatures()');

test('names only what compiles', async () => {
  const { features, libseccomp } = await seccompFeatures(host);
  assert.match(libseccomp ?? '', /^\d+\.\d+\.\d+$/);
  assert.equal(features.enabled, true);
  const compiles = async (section: Partial<Seccomp>) => {
    await compileSeccomp(host, { defaultAction: 'SCMP_ACT_ALLOW', listenerPath: '/s', ...section });
  };
  for (const action of features.actions ?? []) await compiles({ syscalls: [entry('getpid', action)] });
  for (const op of features.operators ?? [])
    await compiles({ syscalls: [entry('getpid', 'SCMP_ACT_LOG', { args: [argument(0, op, 1)] })] });
  for (const arch of features.archs ?? []) await compiles({ architectures: [arch] });
  for (const flag of features.supportedFlags ?? []) await compiles({ flags: [flag] });
  assert.equal(features.actions?.length, 9);
  assert.equal(features.operators?.length, 7);
  assert.equal(features.knownFlags?.length, 4);
});

test('says what this machine has', async () => {
  const { archs, supportedFlags, knownFlags } = (await seccompFeatures(host)).features;
  const native = { x64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' }[process.arch as string];
  if (native) assert.ok(archs?.includes(native as SeccompArch));
  for (const flag of [
    'SECCOMP_FILTER_FLAG_TSYNC',
    'SECCOMP_FILTER_FLAG_LOG',
    'SECCOMP_FILTER_FLAG_SPEC_ALLOW',
  ] as const)
    assert.ok(supportedFlags?.includes(flag), flag);
  assert.ok(supportedFlags?.every((flag) => knownFlags?.includes(flag)));
});

test.run();
