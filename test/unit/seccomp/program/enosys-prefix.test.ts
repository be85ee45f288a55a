import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { compileSeccomp } from '../../../../src/seccomp/compile-seccomp.ts';
import { architectures } from '../../../../src/seccomp/profile/architectures.ts';
import { enosysPrefix, type NewestCall } from '../../../../src/seccomp/program/enosys-prefix.ts';
import type { Seccomp, SeccompAction, SeccompArch } from '../../../../src/spec/config.ts';
import { assemble, evaluate } from '../bpf.ts';
import { allow, enosys, entry, errno, host, wrongMachine, x32Bit, x86, x86_64 } from '../support.ts';

const test = suite('enosysPrefix()');
const on = wrongMachine === undefined ? test : test.skip;

/** What follows the prefix in these tests: "the profile's own program answered". */
const program = assemble([0x06, 0, 0, 0x7777]);
const own = 0x7777;

function answer(newest: readonly NewestCall[], arch: number, number: number): number {
  const prefix = enosysPrefix(newest);
  const whole = new Uint8Array(prefix.length + program.length);
  whole.set(prefix);
  whole.set(program, prefix.length);
  return evaluate(whole, { arch, number });
}

test('nothing to check, nothing to run', () => {
  assert.equal(enosysPrefix([]).length, 0);
});

const ordinary = (Object.keys(architectures) as SeccompArch[]).filter((name) => name !== 'SCMP_ARCH_X32');
for (const architecture of ordinary) {
  test(`${architecture}: newer is ENOSYS, the newest and older go on, other architectures too`, () => {
    const { audit } = architectures[architecture];
    const newest = [{ architecture, number: 4400 }];
    const expected = architecture.includes('MIPS')
      ? errno(89)
      : architecture.includes('PARISC')
        ? errno(251)
        : enosys;
    assert.equal(answer(newest, audit, 4401), expected);
    assert.equal(answer(newest, audit, 4400), own);
    assert.equal(answer(newest, audit, 1), own);
    assert.equal(answer(newest, 0x12345678, 4401), own);
    assert.equal(answer(newest, audit, -1), own, 'a call that a tracer skips');
  });
}

test('x32 shares its architecture with x86_64, and each has its own newest', () => {
  const newest: NewestCall[] = [
    { architecture: 'SCMP_ARCH_X86_64', number: 440 },
    { architecture: 'SCMP_ARCH_X32', number: x32Bit + 435 },
  ];
  for (const rows of [newest, newest.toReversed()]) {
    assert.equal(answer(rows, x86_64, 440), own);
    assert.equal(answer(rows, x86_64, 441), enosys);
    assert.equal(answer(rows, x86_64, x32Bit + 435), own);
    assert.equal(answer(rows, x86_64, x32Bit + 436), enosys);
    assert.equal(answer(rows, x86_64, x32Bit + 511), enosys);
    assert.equal(answer(rows, x86_64, x32Bit + 512), own, "x32's own variants of old calls");
    assert.equal(answer(rows, x86_64, x32Bit + 547), own);
    assert.equal(answer(rows, x86_64, x32Bit + 548), enosys);
    assert.equal(answer(rows, x86_64, -1), own);
  }
});

test('x32 calls go on when the filter has no x32, x86_64 ones when it names none', () => {
  assert.equal(answer([{ architecture: 'SCMP_ARCH_X86_64', number: 440 }], x86_64, x32Bit + 500), own);
  const onlyX32: NewestCall[] = [{ architecture: 'SCMP_ARCH_X32', number: x32Bit + 435 }];
  assert.equal(answer(onlyX32, x86_64, 441), own);
  assert.equal(answer(onlyX32, x86_64, x32Bit + 436), enosys);
});

test("ARM's private calls are neither new nor refused", () => {
  const newest: NewestCall[] = [{ architecture: 'SCMP_ARCH_ARM', number: 440 }];
  const { audit } = architectures.SCMP_ARCH_ARM;
  assert.equal(answer(newest, audit, 441), enosys);
  assert.equal(answer(newest, audit, 0x0f0005), own);
});

test('s390: call 0 stands for calls that the kernel does not know', () => {
  for (const architecture of ['SCMP_ARCH_S390', 'SCMP_ARCH_S390X'] as const) {
    const newest = [{ architecture, number: 440 }];
    assert.equal(answer(newest, architectures[architecture].audit, 0), enosys);
    assert.equal(answer(newest, architectures[architecture].audit, 1), own);
  }
});

test('all architectures in one filter', () => {
  const newest = (Object.keys(architectures) as SeccompArch[]).map((architecture) => ({
    architecture,
    number: architecture === 'SCMP_ARCH_X32' ? x32Bit + 440 : 440,
  }));
  for (const { architecture, number } of newest) {
    const { audit } = architectures[architecture];
    assert.equal(answer(newest, audit, number), own, architecture);
    assert.equal(answer(newest, audit, number + 1) & 0xffff0000, 0x00050000, architecture);
  }
});

const section = (defaultAction: SeccompAction, names = ['read', 'openat2']): Seccomp => ({
  defaultAction,
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  syscalls: [entry(names, defaultAction === 'SCMP_ACT_ALLOW' ? 'SCMP_ACT_LOG' : 'SCMP_ACT_ALLOW')],
});
const openat2 = 437;
const newer = 439; // faccessat2
const older = 101; // ptrace

for (const [action, value] of [
  ['SCMP_ACT_ERRNO', errno(1)],
  ['SCMP_ACT_KILL', 0],
  ['SCMP_ACT_KILL_PROCESS', 0x80000000],
] as const) {
  on(`compileSeccomp(): ${action} is for calls that the profile's author could know`, async () => {
    const { filter } = await compileSeccomp(host, section(action));
    const at = (arch: number, number: number) => evaluate(filter, { arch, number });
    assert.equal(at(x86_64, newer), enosys);
    assert.equal(at(x86, newer), enosys);
    assert.equal(at(x86_64, newer + x32Bit), enosys);
    assert.equal(at(x86_64, openat2), allow);
    assert.equal(at(x86, openat2), allow);
    assert.equal(at(x86_64, openat2 + x32Bit), allow);
    assert.equal(at(x86_64, older), value);
    assert.equal(at(x86_64, older + x32Bit), value);
  });
}

for (const [action, value] of [
  ['SCMP_ACT_ALLOW', allow],
  ['SCMP_ACT_LOG', 0x7ffc0000],
  ['SCMP_ACT_TRAP', 0x00030000],
  ['SCMP_ACT_TRACE', 0x7ff00001],
] as const) {
  on(`compileSeccomp(): ${action} is for all calls`, async () => {
    const { filter } = await compileSeccomp(host, section(action));
    const answers = [older, newer, 500].map((number) => evaluate(filter, { arch: x86_64, number }));
    assert.deepEqual(answers, [value, value, value]);
  });
}

on('compileSeccomp(): names that no library knows do not count as known', async () => {
  const { filter } = await compileSeccomp(host, section('SCMP_ACT_ERRNO', ['read', 'no_such_call']));
  assert.equal(evaluate(filter, { arch: x86_64, number: 1 }), enosys);
  assert.equal(evaluate(filter, { arch: x86_64, number: 0 }), allow);
});

on('compileSeccomp(): a profile without any name has no newest', async () => {
  const { filter } = await compileSeccomp(host, { defaultAction: 'SCMP_ACT_KILL' });
  assert.equal(evaluate(filter, { arch: x86_64, number: 500 }), 0);
});

test.run();
