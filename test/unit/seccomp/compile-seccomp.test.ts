/** Tests also: src/seccomp/profile/flags.ts */

import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { compileSeccomp } from '../../../src/seccomp/compile-seccomp.ts';
import type { Seccomp, SeccompAction, SeccompOperator } from '../../../src/spec/config.ts';
import { evaluate } from './bpf.ts';
import {
  allow,
  argument,
  entry,
  errno,
  failure,
  host,
  untyped,
  wrongMachine,
  x32Bit,
  x86,
  x86_64,
} from './support.ts';

const test = suite('compileSeccomp()');
const on = wrongMachine === undefined ? test : test.skip;
if (wrongMachine) console.log(`skipped in part: ${wrongMachine}`);

const getpid = 39;
const getuid = 102;
const personality = 135;

const compile = (section: Seccomp) => compileSeccomp(host, section);
const answer = async (
  section: Seccomp,
  number: number,
  args: readonly (number | bigint)[] = [],
  arch = x86_64,
) => evaluate((await compile(section)).filter, { arch, number, args });

const returnValues: Record<SeccompAction, number> = {
  SCMP_ACT_KILL: 0,
  SCMP_ACT_KILL_THREAD: 0,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: errno(1),
  SCMP_ACT_TRACE: 0x7ff00001,
  SCMP_ACT_ALLOW: allow,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_NOTIFY: 0x7fc00000,
};

for (const [action, value] of Object.entries(returnValues) as [SeccompAction, number][]) {
  on(`${action} for one call leaves the others to the default`, async () => {
    const defaultAction = action === 'SCMP_ACT_ALLOW' ? 'SCMP_ACT_LOG' : 'SCMP_ACT_ALLOW';
    const section = { defaultAction, listenerPath: '/s', syscalls: [entry('getpid', action)] } as const;
    assert.equal(await answer(section, getpid), value);
    assert.equal(await answer(section, getuid), returnValues[defaultAction]);
    assert.equal((await compile(section)).notify, action === 'SCMP_ACT_NOTIFY');
  });
  if (action === 'SCMP_ACT_NOTIFY') continue;
  on(`${action} as the default is what unnamed calls get`, async () => {
    const other = action === 'SCMP_ACT_ALLOW' ? 'SCMP_ACT_LOG' : 'SCMP_ACT_ALLOW';
    const section = { defaultAction: action, syscalls: [entry('getuid', other)] };
    assert.equal(await answer(section, getpid), value);
    assert.equal(await answer(section, getuid), returnValues[other]);
  });
}

on('errnoRet and defaultErrnoRet are returned, 0 included', async () => {
  const section: Seccomp = {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 13,
    syscalls: [
      entry('getpid', 'SCMP_ACT_ERRNO', { errnoRet: 4094 }),
      entry('getuid', 'SCMP_ACT_ERRNO', { errnoRet: 0 }),
      entry('personality', 'SCMP_ACT_TRACE', { errnoRet: 65535 }),
    ],
  };
  assert.equal(await answer(section, getpid), errno(4094));
  assert.equal(await answer(section, getuid), errno(0));
  assert.equal(await answer(section, personality), 0x7ff0ffff);
  assert.equal(await answer(section, 1), errno(13));
});

on('an entry that says what the default says is no error', async () => {
  const section: Seccomp = {
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [entry('getpid', 'SCMP_ACT_ERRNO', { errnoRet: 1 }), entry('getuid', 'SCMP_ACT_ALLOW')],
  };
  assert.equal(await answer(section, getpid), errno(1));
  assert.equal(await answer(section, getuid), allow);
});

/** Values around the interesting places of a comparison with 0x1_0000_0005. */
const datum = 0x1_0000_0005n;
const values = [0n, 5n, datum - 1n, datum, datum + 1n, 0x2_0000_0000n, 2n ** 64n - 1n];
const holds: Record<Exclude<SeccompOperator, 'SCMP_CMP_MASKED_EQ'>, (value: bigint) => boolean> = {
  SCMP_CMP_NE: (value) => value !== datum,
  SCMP_CMP_LT: (value) => value < datum,
  SCMP_CMP_LE: (value) => value <= datum,
  SCMP_CMP_EQ: (value) => value === datum,
  SCMP_CMP_GE: (value) => value >= datum,
  SCMP_CMP_GT: (value) => value > datum,
};
for (const [operator, matches] of Object.entries(holds) as [SeccompOperator, (value: bigint) => boolean][]) {
  for (const index of [0, 5]) {
    on(`${operator} compares all 64 bits of argument ${index}`, async () => {
      const section: Seccomp = {
        defaultAction: 'SCMP_ACT_ERRNO',
        syscalls: [entry('personality', 'SCMP_ACT_ALLOW', { args: [argument(index, operator, datum)] })],
      };
      const { filter } = await compile(section);
      for (const value of values) {
        const args = [7n, 7n, 7n, 7n, 7n, 7n].with(index, value);
        assert.equal(
          evaluate(filter, { arch: x86_64, number: personality, args }),
          matches(value) ? allow : errno(1),
          `${value}`,
        );
      }
    });
  }
}

on('SCMP_CMP_MASKED_EQ: value is the mask, valueTwo what must remain', async () => {
  const masked = (value: bigint, valueTwo?: bigint): Seccomp => ({
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [
      entry('personality', 'SCMP_ACT_ALLOW', { args: [argument(0, 'SCMP_CMP_MASKED_EQ', value, valueTwo)] }),
    ],
  });
  const high = masked(0xff00_0000_0000_000fn, 0xab00_0000_0000_0003n);
  assert.equal(await answer(high, personality, [0xab12_3456_789a_bcd3n]), allow);
  assert.equal(await answer(high, personality, [0xab12_3456_789a_bcd4n]), errno(1));
  assert.equal(await answer(high, personality, [0xac12_3456_789a_bcd3n]), errno(1));
  // clone's flags in engines' profiles: no new namespace
  const none = masked(2114060288n);
  assert.equal(await answer(none, personality, [0x11]), allow);
  assert.equal(await answer(none, personality, [0x10000011]), errno(1));
});

on('conditions on different arguments must all hold', async () => {
  const section: Seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [
      entry('socket', 'SCMP_ACT_ERRNO', {
        errnoRet: 97,
        args: [
          argument(0, 'SCMP_CMP_EQ', 2),
          argument(1, 'SCMP_CMP_MASKED_EQ', 0xf, 3),
          argument(2, 'SCMP_CMP_GT', 5),
        ],
      }),
    ],
  };
  const { filter, warnings } = await compile(section);
  const socket = (...args: number[]) => evaluate(filter, { arch: x86_64, number: 41, args });
  assert.equal(socket(2, 0x80003, 6), errno(97));
  assert.equal(socket(1, 0x80003, 6), allow);
  assert.equal(socket(2, 0x80002, 6), allow);
  assert.equal(socket(2, 0x80003, 5), allow);
  assert.deepEqual(warnings, []);
});

on('an argument that is compared twice makes every condition sufficient, with a warning', async () => {
  const section: Seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [
      entry('socket', 'SCMP_ACT_ERRNO', {
        args: [argument(0, 'SCMP_CMP_EQ', 2), argument(0, 'SCMP_CMP_EQ', 16), argument(1, 'SCMP_CMP_EQ', 7)],
      }),
    ],
  };
  const { filter, warnings } = await compile(section);
  const socket = (...args: number[]) => evaluate(filter, { arch: x86_64, number: 41, args });
  assert.equal(socket(2, 1), errno(1));
  assert.equal(socket(16, 1), errno(1));
  assert.equal(socket(3, 7), errno(1));
  assert.equal(socket(3, 1), allow);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^\/linux\/seccomp\/syscalls\/0\/args: /);
});

on('every architecture of the list gets the rules under its own numbers; others are killed', async () => {
  const section: Seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32', 'SCMP_ARCH_AARCH64'],
    syscalls: [entry('getpid', 'SCMP_ACT_ERRNO')],
  };
  const { filter } = await compile(section);
  const at = (arch: number, number: number) => evaluate(filter, { arch, number });
  assert.equal(at(x86_64, getpid), errno(1), 'native, though not listed');
  assert.equal(at(x86_64, getpid | x32Bit), errno(1), 'x32');
  assert.equal(at(x86, 20), errno(1), 'x86');
  assert.equal(at(x86, getpid), allow, 'x86 mkdir');
  assert.equal(at(0xc00000b7, 172), errno(1), 'aarch64');
  assert.equal(at(0x40000028, 20), 0, 'arm is not listed');
});

on('without x32 in the list, x32 calls are killed', async () => {
  const section: Seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: ['SCMP_ARCH_X86_64'],
    syscalls: [entry('getpid', 'SCMP_ACT_ERRNO')],
  };
  assert.equal(await answer(section, getpid | x32Bit), 0);
});

on('32-bit architectures compare the low half of a value', async () => {
  const section: Seccomp = {
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: ['SCMP_ARCH_X86'],
    syscalls: [entry('personality', 'SCMP_ACT_ALLOW', { args: [argument(0, 'SCMP_CMP_EQ', datum)] })],
  };
  assert.equal(await answer(section, 136, [5], x86), allow);
  assert.equal(await answer(section, personality, [5]), errno(1));
});

on('an architecture of the other byte order is left out with a note', async () => {
  const { warnings, notes } = await compile({
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: ['SCMP_ARCH_S390X', 'SCMP_ARCH_X86'],
  });
  assert.deepEqual([warnings.length, notes.length], [0, 1]);
  assert.match(notes[0] ?? '', /SCMP_ARCH_S390X is left out/);
});

on('unknown names are left out: a note where that allows less, a warning where it allows more', async () => {
  const names = ['getpid', 'no_such_call', 'toString'];
  const expected =
    /^\/linux\/seccomp\/syscalls\/0\/names: unknown to libseccomp [\d.]+ and left out: no_such_call, toString$/;
  const strict = await compile({
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [entry(names, 'SCMP_ACT_ALLOW')],
  });
  assert.equal(evaluate(strict.filter, { arch: x86_64, number: getpid }), allow);
  assert.deepEqual(strict.warnings, []);
  assert.match(strict.notes.join('\n'), expected);
  const lax = await compile({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [entry(names, 'SCMP_ACT_ERRNO')] });
  assert.equal(evaluate(lax.filter, { arch: x86_64, number: getpid }), errno(1));
  assert.deepEqual(lax.notes, []);
  assert.match(lax.warnings.join('\n'), expected);
});

test('flags: absent means SPEC_ALLOW, an empty list none, otherwise those', async () => {
  const flags = async (list?: Seccomp['flags']) =>
    (await compile({ defaultAction: 'SCMP_ACT_ALLOW', ...(list ? { flags: list } : {}) })).flags;
  assert.equal(await flags(), 4);
  assert.equal(await flags([]), 0);
  assert.equal(await flags(['SECCOMP_FILTER_FLAG_SPEC_ALLOW']), 4);
  assert.equal(await flags(['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_LOG']), 3);
});

test('flags and SCMP_ACT_NOTIFY: TSYNC brings TSYNC_ESRCH, WAIT_KILLABLE_RECV needs it', async () => {
  const section: Seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    flags: ['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'],
    listenerPath: '/run/agent.sock',
    listenerMetadata: 'm',
  };
  const without = await compile(section);
  assert.equal(without.flags, 1);
  assert.match(without.warnings.join(), /WAIT_KILLABLE_RECV is left out/);
  assert.equal(without.listenerPath, undefined);
  const notify = await compile({ ...section, syscalls: [entry('mknod', 'SCMP_ACT_NOTIFY')] });
  assert.equal(notify.flags, 1 | 16 | 32);
  assert.deepEqual(
    [notify.notify, notify.listenerPath, notify.listenerMetadata, notify.warnings],
    [true, '/run/agent.sock', 'm', []],
  );
});

const refused: readonly (readonly [why: string, section: unknown, pointer: string, message: RegExp])[] = [
  [
    'unknown default action',
    { defaultAction: 'SCMP_ACT_ALOW' },
    '/defaultAction',
    /unknown seccomp action "SCMP_ACT_ALOW"/,
  ],
  ['an inherited name', { defaultAction: 'constructor' }, '/defaultAction', /unknown seccomp action/],
  ['default NOTIFY', { defaultAction: 'SCMP_ACT_NOTIFY' }, '/defaultAction', /cannot be the default action/],
  [
    'errno of ALLOW',
    { defaultAction: 'SCMP_ACT_ALLOW', defaultErrnoRet: 1 },
    '/defaultErrnoRet',
    /SCMP_ACT_ALLOW returns no errno/,
  ],
  [
    'errno too large',
    { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 4095 },
    '/defaultErrnoRet',
    /outside 0 to 4094/,
  ],
  [
    'unknown architecture',
    { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_X86', 'amd64'] },
    '/architectures/1',
    /architecture "amd64"/,
  ],
  [
    'unknown flag',
    { defaultAction: 'SCMP_ACT_ALLOW', flags: ['TSYNC'] },
    '/flags/0',
    /unknown seccomp flag "TSYNC"/,
  ],
  [
    'metadata alone',
    { defaultAction: 'SCMP_ACT_ALLOW', listenerMetadata: 'x' },
    '/listenerMetadata',
    /listenerPath is not/,
  ],
];
const refusedEntry: readonly (readonly [why: string, entry: unknown, pointer: string, message: RegExp])[] = [
  ['no names', { names: [], action: 'SCMP_ACT_ERRNO' }, '/names', /names is empty/],
  ['unknown action', { names: ['read'], action: 'DENY' }, '/action', /unknown seccomp action "DENY"/],
  [
    'errno of KILL',
    { names: ['read'], action: 'SCMP_ACT_KILL', errnoRet: 1 },
    '/errnoRet',
    /returns no errno/,
  ],
  [
    'negative errno',
    { names: ['read'], action: 'SCMP_ACT_ERRNO', errnoRet: -1 },
    '/errnoRet',
    /outside 0 to 4094/,
  ],
  [
    'notify on write',
    { names: ['mknod', 'write'], action: 'SCMP_ACT_NOTIFY' },
    '/action',
    /cannot be used for "write"/,
  ],
  [
    'argument 6',
    { names: ['read'], action: 'SCMP_ACT_ERRNO', args: [{ index: 6, value: 0, op: 'SCMP_CMP_EQ' }] },
    '/args/0/index',
    /arguments 0 to 5/,
  ],
  [
    'unknown operator',
    { names: ['read'], action: 'SCMP_ACT_ERRNO', args: [{ index: 0, value: 0, op: '==' }] },
    '/args/0/op',
    /operator "=="/,
  ],
  [
    'rounded value',
    { names: ['read'], action: 'SCMP_ACT_ERRNO', args: [{ index: 0, value: 2 ** 53, op: 'SCMP_CMP_EQ' }] },
    '/args/0/value',
    /not an exact/,
  ],
  [
    'negative value',
    { names: ['read'], action: 'SCMP_ACT_ERRNO', args: [{ index: 0, value: -1, op: 'SCMP_CMP_EQ' }] },
    '/args/0/value',
    /outside 0 to/,
  ],
  [
    '65 bits',
    {
      names: ['read'],
      action: 'SCMP_ACT_ERRNO',
      args: [{ index: 0, value: 0, valueTwo: 2n ** 64n, op: 'SCMP_CMP_MASKED_EQ' }],
    },
    '/args/0/valueTwo',
    /outside 0 to/,
  ],
];
const inEntry = refusedEntry.map(
  ([why, bad, pointer, message]) =>
    [
      why,
      {
        defaultAction: 'SCMP_ACT_ALLOW',
        listenerPath: '/s',
        syscalls: [entry('getpid', 'SCMP_ACT_LOG'), bad],
      },
      `/syscalls/1${pointer}`,
      message,
    ] as const,
);
for (const [why, section, pointer, message] of [...refused, ...inEntry]) {
  test(`refuses ${why} and says where`, async () => {
    const error = await failure(() => compile(untyped(section)));
    assert.equal(error.code, 'invalid');
    assert.equal(error.pointer, `/linux/seccomp${pointer}`);
    assert.match(error.message, message);
    assert.ok(error.hint);
  });
}

test('refuses SCMP_ACT_NOTIFY without a listener', async () => {
  const error = await failure(() =>
    compile({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [entry('mknod', 'SCMP_ACT_NOTIFY')] }),
  );
  assert.deepEqual([error.code, error.pointer], ['invalid', '/linux/seccomp/listenerPath']);
});

on('two actions for one call: the strictest of those whose conditions hold', async () => {
  const when = (op: SeccompOperator, value: number) => ({ args: [argument(0, op, value)] });
  const section: Seccomp = {
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [
      entry('personality', 'SCMP_ACT_ALLOW', when('SCMP_CMP_GE', 5)),
      entry('personality', 'SCMP_ACT_KILL', when('SCMP_CMP_EQ', 7)),
      entry('personality', 'SCMP_ACT_LOG', when('SCMP_CMP_EQ', 7)),
      entry('personality', 'SCMP_ACT_ERRNO', when('SCMP_CMP_EQ', 9)),
    ],
  };
  const { filter } = await compile(section);
  const answers = [4, 5, 7, 9].map((value) =>
    evaluate(filter, { arch: x86_64, number: personality, args: [value] }),
  );
  assert.deepEqual(answers, [errno(1), allow, 0, errno(1)]);
});

on('an entry without conditions overrules those with, and that is told', async () => {
  const conditional = entry('personality', 'SCMP_ACT_KILL', { args: [argument(0, 'SCMP_CMP_EQ', 7)] });
  const section = (always: SeccompAction): Seccomp => ({
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [conditional, entry('personality', always)],
  });
  assert.equal(await answer(section('SCMP_ACT_ALLOW'), personality, [7]), allow);
  const { warnings } = await compile(section('SCMP_ACT_ALLOW'));
  assert.deepEqual(warnings, [
    '/linux/seccomp/syscalls/0: has no effect on "personality", which /linux/seccomp/syscalls/1 decides for all arguments',
  ]);
  // What says what the default says anyway overrules nothing.
  assert.equal(await answer(section('SCMP_ACT_ERRNO'), personality, [7]), 0);
  assert.deepEqual((await compile(section('SCMP_ACT_ERRNO'))).warnings, []);
});

on(
  'of two entries without conditions the first decides, and that is a note: engines ship such profiles',
  async () => {
    const section: Seccomp = {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 38,
      syscalls: [entry('personality', 'SCMP_ACT_ALLOW'), entry('personality', 'SCMP_ACT_ERRNO')],
    };
    assert.equal(await answer(section, personality, [7]), allow);
    const { warnings, notes } = await compile(section);
    assert.deepEqual(warnings, []);
    assert.match(
      notes.join(),
      /syscalls\/1: has no effect on "personality", which \/linux\/seccomp\/syscalls\/0 decides/,
    );
  },
);

test('refuses a profile that is longer than the kernel takes', async () => {
  const args = (value: number) => ({ args: [argument(0, 'SCMP_CMP_EQ', value)] });
  const syscalls = Array.from({ length: 5000 }, (_, value) =>
    entry('personality', 'SCMP_ACT_ALLOW', args(value)),
  );
  const error = await failure(() => compile({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }));
  assert.deepEqual([error.code, error.pointer], ['invalid', '/linux/seccomp/syscalls']);
  assert.match(error.message, /the kernel takes 4096/);
});

test.run();
