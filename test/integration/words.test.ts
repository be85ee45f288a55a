/**
 * Words and options as callers of runc write them: empty values, null, fixed phrases, labels, warnings. Each row is
 * asked of runc in the same run where it is installed.
 */
import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import {
  besideRunc,
  lightBundle,
  lightRun,
  lightRunning,
  outcome,
  type Row,
  sleeper,
  told,
} from './support/beside-runc.ts';
import type { ConfigChange } from './support/bundle.ts';
import { catches } from './support/processes.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { onTerminal } from './support/terminal.ts';
import { until } from './support/wait.ts';

const test = suite(`words and options (${runtimeKind})`);

type Words = readonly string[];

/** A container that sleeps, and one command about it; `@` stands for its id. */
const about =
  (...words: Words) =>
  async (sandbox: Sandbox) => {
    const id = await sleeper(sandbox);
    return outcome(await sandbox.tsoci(words.map((word) => word.replace('@', id))));
  };

const done = { code: 0, stdout: '' };
const says = (stdout: string) => ({ code: 0, stdout });

const emptyValues: readonly Row[] = [
  { name: 'exec --cwd ""', ask: about('exec', '--cwd', '', '@', 'pwd'), wanted: says('/\n') },
  { name: 'exec --cwd=', ask: about('exec', '--cwd=', '@', 'pwd'), wanted: says('/\n') },
  {
    name: 'exec --cwd /tmp --cwd "": the last one counts',
    ask: about('exec', '--cwd', '/tmp', '--cwd', '', '@', 'pwd'),
    wanted: says('/\n'),
  },
  { name: 'exec --user ""', ask: about('exec', '--user', '', '@', 'id', '-u'), wanted: says('0\n') },
  { name: 'exec --pid-file ""', ask: about('exec', '--pid-file', '', '@', 'echo', '1'), wanted: says('1\n') },
  { name: 'exec --console-socket ""', ask: about('exec', '--console-socket', '', '@', 'true'), wanted: done },
  {
    name: 'exec --process "" with a command',
    ask: about('exec', '-p', '', '@', 'echo', '1'),
    wanted: says('1\n'),
  },
  {
    name: 'exec --process "" without one',
    ask: about('exec', '--process', '', '@'),
    wanted: { code: 255, stdout: '' },
  },
  { name: 'exec --cgroup ""', ask: about('exec', '--cgroup', '', '@', 'true'), wanted: done },
  { name: 'exec --apparmor ""', ask: about('exec', '--apparmor', '', '@', 'true'), wanted: done },
  { name: 'exec --process-label ""', ask: about('exec', '--process-label', '', '@', 'true'), wanted: done },
  {
    name: 'exec --pidfd-socket ""',
    ask: about('exec', '--pidfd-socket', '', '@', 'true'),
    wanted: done,
    ours: 'runc 1.1 has no --pidfd-socket',
  },
  {
    name: 'exec --trace ""',
    ask: about('exec', '--trace', '', '@', 'true'),
    wanted: done,
    ours: 'runc has no --trace',
  },
  ...[
    'memory',
    'memory-swap',
    'memory-reservation',
    'kernel-memory',
    'kernel-memory-tcp',
    'cpu-quota',
    'cpu-period',
    'cpu-share',
    'cpu-rt-period',
    'cpu-rt-runtime',
    'cpuset-cpus',
    'cpuset-mems',
    'resources',
    'l3-cache-schema',
    'mem-bw-schema',
  ].map((name) => ({
    name: `update --${name} ""`,
    ask: about('update', `--${name}`, '', '@'),
    wanted: done,
  })),
  { name: 'update of nothing', ask: about('update', '@'), wanted: done },
  ...['pids-limit', 'blkio-weight'].map((name) => ({
    name: `update --${name} ""`,
    ask: async (sandbox: Sandbox) => (await about('update', `--${name}`, '', '@')(sandbox)).code,
    wanted: 0,
    runc: { answers: 1, because: 'one rule for all options that take a word' },
  })),
  ...['cpu-burst', 'cpu-idle'].map((name) => ({
    name: `update --${name} ""`,
    ask: about('update', `--${name}`, '', '@'),
    wanted: done,
    ours: `runc 1.1 has no --${name}`,
  })),
  { name: 'global --log ""', ask: about('--log', '', 'exec', '@', 'true'), wanted: done },
  { name: 'global --log-format ""', ask: about('--log-format', '', 'exec', '@', 'true'), wanted: done },
  { name: 'global --rootless ""', ask: about('--rootless', '', 'exec', '@', 'true'), wanted: done },
  { name: 'global --criu ""', ask: about('--criu', '', 'exec', '@', 'true'), wanted: done },
  {
    name: 'global --root "" is the default one, where this container is not',
    ask: async (sandbox) => {
      const id = await sleeper(sandbox);
      // From inside its own state directory: an empty path must not mean the working directory.
      return told(
        await sandbox.tsoci(['--root', '', 'state', id], { cwd: sandbox.root }),
        /container does not exist/,
      );
    },
    wanted: { code: 1, told: true },
    runc: {
      answers: { code: 0, told: false },
      because: 'runc takes the working directory for it, wherever the caller happens to be',
    },
  },
  {
    name: 'create --bundle "" is the working directory, --pid-file "" and --console-socket "" are none',
    ask: async (sandbox) => {
      const directory = lightBundle(sandbox, ['sleep', '1000']);
      const empty = ['--bundle', '', '--pid-file', '', '--console-socket', ''];
      const id = sandbox.id();
      const { code } = await sandbox.tsoci(['create', ...empty, id], { cwd: directory });
      return [code, (await sandbox.state(id)).status];
    },
    wanted: [0, 'created'],
  },
  {
    name: 'run --bundle "" --pid-file ""',
    ask: async (sandbox) => {
      const directory = lightBundle(sandbox, ['echo', 'inside']);
      return outcome(
        await sandbox.tsoci(['run', '--bundle', '', '--pid-file', '', sandbox.id()], { cwd: directory }),
      );
    },
    wanted: says('inside\n'),
  },
  {
    name: 'kill ID "" is TERM',
    ask: async (sandbox) => {
      const id = await lightRunning(sandbox, undefined, [
        'sh',
        '-c',
        'trap "exit 3" TERM; while :; do sleep 0.05; done',
      ]);
      const { pid } = await sandbox.state(id);
      await until('it has its trap', () => catches(pid, constants.signals.SIGTERM));
      const { code } = await sandbox.tsoci(['kill', id, '']);
      await sandbox.stopped(id);
      return code;
    },
    wanted: 0,
  },
];

/** Runs `echo ok` with this change of the config. */
const ran = (change: (config: never) => void) => async (sandbox: Sandbox) => {
  const { code, stdout } = await lightRun(sandbox, ['echo', 'ok'], change as ConfigChange);
  return { code, stdout };
};

const ok = says('ok\n');
const refused = { code: 1, stdout: '' };

/** Sets a member of a config by its path, whatever its type. */
function setAt(config: object, path: string, value: unknown): void {
  const names = path.split('.');
  let at = config as Record<string, unknown>;
  for (const name of names.slice(0, -1)) {
    at[name] ??= {};
    at = at[name] as Record<string, unknown>;
  }
  at[names.at(-1) as string] = value;
}

const absent = [
  'process.capabilities process.rlimits process.user process.oomScoreAdj process.noNewPrivileges process.consoleSize',
  'process.apparmorProfile process.selinuxLabel hooks hooks.prestart annotations root.readonly hostname mounts.0.options mounts.0.source',
  'linux.maskedPaths linux.readonlyPaths linux.resources linux.resources.memory linux.resources.memory.limit linux.resources.cpu',
  'linux.resources.devices linux.resources.pids linux.seccomp linux.sysctl linux.uidMappings linux.devices linux.intelRdt',
  'linux.rootfsPropagation linux.namespaces.0.path linux.mountLabel windows solaris',
]
  .join(' ')
  .split(' ');

const nulls: readonly Row[] = [
  ...absent.map((path) => ({
    name: `config.json: ${path} is null`,
    ask: ran((config) => setAt(config, path, null)),
    wanted: ok,
  })),
  {
    name: 'config.json: null in a hook',
    ask: ran((config) => {
      setAt(config, 'hooks.prestart', [{ path: '/bin/true', args: null, env: null, timeout: null }]);
    }),
    wanted: ok,
  },
  ...['process.cwd', 'process.args', 'process', 'root', 'root.path'].map((path) => ({
    name: `config.json: ${path}, which is needed, is null`,
    ask: ran((config) => setAt(config, path, null)),
    wanted: refused,
  })),
  {
    name: 'config.json: a null in process.env',
    ask: ran((config) => setAt(config, 'process.env', ['PATH=/bin', null])),
    wanted: refused,
  },
  {
    name: 'config.json: a null in process.args',
    ask: ran((config) => setAt(config, 'process.args', ['echo', null])),
    wanted: refused,
    runc: {
      answers: says('\n'),
      because: 'a null in a list of strings is no word: something is missing there',
    },
  },
  ...['annotations', 'linux.sysctl'].map((path) => ({
    name: `config.json: a null as the value of a key of ${path}`,
    ask: ran((config) => setAt(config, path, { 'kernel.shm_rmid_forced': null })),
    wanted: refused,
    runc: { answers: ok, because: 'the key names something, and its value is missing; crun refuses it too' },
  })),
  {
    name: 'the config that is kept is read by exec and update as create read it',
    ask: async (sandbox) => {
      const id = await lightRunning(sandbox, (config) => {
        for (const path of ['process.rlimits', 'linux.resources.cpu', 'hooks', 'process.oomScoreAdj'])
          setAt(config, path, null);
      });
      const updated = await sandbox.tsoci(['update', '--cpu-share', '512', id]);
      return [updated.code, outcome(await sandbox.tsoci(['exec', id, 'echo', '1']))];
    },
    wanted: [0, says('1\n')],
  },
  {
    name: 'a process file: null is absent',
    ask: async (sandbox) => {
      const id = await sleeper(sandbox);
      const process = {
        cwd: '/',
        args: ['echo', '1'],
        env: ['PATH=/bin'],
        user: null,
        capabilities: null,
        rlimits: null,
      };
      const file = join(sandbox.directory(), 'process.json');
      writeFileSync(file, JSON.stringify(process));
      return outcome(await sandbox.tsoci(['exec', '--process', file, id]));
    },
    wanted: says('1\n'),
  },
  {
    name: 'a resources file: null is absent, and what it does not name stays',
    ask: async (sandbox) => {
      const id = await sleeper(sandbox);
      const input = JSON.stringify({
        memory: { limit: null },
        cpu: null,
        pids: { limit: 77 },
        devices: null,
      });
      return outcome(await sandbox.tsoci(['update', '--resources', '-', id], { input }));
    },
    wanted: done,
    runc: { answers: { code: 2, stdout: '' }, because: 'runc 1.1 falls over its own null in cpu' },
  },
];

const phrases: readonly Row[] = [
  ...(
    [
      [['state', 'nobody'], 1],
      [['start', 'nobody'], 1],
      [['kill', 'nobody', 'KILL'], 1],
      [['delete', 'nobody'], 1],
      [['pause', 'nobody'], 1],
      [['resume', 'nobody'], 1],
      [['ps', 'nobody'], 1],
      [['update', '--memory', '1G', 'nobody'], 1],
      [['events', '--stats', 'nobody'], 1],
      [['exec', 'nobody', 'true'], 255],
    ] as const
  ).map(([words, code]) => ({
    name: `${words.join(' ')}: "container does not exist"`,
    ask: async (sandbox: Sandbox) => told(await sandbox.tsoci(words), /container does not exist/),
    wanted: { code, told: true },
  })),
  {
    name: 'kill of what has stopped: "container not running"',
    ask: async (sandbox) => {
      const id = await lightRunning(sandbox, undefined, ['true']);
      await sandbox.stopped(id);
      return told(await sandbox.tsoci(['kill', id, 'KILL']), /container not running/);
    },
    wanted: { code: 1, told: true },
  },
  {
    name: 'exec in what has stopped: fails',
    ask: async (sandbox) => {
      const id = await lightRunning(sandbox, undefined, ['true']);
      await sandbox.stopped(id);
      return (await sandbox.tsoci(['exec', id, 'true'])).code;
    },
    wanted: 255,
  },
  ...[['--help'], ['exec', '--help'], ['help'], ['help', 'run'], ['list', '-h']].map((words) => ({
    name: `${words.join(' ')} contains the word Usage`,
    ask: async (sandbox: Sandbox) => {
      const { code, stdout } = await sandbox.tsoci(words);
      return [code, /usage/i.test(stdout)];
    },
    wanted: [0, true],
  })),
  {
    name: 'list with a root that is not there: an empty table',
    ask: async (sandbox) => {
      const { code, stdout } = await sandbox.tsoci(['--root', join(sandbox.root, 'nowhere'), 'list']);
      return [code, stdout.split(/\s+/).filter(Boolean)];
    },
    wanted: [0, ['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED', 'OWNER']],
  },
  {
    name: 'list -q with a root that is not there: nothing',
    ask: async (sandbox) =>
      outcome(await sandbox.tsoci(['--root', join(sandbox.root, 'nowhere'), 'list', '--quiet'])),
    wanted: done,
  },
  {
    name: 'list -f json with a root that is not there: a list that a program can read',
    ask: async (sandbox) =>
      (await sandbox.tsoci(['--root', join(sandbox.root, 'nowhere'), 'list', '-f', 'json'])).stdout.trim(),
    wanted: '[]',
    runc: { answers: 'null', because: 'an empty list is a list; crun prints one too' },
  },
];

const labelled = (path: string, label: string) => ran((config) => setAt(config, path, label));
const context = 'system_u:object_r:container_file_t:s0:c1,c2';
const onlyWithout = (file: string) =>
  existsSync(file) ? `${file} is there: this machine has what is asked for` : undefined;
const noAppArmor = onlyWithout('/sys/module/apparmor/parameters/enabled');
const noSelinux = onlyWithout('/sys/fs/selinux/enforce');

const labels: readonly Row[] = [
  {
    name: 'process.apparmorProfile without AppArmor is refused',
    ask: labelled('process.apparmorProfile', 'docker-default'),
    wanted: refused,
    skip: noAppArmor,
  },
  {
    name: 'exec --apparmor without AppArmor is refused',
    ask: about('exec', '--apparmor', 'docker-default', '@', 'echo', '1'),
    wanted: { code: 255, stdout: '' },
    skip: noAppArmor,
  },
  {
    name: 'process.apparmorProfile "unconfined" without AppArmor is what there is',
    ask: labelled('process.apparmorProfile', 'unconfined'),
    wanted: ok,
    runc: { answers: refused, because: 'to be confined by nothing is had on every machine' },
    skip: noAppArmor,
  },
  {
    name: 'process.selinuxLabel without SELinux is refused',
    ask: labelled('process.selinuxLabel', context),
    wanted: refused,
    skip: noSelinux,
  },
  {
    name: 'exec --process-label without SELinux is refused',
    ask: about('exec', '--process-label', context, '@', 'echo', '1'),
    wanted: { code: 255, stdout: '' },
    skip: noSelinux,
  },
  {
    name: 'linux.mountLabel without SELinux is refused',
    ask: labelled('linux.mountLabel', context),
    wanted: refused,
    skip: noSelinux,
  },
  ...['process.apparmorProfile', 'process.selinuxLabel', 'linux.mountLabel'].map((path) => ({
    name: `${path} that is empty`,
    ask: labelled(path, ''),
    wanted: ok,
  })),
];

/** Whether the device cgroup keeps a container from device 10:229 (fuse), which is not among the default ones. */
const deviceRule = (rule: object) => async (sandbox: Sandbox) => {
  const script = '/bin/mknod /dev/it c 10 229 && (: < /dev/it) 2>&1 | grep -c "not permitted"';
  const { stdout } = await lightRun(sandbox, ['sh', '-c', script], (config) => {
    setAt(config, 'linux.resources.devices', [{ allow: false, access: 'rwm' }, rule]);
    const sets = { bounding: ['CAP_MKNOD'], effective: ['CAP_MKNOD'], permitted: ['CAP_MKNOD'] };
    setAt(config, 'process.capabilities', sets);
  });
  return stdout.trim();
};

const lists: readonly Row[] = [
  {
    name: 'masked paths that are there twice, files and directories, or below one another',
    ask: async (sandbox) => {
      const bundle = sandbox.script('cat /etc/secret /var/secret/file | wc -c', (config) => {
        const paths = [
          '/etc/secret',
          '/etc/secret',
          '/var/secret/file',
          '/var/secret',
          '/var/secret',
          '/var/secret/file',
        ];
        setAt(config, 'linux.maskedPaths', paths);
        setAt(config, 'linux.readonlyPaths', ['/proc/sys', '/proc/sys', '/etc/secret']);
      });
      mkdirSync(join(bundle.rootfs, 'var/secret'));
      for (const file of ['etc/secret', 'var/secret/file'])
        writeFileSync(join(bundle.rootfs, file), 'secret');
      return outcome(await sandbox.runBundle(bundle));
    },
    wanted: says('0\n'),
  },
  {
    name: 'a device rule with numbers and no type gives these numbers',
    ask: deviceRule({ allow: true, major: 10, minor: 229, access: 'rwm' }),
    wanted: '0',
  },
  {
    name: 'a device rule with numbers and type "a" gives these numbers',
    ask: deviceRule({ allow: true, type: 'a', major: 10, minor: 229, access: 'rwm' }),
    wanted: '0',
  },
  {
    name: 'a device rule with numbers and an empty type gives these numbers',
    ask: deviceRule({ allow: true, type: '', major: 10, minor: 229, access: 'rwm' }),
    wanted: '0',
  },
  {
    name: 'a device rule with numbers and no type gives no others',
    ask: deviceRule({ allow: true, major: 10, minor: 230, access: 'rwm' }),
    wanted: '1',
    runc: {
      answers: '0',
      because:
        'runc, as the v1 kernel, takes it for every device: a type that was left out would open all of them',
    },
  },
];

besideRunc(test, [...emptyValues, ...nulls, ...phrases, ...labels, ...lists]);

const foreign: ConfigChange = (config) => setAt(config, 'solaris', { milestone: 'x' });
const warning = /solaris: is for another platform/;

test('a warning never stands in the output of the program: run, create, exec', () =>
  withSandbox(async (sandbox) => {
    const run = await sandbox.run(['sh', '-c', 'echo out; echo err >&2'], foreign);
    assert.deepEqual([run.stdout, run.stderr], ['out\n', 'err\n']);
    const bundle = sandbox.script('echo out; echo err >&2', foreign);
    const id = sandbox.id();
    const created = await sandbox.tsoci(['create', '--bundle', bundle.directory, id]);
    assert.deepEqual([created.code, created.stderr], [0, '']);
    const running = await sandbox.running(foreign);
    const process = {
      cwd: '/',
      args: ['sh', '-c', 'echo out; echo err >&2'],
      env: ['PATH=/bin'],
      commandLine: 'x',
    };
    const file = join(sandbox.directory(), 'process.json');
    writeFileSync(file, JSON.stringify(process));
    const exec = await sandbox.tsoci(['exec', '--user', '5', '-p', file, running]);
    assert.deepEqual([exec.stdout, exec.stderr], ['out\n', 'err\n']);
  }));

test('such warnings are in the log, and under --debug where they always were', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(['true'], foreign);
    const log = join(sandbox.directory(), 'log');
    const run = (...options: Words) =>
      sandbox.tsoci([...options, 'run', '--bundle', bundle.directory, sandbox.id()]);
    assert.equal(expectSuccess(await run('--log', log)).stderr, '');
    assert.match(readFileSync(log, 'utf8'), warning);
    assert.match(expectSuccess(await run('--debug')).stderr, warning);
  }));

test('a command that fails tells its warnings: no program writes there then', () =>
  withSandbox(async (sandbox) => {
    const { code, stderr } = await sandbox.run(['/missing'], foreign);
    assert.equal(code, 1);
    assert.match(stderr, warning);
    assert.match(stderr, /missing/);
  }));

test('exec -t -p FILE, as conmon calls it, prints what the program prints', () =>
  withSandbox(async (sandbox) => {
    const id = await sandbox.running();
    const process = { terminal: true, cwd: '/', args: ['echo', 'inside'], env: ['PATH=/bin'] };
    const file = join(sandbox.directory(), 'process.json');
    writeFileSync(file, JSON.stringify(process));
    const { code, output } = await onTerminal(sandbox, ['exec', '-t', '-u', '0', '-p', file, id]);
    assert.deepEqual([code, output.trim()], [0, 'inside']);
  }));

test('a --trace file that cannot be written is told before anything is made', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true']);
    const id = sandbox.id();
    for (const command of ['create', 'run']) {
      const { code, stderr } = await sandbox.tsoci([
        command,
        '--trace',
        '/nowhere/t.json',
        '--bundle',
        directory,
        id,
      ]);
      assert.equal(code, 1);
      assert.match(stderr, /write the timeline to "\/nowhere/);
      assert.deepEqual(sandbox.leftovers(), []);
    }
  }));

test.run();
