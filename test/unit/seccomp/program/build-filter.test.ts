/** What libseccomp is asked, in which order, and what its refusals become. */
import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import type { LibraryCall } from '../../../../src/host/library.ts';
import { architectures } from '../../../../src/seccomp/profile/architectures.ts';
import { checkSection } from '../../../../src/seccomp/profile/check-section.ts';
import { buildFilter } from '../../../../src/seccomp/program/build-filter.ts';
import type { Seccomp } from '../../../../src/spec/config.ts';
import { laterFailureOf } from '../../refusal.ts';
import { assemble, evaluate } from '../bpf.ts';
import { type FakeLibrary, fakeLibrary } from '../fake-library.ts';
import { allow, argument, enosys, entry, errno, x32Bit, x86, x86_64 } from '../support.ts';

const test = suite('buildFilter()');

const tokens = {
  x86: architectures.SCMP_ARCH_X86.token,
  x86_64: architectures.SCMP_ARCH_X86_64.token,
  x32: architectures.SCMP_ARCH_X32.token,
};
const own = 0x7777;
/** "The profile's own program answered": what libseccomp would have made. */
const program = assemble([0x06, 0, 0, own]);

const numbers: Readonly<Record<string, number>> = {
  read: 0,
  getpid: 39,
  socket: 41,
  [`${tokens.x86} read`]: 3,
  [`${tokens.x86} getpid`]: 20,
  // libseccomp's own, for what goes through socketcall(2).
  [`${tokens.x86} socket`]: -101,
  [`${tokens.x32} read`]: x32Bit,
  [`${tokens.x32} getpid`]: x32Bit + 39,
  // One of the closed range of x32's variants.
  [`${tokens.x32} socket`]: x32Bit + 520,
};

/** A libseccomp on x86_64, where nothing is in a filter but that; other answers are the test's. */
function library(answer: (call: LibraryCall) => number | undefined = () => undefined): FakeLibrary {
  return fakeLibrary((call) => {
    const given = answer(call);
    if (given !== undefined) return given;
    if (call.name === 'native') return tokens.x86_64 | 0;
    if (call.name === 'exist') return call.values[0] === tokens.x86_64 ? 0 : -17;
    const key = call.values.join(' ').replace(`${tokens.x86_64} `, '');
    return call.name.startsWith('resolve') ? (numbers[key] ?? -1) : 0;
  }, program);
}

const knowsAll = { knowsFilterFlags: (_: number) => true };
const build = (section: Partial<Seccomp>, by = library(), failUnknown = false, native = knowsAll) =>
  buildFilter(native, by, checkSection({ defaultAction: 'SCMP_ACT_ALLOW', ...section }), failUnknown);
const rulesOf = ({ asked }: FakeLibrary) => asked.filter((each) => each.startsWith('rule'));

test('the default action, then architectures, then names and rules', async () => {
  const by = library();
  await build({ architectures: ['SCMP_ARCH_X86'], syscalls: [entry('getpid', 'SCMP_ACT_ERRNO')] }, by);
  assert.deepEqual(by.asked, [
    `init ${allow}`,
    'native',
    `exist ${tokens.x86}`,
    `add ${tokens.x86}`,
    'resolve getpid',
    `resolveFor ${tokens.x86_64} getpid`,
    `resolveFor ${tokens.x86} getpid`,
    `rule ${errno(1)} 39 0`,
  ]);
});

test('an architecture is added once, and not where it is there already', async () => {
  const by = library();
  await build({ architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X86'] }, by);
  assert.deepEqual(
    by.asked.filter((each) => each.startsWith('add')),
    [`add ${tokens.x86}`],
  );
});

for (const [result, what] of [
  [-22, 'that libseccomp does not know'],
  [-33, 'of the other byte order'],
] as const)
  test(`an architecture ${what} is left out, with a note`, async () => {
    const by = library(({ name }) => (name === 'add' ? result : undefined));
    const { notes, warnings } = await build(
      { architectures: ['SCMP_ARCH_S390X'], syscalls: [entry('getpid', 'SCMP_ACT_LOG')] },
      by,
    );
    assert.match(
      notes.join(),
      /^\/linux\/seccomp\/architectures: SCMP_ARCH_S390X is left out: libseccomp 2\.5\.4/,
    );
    assert.deepEqual(warnings, []);
    assert.ok(!by.asked.some((each) => each.includes(`${architectures.SCMP_ARCH_S390X.token} getpid`)));
  });

/** What libseccomp refuses, what that becomes, where, and in which words. */
const refusals: Readonly<Record<string, readonly [string, number, string, string, RegExp]>> = {
  'a default action': [
    'init',
    -22,
    'internal',
    '/linux/seccomp/defaultAction',
    /made no filter for the default/,
  ],
  'an architecture': [
    'add',
    -12,
    'internal',
    '/linux/seccomp/architectures',
    /^adding SCMP_ARCH_X86: libseccomp 2\.5\.4 answered with error 12$/,
  ],
  'a rule': [
    'rule',
    -12,
    'internal',
    '/linux/seccomp/syscalls',
    /^adding the rule for "getpid": libseccomp 2\.5\.4 answered with error 12$/,
  ],
  'a rule that is there': ['rule', -17, 'internal', '/linux/seccomp/syscalls', /error 17$/],
  'a rule that this kernel cannot have': [
    'rule',
    -95,
    'unsupported',
    '/linux/seccomp/syscalls',
    /^adding the rule for "getpid": not supported by libseccomp 2\.5\.4 on this kernel$/,
  ],
};
for (const [what, [call, result, code, pointer, words]] of Object.entries(refusals))
  test(`${what}, refused by libseccomp, is told with its place`, async () => {
    const by = library(({ name }) => (name === call ? result : undefined));
    const failure = await laterFailureOf(() =>
      build({ architectures: ['SCMP_ARCH_X86'], syscalls: [entry('getpid', 'SCMP_ACT_LOG')] }, by),
    );
    assert.deepEqual([failure.code, failure.pointer], [code, pointer]);
    assert.match(failure.message, words);
  });

test('a flag that the kernel does not know is refused before libseccomp is asked', async () => {
  const by = library();
  const asked: number[] = [];
  const knowsFilterFlags = (bits: number) => {
    asked.push(bits);
    return bits !== 2;
  };
  const failure = await laterFailureOf(() =>
    build({ flags: ['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_LOG'] }, by, false, {
      knowsFilterFlags,
    }),
  );
  assert.deepEqual([failure.code, failure.pointer], ['unsupported', '/linux/seccomp/flags']);
  assert.match(failure.message, /SECCOMP_FILTER_FLAG_LOG$/);
  assert.deepEqual([asked, by.asked], [[1, 2], []]);
});

test('names that are unknown: a note where less is allowed without them, a warning where more is', async () => {
  const syscalls = [
    entry(['getpid', 'one', 'two'], 'SCMP_ACT_ERRNO'),
    entry('three', 'SCMP_ACT_ALLOW'),
    entry('getpid', 'SCMP_ACT_ERRNO'),
  ];
  const { warnings, notes } = await build({ defaultAction: 'SCMP_ACT_LOG', syscalls });
  const words = 'unknown to libseccomp 2.5.4 and left out:';
  assert.deepEqual(warnings, [`/linux/seccomp/syscalls/0/names: ${words} one, two`]);
  assert.deepEqual(notes, [`/linux/seccomp/syscalls/1/names: ${words} three`]);
  assert.deepEqual(
    (await build({ syscalls: [entry('getpid', 'SCMP_ACT_ERRNO')] }, library(), true)).notes,
    [],
  );
  const single = { syscalls: [entry('three', 'SCMP_ACT_ALLOW')] };
  assert.match((await laterFailureOf(() => build(single, library(), true))).message, /2\.5\.4: three$/);
  const failure = await laterFailureOf(() => build({ syscalls }, library(), true));
  assert.equal(failure.code, 'invalid');
  assert.equal(failure.pointer, '/linux/seccomp/syscalls/0/names');
  assert.equal(failure.message, 'unknown to libseccomp 2.5.4: one, two');
});

test('what another entry overrules is told, as a warning or as a note', async () => {
  const args = [argument(0, 'SCMP_CMP_EQ', 1)];
  const syscalls = [
    entry('getpid', 'SCMP_ACT_ERRNO'),
    entry('getpid', 'SCMP_ACT_LOG'),
    entry('getpid', 'SCMP_ACT_LOG', { args }),
  ];
  const { warnings, notes } = await build({ syscalls });
  assert.match(warnings.join(), /^\/linux\/seccomp\/syscalls\/2: has no effect/);
  assert.match(notes.join(), /^\/linux\/seccomp\/syscalls\/1: has no effect/);
});

const mixed = (name: string) => [
  entry(name, 'SCMP_ACT_ERRNO', { args: [argument(0, 'SCMP_CMP_EQ', 1)] }),
  entry(name, 'SCMP_ACT_LOG', { args: [argument(1, 'SCMP_CMP_EQ', 2)] }),
];

test('clauses that libseccomp would merge wrongly are instructions of ours, and none of its rules', async () => {
  const by = library();
  const { filter } = await build({ architectures: ['SCMP_ARCH_X86'], syscalls: mixed('getpid') }, by);
  assert.deepEqual(rulesOf(by), []);
  for (const [arch, number] of [
    [x86_64, 39],
    [x86, 20],
  ] as const) {
    assert.equal(evaluate(filter, { arch, number, args: [1, 0] }), errno(1));
    assert.equal(evaluate(filter, { arch, number, args: [0, 2] }), 0x7ffc0000);
    assert.equal(evaluate(filter, { arch, number, args: [0, 0] }), allow);
    assert.equal(evaluate(filter, { arch, number: number + 1 }), own);
  }
  const first = await build({ syscalls: mixed('read') });
  assert.equal(evaluate(first.filter, { arch: x86_64, number: 0, args: [1, 0] }), errno(1), 'call 0 is one');
});

test('the same of a call that goes through socketcall(2) somewhere: libseccomp has rules too, and may have had them', async () => {
  const by = library(({ name }) => (name === 'rule' ? -17 : undefined));
  const { filter } = await build({ architectures: ['SCMP_ARCH_X86'], syscalls: mixed('socket') }, by);
  assert.deepEqual(rulesOf(by), [`rule ${errno(1)} 41 1`, `rule ${0x7ffc0000} 41 1`]);
  assert.equal(evaluate(filter, { arch: x86_64, number: 41, args: [1, 0] }), errno(1));
  assert.equal(evaluate(filter, { arch: x86, number: 102 }), own);
});

test('rules that say what the default says are not given to libseccomp, which refuses them', async () => {
  const by = library();
  const args = [argument(0, 'SCMP_CMP_EQ', 1)];
  const syscalls = [
    entry('getpid', 'SCMP_ACT_ALLOW', { args }),
    entry('read', 'SCMP_ACT_ERRNO', { args }),
    entry('socket', 'SCMP_ACT_ALLOW'),
  ];
  await build({ syscalls }, by);
  assert.deepEqual(rulesOf(by), [`rule ${errno(1)} 0 1`]);
});

test('what is newer than all that a profile names is ENOSYS, where the profile denies', async () => {
  const section: Partial<Seccomp> = {
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    syscalls: [entry(['getpid', 'read'], 'SCMP_ACT_ALLOW'), entry('socket', 'SCMP_ACT_ERRNO')],
  };
  const { filter } = await build(section);
  const at = (arch: number, number: number) => evaluate(filter, { arch, number });
  assert.deepEqual([at(x86_64, 41), at(x86_64, 42)], [own, enosys], 'also by an entry that refuses');
  assert.deepEqual([at(x86, 20), at(x86, 21)], [own, enosys], 'socketcall’s has no number there');
  assert.deepEqual([at(x86_64, x32Bit + 39), at(x86_64, x32Bit + 40)], [own, enosys], 'x32’s variants apart');
  const lax = await build({ ...section, defaultAction: 'SCMP_ACT_LOG' });
  assert.equal(evaluate(lax.filter, { arch: x86_64, number: 42 }), own);
});

test('a program of more than 4096 instructions is refused', async () => {
  const of = (count: number) => ({
    ...library(),
    exportProgram: async () => new Uint8Array(8 * count),
  });
  assert.equal((await build({}, of(4096))).filter.length, 8 * 4096);
  const failure = await laterFailureOf(() => build({}, of(4097)));
  assert.deepEqual([failure.code, failure.pointer], ['invalid', '/linux/seccomp/syscalls']);
  assert.match(failure.message, /4097 instructions, but the kernel takes 4096/);
});

test.run();
