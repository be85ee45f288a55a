/** config-linux.md: seccomp, and the container process state that seccomp agents get. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { arch } from 'node:os';
import type { Box } from '../support/box.ts';
import type { MutableConfig } from '../support/config.ts';
import { statusOf } from '../support/proc.ts';
import { type ConformanceTest, test } from '../support/test.ts';

type Seccomp = NonNullable<NonNullable<MutableConfig['linux']>['seccomp']>;
type Rule = NonNullable<Seccomp['syscalls']>[number];

const mkdirCalls = ['mkdir', 'mkdirat'];

const allowing = (...syscalls: Rule[]): Seccomp => ({ defaultAction: 'SCMP_ACT_ALLOW', syscalls });

async function under(box: Box, script: string, seccomp: Seccomp): Promise<string> {
  return box.script(script, (config) => {
    config.linux.seccomp = seccomp;
  });
}

/** How a process that makes a directory ends, as the shell tells it. */
const makeAndTell = 'mkdir /tmp/x; echo status $?; test -d /tmp/x && echo made';

/** Actions with what then becomes of a process that makes a directory. 128 + 31 is SIGSYS. */
const actions = {
  SCMP_ACT_ALLOW: /status 0\nmade/,
  SCMP_ACT_ERRNO: /Operation not permitted\nstatus 1\n$/,
  SCMP_ACT_KILL: /status 159\n$/,
  SCMP_ACT_KILL_THREAD: /status 159\n$/,
  SCMP_ACT_KILL_PROCESS: /status 159\n$/,
  SCMP_ACT_TRAP: /status 159\n$/,
  SCMP_ACT_LOG: /status 0\nmade/,
  // Without a tracer the call fails with ENOSYS (seccomp(2)).
  SCMP_ACT_TRACE: /Function not implemented\nstatus 1\n$/,
} as const;

/** Modes of which chmod(2) fails with EPERM under a rule on its second argument. */
const comparisons = {
  SCMP_CMP_NE: { value: 0o200, fails: [0o100, 0o300] },
  SCMP_CMP_LT: { value: 0o200, fails: [0o100] },
  SCMP_CMP_LE: { value: 0o200, fails: [0o100, 0o200] },
  SCMP_CMP_EQ: { value: 0o200, fails: [0o200] },
  SCMP_CMP_GE: { value: 0o200, fails: [0o200, 0o300] },
  SCMP_CMP_GT: { value: 0o200, fails: [0o300] },
  SCMP_CMP_MASKED_EQ: { value: 0o100, valueTwo: 0o100, fails: [0o100, 0o300] },
} as const;

const chmodAll = 'touch /tmp/f; for m in 100 200 300; do chmod 0$m /tmp/f 2>/dev/null || echo $m; done';

const flags = [
  'SECCOMP_FILTER_FLAG_TSYNC',
  'SECCOMP_FILTER_FLAG_LOG',
  'SECCOMP_FILTER_FLAG_SPEC_ALLOW',
  'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV',
] as const;

/** Those that libseccomp can put into one filter with x86_64: it cannot mix byte orders. */
const littleEndian = 'X86 X86_64 X32 ARM AARCH64 MIPSEL MIPSEL64 MIPSEL64N32 PPC64LE RISCV64';
const bigEndian = 'MIPS MIPS64 MIPS64N32 PPC PPC64 S390 S390X PARISC PARISC64';
/** New in libseccomp 2.6. */
const newest = 'LOONGARCH64 M68K SH SHEB';

function architectureTest(name: string, list: string): ConformanceTest {
  return test(`seccomp.architectures-${name}`, async (box) => {
    const architectures = list.split(' ').map((each) => `SCMP_ARCH_${each}`) as never;
    const filter = allowing({ names: ['mkdir'], action: 'SCMP_ACT_ERRNO' });
    assert.equal(await under(box, 'echo ok', { ...filter, architectures }), 'ok\n');
  });
}

/** A filter that asks the agent at `socket` about every directory that is made. */
const notifying = (socket: string, rest: Partial<Seccomp> = {}): Seccomp => ({
  ...allowing({ names: mkdirCalls, action: 'SCMP_ACT_NOTIFY' }),
  listenerPath: socket,
  ...rest,
});

export const seccompTests: readonly ConformanceTest[] = [
  test('seccomp.filter-loaded', async (box) => {
    const container = await box.running((config) => {
      config.linux.seccomp = allowing({ names: ['mkdir'], action: 'SCMP_ACT_ERRNO' });
    });
    assert.equal(statusOf(container.pid)['Seccomp'], '2');
  }),

  ...Object.entries(actions).map(([action, result]) =>
    test(`seccomp.action.${action}`, async (box) => {
      const filter = allowing({ names: mkdirCalls, action: action as keyof typeof actions });
      assert.match(await under(box, makeAndTell, filter), result);
    }),
  ),

  ...Object.entries(comparisons).map(([op, row]) =>
    test(`seccomp.operator.${op}`, async (box) => {
      const { fails, ...values } = row;
      const arg = { index: 1, op: op as keyof typeof comparisons, ...values };
      const output = await under(
        box,
        chmodAll,
        allowing({ names: ['chmod'], action: 'SCMP_ACT_ERRNO', args: [arg] }),
      );
      assert.equal(output, fails.map((mode) => `${mode.toString(8)}\n`).join(''));
    }),
  ),

  test('seccomp.default-action', async (box) => {
    const filter: Seccomp = { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [] };
    const container = box.container(['echo', 'ran'], (config) => {
      config.linux.seccomp = filter;
    });
    // Nothing is allowed, execve neither: create or start has to say so, or the process dies.
    if ((await container.tryCreate()).code !== 0) return;
    if ((await container.try('start')).code === 0) await container.stopped();
    assert.ok(!/^ran$/m.test(container.output()), 'the program ran');
  }),

  test('seccomp.errno', async (box) => {
    const output = await under(
      box,
      'mkdir /tmp/x',
      allowing({ names: mkdirCalls, action: 'SCMP_ACT_ERRNO', errnoRet: 28 }),
    );
    assert.match(output, /No space left on device/);
  }),

  test('seccomp.default-errno', async (box) => {
    const known = await under(box, 'mkdir /tmp/x', {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 28,
      syscalls: [
        { names: everyCall().filter((name) => !mkdirCalls.includes(name)), action: 'SCMP_ACT_ALLOW' },
      ],
    });
    assert.match(known, /No space left on device/);
  }),

  test('seccomp.errno-not-supported', async (box) => {
    await box.refused('an errno for ALLOW', (config) => {
      config.linux.seccomp = allowing({ names: ['mkdir'], action: 'SCMP_ACT_KILL_PROCESS', errnoRet: 5 });
    });
    await box.refused('a default errno for ALLOW', (config) => {
      config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', defaultErrnoRet: 5 };
    });
  }),

  test('seccomp.names-empty', async (box) => {
    await box.refused('a rule without names', (config) => {
      config.linux.seccomp = allowing({ names: [], action: 'SCMP_ACT_ERRNO' });
    });
  }),

  test('seccomp.required-fields', async (box) => {
    const argument = { index: 0, value: 1, op: 'SCMP_CMP_EQ' };
    const wrong: unknown[] = [
      { syscalls: [] },
      allowing({ action: 'SCMP_ACT_ERRNO' } as never),
      allowing({ names: ['mkdir'] } as never),
      ...['index', 'value', 'op'].map((missing) =>
        allowing({
          names: ['mkdir'],
          action: 'SCMP_ACT_ERRNO',
          // A number that is missing may be read as 0; text in its place may not.
          args: [{ ...argument, [missing]: 'nonsense' } as never],
        }),
      ),
    ];
    for (const seccomp of wrong) {
      await box.refused(JSON.stringify(seccomp), (config) => {
        config.linux.seccomp = seccomp as Seccomp;
      });
    }
  }),

  test('seccomp.argument-combination', async (box) => {
    const equal = (value: number) => [{ index: 1, value, op: 'SCMP_CMP_EQ' as const }];
    const rule = { names: ['chmod'], action: 'SCMP_ACT_ERRNO' as const };
    // Two rules: either may match. Two arguments of one rule: both have to.
    const either = allowing({ ...rule, args: equal(0o100) }, { ...rule, args: equal(0o300) });
    assert.equal(await under(box, chmodAll, either), '100\n300\n');
    const both = { index: 0, value: 0, op: 'SCMP_CMP_EQ' as const };
    assert.equal(await under(box, chmodAll, allowing({ ...rule, args: [...equal(0o100), both] })), '');
  }),

  test('seccomp.architectures', async (box) => {
    if (arch() !== 'x64') box.skip('written for x86_64');
    const output = await under(box, makeAndTell, {
      ...allowing({ names: mkdirCalls, action: 'SCMP_ACT_ERRNO' }),
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    });
    assert.match(output, actions.SCMP_ACT_ERRNO);
  }),

  architectureTest('same-byte-order', littleEndian),
  architectureTest('other-byte-order', bigEndian),
  architectureTest('newest', newest),

  ...flags.map((flag) =>
    test(`seccomp.flag.${flag}`, async (box) => {
      // The kernel takes WAIT_KILLABLE_RECV only together with a listener.
      const needsListener = flag === 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV';
      const receiver = needsListener ? await box.receiver('agent', '1') : undefined;
      const filter = receiver
        ? notifying(receiver.socket)
        : allowing({ names: mkdirCalls, action: 'SCMP_ACT_ERRNO' });
      const container = await box.running((config) => {
        config.linux.seccomp = { ...filter, flags: [flag] };
      });
      const status = statusOf(container.pid);
      assert.equal(status['Seccomp'], '2');
    }),
  ),

  test('seccomp.unknown-values', async (box) => {
    const wrong: unknown[] = [
      { defaultAction: 'SCMP_ACT_NO_SUCH' },
      { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_NO_SUCH'] },
      { defaultAction: 'SCMP_ACT_ALLOW', flags: ['SECCOMP_FILTER_FLAG_NO_SUCH'] },
      allowing({
        names: ['mkdir'],
        action: 'SCMP_ACT_ERRNO',
        args: [{ index: 0, value: 1, op: 'SCMP_CMP_NO_SUCH' as never }],
      }),
      allowing({
        names: ['mkdir'],
        action: 'SCMP_ACT_ERRNO',
        args: [{ index: 6, value: 1, op: 'SCMP_CMP_EQ' }],
      }),
    ];
    for (const seccomp of wrong) {
      await box.refused(JSON.stringify(seccomp), (config) => {
        config.linux.seccomp = seccomp as Seccomp;
      });
    }
  }),

  test('seccomp.notify', async (box) => {
    const receiver = await box.receiver('agent', '1');
    const container = await box.running(
      (config) => {
        config.linux.seccomp = notifying(receiver.socket);
      },
      ['sh', '-c', 'mkdir /tmp/x; echo status $?; sleep 1000'],
    );
    await container.says(/status 1/);
    // ENOANO, which nobody but the agent says.
    assert.match(container.output(), /No anode/);
    assert.match(receiver.output(), /call \d+/);
  }),

  test('seccomp.agent-state', async (box) => {
    const receiver = await box.receiver('agent', '1');
    const container = await box.running((config) => {
      config.annotations = { 'com.example.agent': 'x' };
      config.linux.seccomp = notifying(receiver.socket, { listenerMetadata: 'MKNOD=/dev/null,"quoted" ü' });
    });
    await receiver.says(/closed/);
    const [, text = '{}'] = /^state (.*?)\ndescriptors/ms.exec(receiver.output()) ?? [];
    const state = JSON.parse(text);
    assert.match(state.ociVersion, /^\d+\.\d+\.\d+/);
    assert.deepEqual(state.fds, ['seccompFd']);
    assert.equal(state.pid, container.pid);
    assert.equal(state.metadata, 'MKNOD=/dev/null,"quoted" ü');
    assert.equal(state.state.id, container.id);
    assert.equal(state.state.bundle, container.directory);
    assert.match(state.state.status, /^(?:creating|created|running)$/);
    assert.equal(state.state.annotations['com.example.agent'], 'x');
  }),

  test('seccomp.agent-descriptor', async (box) => {
    const receiver = await box.receiver('agent', '1');
    await box.running((config) => {
      config.linux.seccomp = notifying(receiver.socket);
    });
    // The receiver says so once the runtime has closed the connection: one state, and no more.
    await receiver.says(/closed/);
    assert.match(receiver.output(), /^descriptors 1$/m);
    assert.match(receiver.output(), /^later 0$/m);
    assert.equal((receiver.output().match(/"seccompFd"/g) ?? []).length, 1);
  }),

  test('seccomp.agent-metadata-absent', async (box) => {
    const receiver = await box.receiver('agent', '1');
    await box.running((config) => {
      config.linux.seccomp = notifying(receiver.socket);
    });
    await receiver.says(/closed/);
    const [, text = '{}'] = /^state (.*?)\ndescriptors/ms.exec(receiver.output()) ?? [];
    assert.ok(!JSON.parse(text).metadata);
  }),

  test('seccomp.agent-missing', async (box) => {
    const container = box.container(['sleep', '1000'], (config) => {
      config.linux.seccomp = notifying(`${box.directory}/nobody-listens`);
    });
    if ((await container.tryCreate()).code === 0) await container.mustRefuse('start');
  }),

  test('seccomp.metadata-without-listener', async (box) => {
    await box.refused('listenerMetadata without listenerPath', (config) => {
      config.linux.seccomp = { ...allowing(), listenerMetadata: 'x' };
    });
  }),

  test('seccomp.listener-without-notify', async (box) => {
    assert.equal(await under(box, 'echo ok', { ...allowing(), listenerPath: '/nobody/listens' }), 'ok\n');
  }),

  test('seccomp.without-no-new-privileges', async (box) => {
    const container = await box.running((config) => {
      config.process.user = { uid: 1000, gid: 1000 };
      config.process.noNewPrivileges = false;
      config.linux.seccomp = allowing({ names: ['mkdir'], action: 'SCMP_ACT_ERRNO' });
    });
    const status = statusOf(container.pid);
    assert.equal(status['Seccomp'], '2');
    assert.equal(status['NoNewPrivs'], '0');
  }),
];

/** Names of every system call that the kernel's headers know here: nobody can tell which of them a runtime makes. */
function everyCall(): string[] {
  const header = '#include <asm/unistd.h>\n';
  const macros = execFileSync('cc', ['-E', '-dM', '-'], { input: header, encoding: 'utf8' });
  return [...macros.matchAll(/^#define __NR_(\w+) /gm)].map(([, name = '']) => name);
}
