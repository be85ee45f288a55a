/** config.md: process, its user and its limits. */
import { strict as assert } from 'node:assert';
import { closeSync, openSync } from 'node:fs';
import { limitsOf, statusOf } from '../support/proc.ts';
import { type ConformanceTest, test } from '../support/test.ts';

const infinity = 18_446_744_073_709_551_615n;

/** Every limit of getrlimit(2), what /proc calls it, and a value that is lower than usual and hurts nothing. */
const limits = [
  ['RLIMIT_CPU', 'Max cpu time', 4000],
  ['RLIMIT_FSIZE', 'Max file size', 1 << 30],
  ['RLIMIT_DATA', 'Max data size', 1 << 30],
  ['RLIMIT_STACK', 'Max stack size', 4 << 20],
  ['RLIMIT_CORE', 'Max core file size', 4096],
  ['RLIMIT_RSS', 'Max resident set', 1 << 30],
  ['RLIMIT_NPROC', 'Max processes', 500],
  ['RLIMIT_NOFILE', 'Max open files', 300],
  ['RLIMIT_MEMLOCK', 'Max locked memory', 32_768],
  ['RLIMIT_AS', 'Max address space', 1 << 30],
  ['RLIMIT_LOCKS', 'Max file locks', 100],
  ['RLIMIT_SIGPENDING', 'Max pending signals', 400],
  ['RLIMIT_MSGQUEUE', 'Max msgqueue size', 8192],
  ['RLIMIT_NICE', 'Max nice priority', 0],
  ['RLIMIT_RTPRIO', 'Max realtime priority', 0],
  ['RLIMIT_RTTIME', 'Max realtime timeout', 1_000_000],
] as const;

export const processTests: readonly ConformanceTest[] = [
  test('process.args', async (box) => {
    const script = 'for a in "$0" "$@"; do echo "<$a>"; done';
    const output = await box.finished(['sh', '-c', script, 'zero', 'two words', '', '*', 'ünï', '"$HOME"']);
    assert.equal(output, '<zero>\n<two words>\n<>\n<*>\n<ünï>\n<"$HOME">\n');
  }),

  test('process.args-path-search', async (box) => {
    const output = await box.finished(['echo', 'hello'], (config) => {
      config.process.env = ['PATH=/nowhere:/opt:/bin'];
      config.mounts.push({ destination: '/opt', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] });
    });
    assert.equal(output, 'hello\n');
    const absolute = await box.finished(['/bin/echo', 'absolute'], (config) => {
      config.process.env = [];
    });
    assert.equal(absolute, 'absolute\n');
  }),

  test('process.args-empty', async (box) => {
    for (const args of [[], undefined]) {
      const container = box.container(['true'], (config) => {
        config.process.args = args as never;
      });
      const { code } = await container.tryCreate();
      if (code === 0) await container.mustRefuse('start');
    }
  }),

  test('process.args-missing-program', async (box) => {
    const container = box.container(['/no/such/program']);
    const { code } = await container.tryCreate();
    if (code === 0) await container.mustRefuse('start');
  }),

  test('process.env', async (box) => {
    const env = ['PATH=/bin', 'A=1', 'EMPTY=', 'SPACED=a b', 'EQ=x=y=z', 'UNI=ü'];
    const output = await box.finished(['env'], (config) => {
      config.process.env = env;
    });
    const found = output.split('\n');
    for (const line of env) assert.ok(found.includes(line), `${line} is missing in ${found}`);
  }),

  test('process.env-nothing-of-the-caller', async (box) => {
    const container = box.container(['env']);
    await container.create([], { env: { CONFORMANCE_SECRET: 'leaked' } });
    await container.start();
    await container.stopped();
    assert.ok(!container.output().includes('CONFORMANCE_SECRET'));
  }),

  test('process.cwd', async (box) => {
    assert.equal(
      await box.script('pwd; readlink /proc/self/cwd', (config) => {
        config.process.cwd = '/tmp';
      }),
      '/tmp\n/tmp\n',
    );
  }),

  test('process.cwd-relative', async (box) => {
    await box.refused('a relative cwd', (config) => {
      config.process.cwd = 'tmp';
    });
  }),

  test('process.cwd-missing-field', async (box) => {
    await box.refused('a process without cwd', (config) => {
      delete (config.process as { cwd?: string }).cwd;
    });
  }),

  test('process.user', async (box) => {
    const container = await box.running((config) => {
      config.process.user = { uid: 1234, gid: 4321 };
    });
    const { Uid, Gid } = statusOf(container.pid);
    assert.equal(Uid, '1234\t1234\t1234\t1234');
    assert.equal(Gid, '4321\t4321\t4321\t4321');
  }),

  test('process.user-required-fields', async (box) => {
    for (const user of [{ gid: 1 }, { uid: 1 }]) {
      // A runtime may take a missing number for 0, as many writers of configs do; it may not take text for one.
      const container = box.container(['sh', '-c', 'id -u; id -g'], (config) => {
        config.process.user = user as never;
      });
      if ((await container.tryCreate()).code === 0) await container.must('delete', '--force');
    }
    await box.refused('a uid that is no number', (config) => {
      config.process.user = { uid: 'root', gid: 0 } as never;
    });
    await box.refused('a negative gid', (config) => {
      config.process.user = { uid: 0, gid: -1 };
    });
  }),

  test('process.additional-gids', async (box) => {
    const container = await box.running((config) => {
      config.process.user = { uid: 5, gid: 6, additionalGids: [70, 80, 9000] };
    });
    const groups = (statusOf(container.pid)['Groups'] ?? '').trim().split(' ').sort();
    assert.deepEqual(
      groups.filter((group) => group !== '6'),
      ['70', '80', '9000'],
    );
  }),

  test('process.no-groups-of-the-caller', async (box) => {
    const container = await box.running((config) => {
      config.process.user = { uid: 5, gid: 6 };
    });
    const groups = (statusOf(container.pid)['Groups'] ?? '').trim();
    assert.ok(groups === '' || groups === '6', `it has the groups ${groups}`);
  }),

  test('process.umask', async (box) => {
    assert.equal(
      await box.script('umask; touch /tmp/x; stat -c %a /tmp/x', (config) => {
        config.process.user = { uid: 0, gid: 0, umask: 0o057 };
      }),
      '0057\n620\n',
    );
  }),

  test('process.rlimits', async (box) => {
    const before = limitsOf('self');
    const wanted = limits.map(([type, name, value]) => {
      const { hard = '0' } = before.get(name) ?? {};
      const ceiling = hard === 'unlimited' ? value : Math.min(value, Number(hard));
      return { type, name, hard: ceiling, soft: Math.max(0, ceiling - (ceiling > 4096 ? 4096 : 1)) };
    });
    const container = await box.running((config) => {
      config.process.rlimits = wanted.map(({ type, hard, soft }) => ({ type, hard, soft }));
    });
    const after = limitsOf(container.pid);
    for (const { type, name, hard, soft } of wanted) {
      assert.deepEqual(after.get(name), { soft: String(soft), hard: String(hard) }, type);
    }
  }),

  test('process.rlimits-infinity', async (box) => {
    const container = await box.running((config) => {
      config.process.rlimits = [{ type: 'RLIMIT_CPU', hard: infinity, soft: 77 }];
    });
    assert.deepEqual(limitsOf(container.pid).get('Max cpu time'), { soft: '77', hard: 'unlimited' });
  }),

  test('process.rlimits-unknown', async (box) => {
    for (const type of ['RLIMIT_NO_SUCH', 'NOFILE', 'rlimit_nofile', '']) {
      await box.refused(`the limit "${type}"`, (config) => {
        config.process.rlimits = [{ type: type as never, hard: 100, soft: 100 }];
      });
    }
  }),

  test('process.rlimits-twice', async (box) => {
    await box.refused('a limit that is there twice', (config) => {
      const limit = { type: 'RLIMIT_NOFILE' as const, hard: 100, soft: 100 };
      config.process.rlimits = [limit, { ...limit, soft: 50 }];
    });
  }),

  test('process.rlimits-required-fields', async (box) => {
    await box.refused('a limit without type', (config) => {
      config.process.rlimits = [{ hard: 100, soft: 100 } as never];
    });
    await box.refused('a soft limit above the hard one', (config) => {
      config.process.rlimits = [{ type: 'RLIMIT_NOFILE', hard: 100, soft: 200 }];
    });
  }),

  test('process.only-standard-streams', async (box) => {
    const container = box.container(['sh', '-c', 'ls /proc/self/fd | sort -n | tr "\\n" " "']);
    const extra = openSync('/etc/hostname', 'r');
    box.onClose(() => closeSync(extra));
    await container.create([], { descriptors: [extra, extra, extra] });
    await container.start();
    await container.stopped();
    // The last one is the directory that ls itself has open.
    assert.equal(container.output(), '0 1 2 3 ');
  }),
];
