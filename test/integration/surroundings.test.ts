/**
 * Callers in surroundings that are not whole: a working directory that is gone, no procfs, closed streams, few or
 * many descriptors, a small stack; kernels that forbid programs in memory, or hide system calls.
 */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { findLibexec } from '../../src/entry/libexec.ts';
import { besideRunc, type Row } from './support/beside-runc.ts';
import type { ConfigChange } from './support/bundle.ts';
import { callFrom, hideCall } from './support/caller-in-python.ts';
import { pureV2 } from './support/cgroup-of.ts';
import { runCommand, runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';

const test = suite(`surroundings (${runtimeKind})`);
const onNode = runtimeKind === 'node' ? 'Node itself does not start so' : undefined;

const output = async (sandbox: Sandbox, python: string, script: string, change?: ConfigChange) => {
  const { directory } = sandbox.script(script, change);
  return expectSuccess(
    await callFrom(sandbox, python, ['run', '--bundle', directory, sandbox.id()]),
  ).stdout.trim();
};

// ---- the working directory ---------------------------------------------------------------------------------------

const removed = 'import tempfile\nd = tempfile.mkdtemp()\nos.chdir(d)\nos.rmdir(d)';
/** Detached from the tree while somebody is in it: getcwd(2) has a path then that leads nowhere. */
const unmounted = `import tempfile, subprocess
d = tempfile.mkdtemp()
subprocess.run(['mount', '-t', 'tmpfs', 'none', d], check=True)
os.chdir(d)
subprocess.run(['umount', '-l', d], check=True)
os.rmdir(d)`;

/** The whole life of a container, each command from there. */
async function lifeFrom(sandbox: Sandbox, python: string) {
  const { directory } = sandbox.bundle(['sleep', '1000']);
  const id = sandbox.id();
  const codes: Record<string, number | null> = {};
  for (const words of [
    ['create', '--bundle', directory, id],
    ['start', id],
    ['state', id],
    ['list'],
    ['exec', id, 'true'],
    ['ps', id],
    ['pause', id],
    ['resume', id],
    ['update', '--pids-limit', '50', id],
    ['events', '--stats', id],
    ['kill', id, 'KILL'],
    ['delete', '--force', id],
  ])
    codes[words[0] ?? ''] = (await callFrom(sandbox, python, words)).code;
  return codes;
}

const works = Object.fromEntries(
  [
    'create',
    'start',
    'state',
    'list',
    'exec',
    'ps',
    'pause',
    'resume',
    'update',
    'events',
    'kill',
    'delete',
  ].map((name) => [name, 0]),
);

const directories: readonly Row[] = [
  {
    name: 'every command works from a directory that was removed',
    ask: (sandbox) => lifeFrom(sandbox, removed),
    wanted: works,
  },
  {
    name: 'every command works from a directory that was unmounted',
    ask: (sandbox) => lifeFrom(sandbox, unmounted),
    wanted: works,
  },
];

for (const [name, python] of [
  ['removed', removed],
  ['unmounted', unmounted],
] as const)
  test(`a relative path from a directory that was ${name} is refused in one sentence`, () =>
    withSandbox(async (sandbox) => {
      expectRefusal(
        await callFrom(sandbox, python, ['--root', 'relative', 'list']),
        /"relative" is relative, and the working directory/,
      );
      expectRefusal(await callFrom(sandbox, python, ['create', sandbox.id()]), /cannot find the bundle "\."/);
    }));

// ---- descriptors and stacks
// ----------------------------------------------------------------------------------------

/** Sets the soft limit; the hard one stays. */
const softLimit = (name: string, soft: number) =>
  `resource.setrlimit(resource.${name}, (${soft}, resource.getrlimit(resource.${name})[1]))`;
const many = `${softLimit('RLIMIT_NOFILE', 1024)}
for i in range(1015): os.set_inheritable(os.open('/etc/hostname', os.O_RDONLY), True)`;
/** A directory in the place of /dev, in which there is nothing. */
const noDevices = ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /dev && exec "$@"', 'sh'];

const noLimits: ConfigChange = (config) => {
  delete config.process?.rlimits;
};
const own = 'its runtime of Go raises the limit for the container as well';

const descriptors: readonly Row[] = [
  {
    name: "a soft limit of 7 open files is raised for the runtime, and is the container's",
    skip: onNode,
    ask: (sandbox) => output(sandbox, softLimit('RLIMIT_NOFILE', 7), 'ulimit -Sn; echo ran', noLimits),
    wanted: '7\nran',
    ours: own,
  },
  {
    name: "and a hook's, and that of a process of exec",
    skip: onNode,
    ours: own,
    ask: async (sandbox) => {
      const file = join(sandbox.directory(), 'limit');
      const { directory } = sandbox.bundle(['sleep', '1000'], (config) => {
        delete config.process?.rlimits;
        config.hooks = { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', `ulimit -Sn > ${file}`] }] };
      });
      const id = sandbox.id();
      const few = softLimit('RLIMIT_NOFILE', 16);
      expectSuccess(await callFrom(sandbox, few, ['run', '--detach', '--bundle', directory, id]));
      const { stdout } = expectSuccess(await callFrom(sandbox, few, ['exec', id, 'sh', '-c', 'ulimit -Sn']));
      return [readFileSync(file, 'utf8').trim(), stdout.trim()];
    },
    wanted: ['16', '16'],
  },
  {
    name: "a limit in the config counts more than the caller's",
    ask: (sandbox) =>
      output(sandbox, softLimit('RLIMIT_NOFILE', 20), 'ulimit -Sn; ulimit -Hn', (config) => {
        if (config.process) config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 99, hard: 100 }];
      }),
    wanted: '99\n100',
  },
  {
    name: 'a process with 1,015 open descriptors may call, and gives none of them away',
    ask: (sandbox) => output(sandbox, many, 'ls /proc/self/fd 2>/dev/null | wc -l; echo ran'),
    wanted: '4\nran',
  },
  {
    name: "a stack of 64 KiB is enough, and is the container's",
    skip: onNode,
    ask: (sandbox) => output(sandbox, softLimit('RLIMIT_STACK', 65536), 'ulimit -Ss; echo ran'),
    wanted: '64\nran',
  },
];

testWhere(
  test,
  onNode === undefined,
  onNode ?? '',
  'a hard limit of 7 open files is one plain sentence',
  () =>
    withSandbox(async (sandbox) => {
      const { directory } = sandbox.bundle(['true']);
      const result = await callFrom(sandbox, 'resource.setrlimit(resource.RLIMIT_NOFILE, (7, 7))', [
        'run',
        '--bundle',
        directory,
        sandbox.id(),
      ]);
      if (result.code !== 0) expectRefusal(result, /too many open files/);
      assert.doesNotMatch(result.stderr, /install tsoci again|internal/);
    }),
);

testWhere(
  test,
  onNode === undefined,
  onNode ?? '',
  'closed standard streams where there is no /dev/null: nothing of ours takes their numbers',
  () =>
    withSandbox(async (sandbox) => {
      const { directory, rootfs } = sandbox.script(
        'for i in 0 1 2; do readlink /proc/self/fd/$i; done > /seen; cat > /read; echo x > /dev/null',
        (config) => {
          if (config.root) config.root.readonly = false;
          // masked files are covered by the host's /dev/null
          if (config.linux) delete config.linux.maskedPaths;
        },
      );
      const id = sandbox.id();
      const { code } = await callFrom(
        sandbox,
        'os.closerange(0, 3)',
        ['run', '--bundle', directory, id],
        noDevices,
      );
      assert.equal(code, 0);
      const seen = readFileSync(join(rootfs, 'seen'), 'utf8').trim().split('\n');
      // standard output is the script's own file
      assert.match(seen[0] ?? '', /^\/memfd:nothing/);
      assert.match(seen[2] ?? '', /^\/memfd:nothing/);
      assert.equal(readFileSync(join(rootfs, 'read'), 'utf8'), '');
    }),
);

// ---- procfs ------------------------------------------------------------------------------------------------------

const withoutProc = ['unshare', '-m', 'sh', '-c', 'umount -l /proc && exec "$@"', 'sh'];

testWhere(
  test,
  onNode === undefined,
  onNode ?? '',
  'list without procfs: works for nothing, says why for something',
  () =>
    withSandbox(async (sandbox) => {
      const nowhere = ['--root', join(sandbox.directory(), 'none'), 'list', '-q'];
      assert.equal(expectSuccess(await callFrom(sandbox, '', nowhere, withoutProc)).stdout, '');
      const id = await sandbox.running();
      const result = await callFrom(sandbox, '', ['list'], withoutProc);
      expectRefusal(result, /^tsoci: no procfs is mounted at \/proc/);
      assert.equal(result.stderr.trim().split('\n').length, 2, result.stderr);
      expectRefusal(
        await callFrom(sandbox, '', ['kill', id, 'KILL'], withoutProc),
        /no procfs is mounted at \/proc/,
      );
      assert.equal((await sandbox.state(id)).status, 'running');
    }),
);

// ---- programs in memory
// --------------------------------------------------------------------------------------------

const memfdSysctl = '/proc/sys/vm/memfd_noexec';
/** The sysctl belongs to a pid namespace. */
const noMemoryPrograms = [
  ...['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c'],
  `echo 2 > ${memfdSysctl} && exec "$@"`,
  'sh',
];
const noSysctl = existsSync(memfdSysctl) ? undefined : 'this kernel has no vm.memfd_noexec';

testWhere(
  test,
  noSysctl === undefined,
  noSysctl ?? '',
  'vm.memfd_noexec=2: the stub is found another way, which nobody can write',
  () =>
    withSandbox(async (sandbox) => {
      const control = spawnSync(noMemoryPrograms[0] ?? '', [
        ...noMemoryPrograms.slice(1),
        ...['/usr/bin/python3', '-c', 'import os; os.memfd_create("x", 0x10)'],
      ]);
      assert.match(String(control.stderr), /PermissionError/, 'positive control: it is forbidden');
      const { directory } = sandbox.script('echo ran');
      const id = sandbox.id();
      const { stdout } = expectSuccess(
        await callFrom(sandbox, '', ['run', '--bundle', directory, id], noMemoryPrograms),
      );
      assert.equal(stdout, 'ran\n');
      // From inside, while the stub is what process 1 executes: nobody opens it for writing.
      const waiting = sandbox.bundle(['true']);
      const other = sandbox.id();
      const shell = [
        ...noMemoryPrograms,
        'sh',
        '-c',
        `"$@" create --bundle ${waiting.directory} ${other} </dev/null >/dev/null || exit 9
       pid=$("$@" state ${other} | sed -n 's/.*"pid": *\\([0-9]*\\).*/\\1/p')
       stat -Lc %i /proc/$pid/exe
       exec 5< /proc/$pid/exe
       "$@" delete --force ${other}
       # nobody executes it any more, which alone would keep writers away
       python3 -c "import os; os.open('/proc/self/fd/5', os.O_WRONLY)" 2>&1 | tail -1`,
        'sh',
        ...sandbox.runtime,
        ...['--root', sandbox.root],
      ];
      const looked = expectSuccess(await runCommand(shell))
        .stdout.trim()
        .split('\n');
      const stub = statSync(join(findLibexec(), 'tsoci-init')).ino;
      assert.equal(looked[0], String(stub), 'positive control: it is the stub itself');
      assert.match(looked[1] ?? '', /Read-only file system/);
    }),
);

// ---- hidden calls ------------------------------------------------------------------------------------

const hideClone3 = hideCall(435);

const calls: readonly Row[] = [
  {
    name: 'without clone3 a container runs in its own namespaces and its own cgroup, and exec comes in',
    ask: async (sandbox) => {
      const { directory } = sandbox.bundle(['sleep', '1000'], (config) => {
        if (config.linux) config.linux.resources = { pids: { limit: 33 } };
      });
      const id = sandbox.id();
      expectSuccess(await callFrom(sandbox, hideClone3, ['run', '--detach', '--bundle', directory, id]));
      const { pid } = await sandbox.state(id);
      const { stdout } = expectSuccess(
        await callFrom(sandbox, hideClone3, ['exec', id, 'ps', '-o', 'pid,comm']),
      );
      const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
      const line = lines.find((each) => (pureV2 ? each.startsWith('0::') : each.includes(':pids:'))) ?? '';
      const group = join('/sys/fs/cgroup', pureV2 ? '' : 'pids', line.split(':')[2] ?? '');
      return [
        stdout.split('\n').filter((each) => each.includes('sleep')).length,
        /^ +1 sleep$/m.test(stdout),
        readFileSync(join(group, 'pids.max'), 'utf8').trim(),
        lines
          .filter((each) => /^0::|:pids:|:freezer:/.test(each))
          .every((each) => each.endsWith(id) || !pureV2),
      ];
    },
    wanted: [1, true, '33', true],
  },
  {
    name: 'and so does one with a new user namespace',
    ask: async (sandbox) => {
      const { directory } = sandbox.script('cat /proc/self/uid_map | tr -s " "', (config) => {
        if (config.linux) {
          config.linux.namespaces?.push({ type: 'user' });
          config.linux.uidMappings = [{ containerID: 0, hostID: 300_000, size: 65_536 }];
          config.linux.gidMappings = [{ containerID: 0, hostID: 300_000, size: 65_536 }];
        }
      });
      chmodSync(directory, 0o755);
      const words = ['run', '--bundle', directory, sandbox.id()];
      return expectSuccess(await callFrom(sandbox, hideClone3, words)).stdout.trim();
    },
    wanted: '0 300000 65536',
  },
];

for (const rows of [directories, descriptors, calls]) besideRunc(test, rows);

test.run();
