/** What config.json says about the process, looked at from inside, and what must not come in from the caller. */
import { strict as assert } from 'node:assert';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { ConfigChange } from './support/bundle.ts';
import { asCaller } from './support/caller.ts';
import { runtimeKind } from './support/runtime.ts';
import {
  expectRefusal,
  expectSuccess,
  procStatus,
  type Sandbox,
  withSandbox,
  writeConfig,
} from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';

const test = suite(`process (${runtimeKind})`);

/** Changes the process part of the config. */
function withProcess(
  change: (process: NonNullable<Parameters<ConfigChange>[0]['process']>) => void,
): ConfigChange {
  return (config) => {
    if (config.process) change(config.process);
  };
}

/** /proc/self/status of the container's own process. */
async function statusInside(sandbox: Sandbox, change?: ConfigChange): Promise<Record<string, string>> {
  const { stdout } = expectSuccess(await sandbox.run(['cat', '/proc/self/status'], change));
  return procStatus('self', stdout);
}

test('user, groups and umask', () =>
  withSandbox(async (sandbox) => {
    const status = await statusInside(
      sandbox,
      withProcess((process) => {
        process.user = { uid: 1000, gid: 1001, additionalGids: [5, 2000, 4000000000], umask: 0o027 };
      }),
    );
    assert.equal(status['Uid'], '1000\t1000\t1000\t1000');
    assert.equal(status['Gid'], '1001\t1001\t1001\t1001');
    assert.equal(status['Groups']?.trim(), '5 2000 4000000000');
    assert.equal(status['Umask'], '0027');
    const usual = await statusInside(sandbox);
    assert.deepEqual(
      [usual['Uid'], usual['Gid'], usual['Groups']?.trim(), usual['Umask']],
      ['0\t0\t0\t0', '0\t0\t0\t0', '', '0022'],
    );
  }));

test('the working directory is entered, and made when it is missing', () =>
  withSandbox(async (sandbox) => {
    const cwd = (path: string) => withProcess((process) => (process.cwd = path));
    assert.equal(await sandbox.output('pwd', cwd('/tmp')), '/tmp\n');
    const bundle = sandbox.bundle(['sh', '-c', 'pwd; stat -c "%a %u:%g" .'], cwd('/made/for/this'));
    assert.equal(expectSuccess(await sandbox.runBundle(bundle)).stdout, '/made/for/this\n755 0:0\n');
  }));

test('a working directory that only the user may enter', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(
      ['pwd'],
      withProcess((process) => {
        process.user = { uid: 1000, gid: 1000 };
        process.cwd = '/private';
        process.capabilities = {};
      }),
    );
    const directory = join(bundle.rootfs, 'private');
    mkdirSync(directory);
    chmodSync(directory, 0o700);
    // root may enter (it has CAP_DAC_READ_SEARCH until the end): as runc does, this is allowed.
    const asRoot = await sandbox.runBundle(bundle);
    assert.equal(asRoot.code, 0, asRoot.stderr);
  }));

test('arguments and environment arrive byte by byte', () =>
  withSandbox(async (sandbox) => {
    const args = [
      'printf',
      '[%s]',
      '',
      ' ',
      'a b',
      '"',
      "'",
      '\\',
      '$HOME',
      '*',
      '\n',
      'ü€😀',
      '-',
      '--',
      '=',
    ];
    const { stdout } = expectSuccess(await sandbox.run(args));
    assert.equal(
      stdout,
      args
        .slice(2)
        .map((each) => `[${each}]`)
        .join(''),
    );
    const environment = [
      'PATH=/bin',
      'EMPTY=',
      'SPACES= a b ',
      'EQUALS=a=b=c',
      'UMLAUT=ü€😀',
      'LINES=a\nb',
      'HOME=/x',
    ];
    const inside = expectSuccess(
      await sandbox.run(
        ['cat', '/proc/self/environ'],
        withProcess((process) => (process.env = environment)),
      ),
    );
    assert.deepEqual(inside.stdout.split('\0').slice(0, -1), environment);
  }));

test("nothing of the caller's environment comes in", () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(
      ['cat', '/proc/self/environ'],
      withProcess((process) => (process.env = ['PATH=/bin'])),
    );
    const env = { ...process.env, TSOCI_TEST_SECRET: 'secret', LD_PRELOAD: '' };
    const result = await sandbox.tsoci(['run', '--bundle', directory, sandbox.id()], { env });
    assert.equal(expectSuccess(result).stdout, 'PATH=/bin\0HOME=/root\0');
  }));

test("HOME comes from the container's passwd file unless the config has one", () =>
  withSandbox(async (sandbox) => {
    const home = async (uid: number, passwd?: string) => {
      const bundle = sandbox.bundle(
        ['sh', '-c', 'echo $HOME'],
        withProcess((process) => {
          process.user = { uid, gid: 0 };
        }),
      );
      if (passwd !== undefined) writeFileSync(join(bundle.rootfs, 'etc/passwd'), passwd);
      return expectSuccess(await sandbox.runBundle(bundle)).stdout.trim();
    };
    assert.equal(await home(0), '/root');
    assert.equal(await home(1000), '/home/user');
    assert.equal(await home(4242), '/');
    assert.equal(await home(0, ''), '/');
    assert.equal(
      await home(7, 'no colon\n::::\nx:y:7\nseven:x:7:7:,:/seven:/bin/sh\nagain:x:7:7::/no:'),
      '/seven',
    );
    assert.equal(await home(7, `long:x:7:7:${'g'.repeat(3000)}:/long:\n`), '/long');
  }));

test("the program is looked up in the container's PATH, not in the host's", () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(
      ['greet'],
      withProcess((process) => (process.env = ['PATH=/nowhere:/opt/own:/bin'])),
    );
    mkdirSync(join(bundle.rootfs, 'opt/own'), { recursive: true });
    const program = join(bundle.rootfs, 'opt/own/greet');
    writeFileSync(program, '#!/bin/sh\necho own "$0"\n', { mode: 0o755 });
    const env = { ...process.env, PATH: '/usr/bin:/bin' };
    const result = await sandbox.runBundle(bundle, [], { env });
    assert.equal(expectSuccess(result).stdout, 'own /opt/own/greet\n');
    // Without a PATH of its own the container gets the usual places.
    const none = await sandbox.run(
      ['pwd'],
      withProcess((process) => (process.env = [])),
    );
    assert.equal(expectSuccess(none).stdout, '/\n');
    const relative = await sandbox.run(['./bin/pwd']);
    assert.equal(expectSuccess(relative).stdout, '/\n');
  }));

test('capabilities: each of the five sets as the config says', () =>
  withSandbox(async (sandbox) => {
    const masks = (status: Record<string, string>) =>
      ['CapBnd', 'CapPrm', 'CapEff', 'CapInh', 'CapAmb'].map((name) =>
        BigInt(`0x${status[name]}`).toString(2),
      );
    const bit = (...numbers: number[]) =>
      numbers.reduce((sum, number) => sum | (1n << BigInt(number)), 0n).toString(2);
    const status = await statusInside(
      sandbox,
      withProcess((process) => {
        process.user = { uid: 1000, gid: 1000 };
        process.noNewPrivileges = false;
        process.capabilities = {
          bounding: ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW', 'CAP_SYS_CHROOT'],
          permitted: ['CAP_CHOWN', 'CAP_KILL'],
          effective: ['CAP_CHOWN', 'CAP_KILL'],
          inheritable: ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_RAW'],
          ambient: ['CAP_KILL'],
        };
      }),
    );
    // execve of an ordinary user keeps what is ambient (capabilities(7)).
    assert.deepEqual(masks(status), [bit(0, 5, 13, 18), bit(5), bit(5), bit(0, 5, 13), bit(5)]);
    const root = await statusInside(
      sandbox,
      withProcess((process) => {
        process.capabilities = {
          bounding: ['CAP_CHOWN', 'CAP_KILL'],
          permitted: ['CAP_CHOWN'],
          effective: ['CAP_CHOWN'],
        };
        process.noNewPrivileges = false;
      }),
    );
    // For root execve gives all that is in the bounding set.
    assert.deepEqual(masks(root), [bit(0, 5), bit(0, 5), bit(0, 5), '0', '0']);
    const none = await statusInside(
      sandbox,
      withProcess((process) => {
        delete process.capabilities;
      }),
    );
    assert.deepEqual(masks(none), ['0', '0', '0', '0', '0']);
  }));

test('a capability that nobody knows is told in the log, with what was meant', () =>
  withSandbox(async (sandbox) => {
    const log = join(sandbox.directory(), 'log');
    const bundle = sandbox.bundle(
      ['true'],
      withProcess((process) => {
        process.capabilities = { bounding: ['CAP_CHOWM'] };
      }),
    );
    expectSuccess(await sandbox.tsoci(['--log', log, 'run', '--bundle', bundle.directory, sandbox.id()]));
    assert.match(readFileSync(log, 'utf8'), /level=warning.*CAP_CHOWM.*CAP_CHOWN/);
  }));

test('noNewPrivileges is set when it is true only', () =>
  withSandbox(async (sandbox) => {
    for (const value of [true, false]) {
      const status = await statusInside(
        sandbox,
        withProcess((process) => (process.noNewPrivileges = value)),
      );
      assert.equal(status['NoNewPrivs'], value ? '1' : '0');
    }
  }));

test('rlimits', () =>
  withSandbox(async (sandbox) => {
    const { stdout } = expectSuccess(
      await sandbox.run(
        ['cat', '/proc/self/limits'],
        withProcess((process) => {
          process.rlimits = [
            { type: 'RLIMIT_NOFILE', soft: 100, hard: 200 },
            { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
            { type: 'RLIMIT_STACK', soft: 1048576, hard: 4294967296 * 1024 },
            { type: 'RLIMIT_NPROC', soft: 50, hard: 60 },
            { type: 'RLIMIT_AS', soft: 1e9, hard: 2e9 },
          ];
        }),
      ),
    );
    const limits = Object.fromEntries(
      stdout
        .split('\n')
        .map((line) => [line.slice(0, 26).trim(), line.slice(26).trim().split(/ +/).slice(0, 2).join(' ')]),
    );
    assert.equal(limits['Max open files'], '100 200');
    assert.equal(limits['Max core file size'], '0 0');
    assert.equal(limits['Max stack size'], '1048576 4398046511104');
    assert.equal(limits['Max processes'], '50 60');
    assert.equal(limits['Max address space'], '1000000000 2000000000');
  }));

test('a limit without end', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(
      ['cat', '/proc/self/limits'],
      withProcess((process) => {
        process.rlimits = [{ type: 'RLIMIT_STACK', soft: 1048576, hard: 77 }];
      }),
    );
    const config = readFileSync(join(bundle.directory, 'config.json'), 'utf8');
    // RLIM_INFINITY is beyond what a JavaScript number holds exactly.
    writeConfig(bundle, config.replace('77', '18446744073709551615'));
    assert.match(expectSuccess(await sandbox.runBundle(bundle)).stdout, /Max stack size +1048576 +unlimited/);
  }));

test('a limit that cannot be set names its place', () =>
  withSandbox(async (sandbox) => {
    const result = await sandbox.run(
      ['true'],
      withProcess((process) => {
        process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 2 ** 40, hard: 2 ** 40 }];
      }),
    );
    expectRefusal(result, /process\.rlimits\[0\].*operation not permitted/);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('oomScoreAdj: raised as the config says, the caller’s own otherwise', () =>
  withSandbox(async (sandbox) => {
    const seen = await sandbox.output(
      'cat /proc/self/oom_score_adj',
      withProcess((process) => (process.oomScoreAdj = 321)),
    );
    assert.equal(seen, '321\n');
    const own = readFileSync('/proc/self/oom_score_adj', 'utf8');
    assert.equal(await sandbox.output('cat /proc/self/oom_score_adj'), own);
  }));

testWhere(
  test,
  availableParallelism() > 1,
  'needs two processors',
  "the caller's CPU affinity stays outside",
  () =>
    withSandbox(async (sandbox) => {
      const all = procStatus('self')['Cpus_allowed_list'];
      const { directory } = sandbox.bundle(['cat', '/proc/self/status']);
      const result = await asCaller(sandbox, 'os.sched_setaffinity(0, {0})', [
        'run',
        '--bundle',
        directory,
        sandbox.id(),
      ]);
      assert.equal(procStatus('self', expectSuccess(result).stdout)['Cpus_allowed_list'], all);
    }),
);

test("the caller's umask, signal mask, ignored signals and nice value stay outside", () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['cat', '/proc/self/status']);
    const caller = [
      'os.umask(0o777)',
      'signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.valid_signals()) - {signal.SIGCHLD})',
      'for s in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}: s < 32 and signal.signal(s, signal.SIG_IGN)',
    ].join('\n');
    const status = procStatus(
      'self',
      expectSuccess(await asCaller(sandbox, caller, ['run', '--bundle', directory, sandbox.id()])).stdout,
    );
    assert.equal(status['Umask'], '0022');
    assert.equal(status['SigBlk'], '0000000000000000');
    assert.equal(status['SigIgn'], '0000000000000000');
  }));

test("the caller's descriptors, inheritable or not, stay outside", () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['ls', '-l', '/proc/self/fd']);
    const caller =
      'for i in range(60): os.set_inheritable(os.open("/etc/hostname", os.O_RDONLY), True)\nos.dup2(3, 250)';
    const { stdout } = expectSuccess(
      await asCaller(sandbox, caller, ['run', '--bundle', directory, sandbox.id()]),
    );
    const numbers = [...stdout.matchAll(/ (\d+) ->? ?/g)].map(([, number]) => Number(number));
    // 3 is the directory that ls itself reads.
    assert.deepEqual(
      numbers.filter((number) => number !== 3),
      [0, 1, 2],
    );
    assert.doesNotMatch(stdout, /hostname/);
  }));

test('--preserve-fds hands on that many descriptors, and no more', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['sh', '-c', 'cat <&3; cat <&4; cat <&5']);
    const file = join(sandbox.directory(), 'file');
    const caller = (count: number) =>
      Array.from(
        { length: count },
        (_, index) => `os.dup2(os.open("${file}${index}", os.O_RDONLY), ${20 + index})`,
      )
        .concat(Array.from({ length: count }, (_, index) => `os.dup2(${20 + index}, ${3 + index}, True)`))
        .concat(['os.closerange(6, 100)'])
        .join('\n');
    for (const index of [0, 1, 2]) writeFileSync(`${file}${index}`, `content ${index}\n`);
    const run = (count: number) =>
      asCaller(sandbox, caller(3), [
        'run',
        '--preserve-fds',
        String(count),
        '--bundle',
        directory,
        sandbox.id(),
      ]);
    assert.equal(expectSuccess(await run(3)).stdout, 'content 0\ncontent 1\ncontent 2\n');
    const two = await run(2);
    assert.equal(two.stdout, 'content 0\ncontent 1\n');
    assert.notEqual(two.code, 0);
    const closed = await asCaller(sandbox, 'os.closerange(3, 100)', [
      'run',
      '--preserve-fds',
      '2',
      '--bundle',
      directory,
      sandbox.id(),
    ]);
    expectRefusal(closed, /preserve-fds|descriptor/);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('descriptors of socket activation come in, with the variables that tell of them', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['sh', '-c', 'cat <&3; env | grep LISTEN | sort']);
    const file = join(sandbox.directory(), 'file');
    writeFileSync(file, 'passed\n');
    const caller = [
      `os.dup2(os.open("${file}", os.O_RDONLY), 9); os.dup2(9, 3, True); os.closerange(4, 100)`,
      'os.environ["LISTEN_FDS"] = "1"; os.environ["LISTEN_PID"] = str(os.getpid())',
    ].join('\n');
    const result = await asCaller(sandbox, caller, ['run', '--bundle', directory, sandbox.id()]);
    assert.equal(expectSuccess(result).stdout, 'passed\nLISTEN_FDS=1\nLISTEN_PID=1\n');
    const others = caller.replace('os.getpid()', '1');
    const foreign = await asCaller(sandbox, others, ['run', '--bundle', directory, sandbox.id()]);
    assert.doesNotMatch(foreign.stdout, /passed|LISTEN/);
  }));

test('the process leads a session and process group of its own', () =>
  withSandbox(async (sandbox) => {
    const status = await statusInside(sandbox);
    assert.deepEqual(
      [status['Pid'], status['NSpgid'], status['NSsid'], status['PPid']],
      ['1', '1', '1', '0'],
    );
  }));

test('scheduling class, nice value and I/O priority', () =>
  withSandbox(async (sandbox) => {
    const stat = await sandbox.output(
      'cat /proc/self/stat',
      withProcess((process) => {
        process.scheduler = { policy: 'SCHED_BATCH', nice: 5 };
        process.ioPriority = { class: 'IOPRIO_CLASS_IDLE', priority: 3 };
      }),
    );
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    assert.equal(fields[16], '5');
    assert.equal(fields[38], '3');
  }));

test('personality', () =>
  withSandbox(async (sandbox) => {
    const machine = await sandbox.output('uname -m; cat /proc/self/personality', (config) => {
      if (config.linux) config.linux.personality = { domain: 'LINUX32' };
    });
    assert.match(machine, /00000008\n$/);
    if (process.arch === 'x64') assert.match(machine, /^i686\n/);
  }));

test.run();
