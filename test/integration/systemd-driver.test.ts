/** The systemd driver: only where systemd is PID 1 (test/vm/run --systemd, with each of --cgroup). */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { suite } from 'uvu';
import type { SavedCgroup } from '../../src/cgroup/saved-cgroup.ts';
import type { ConfigChange } from './support/bundle.ts';
import { pureV2, savedCgroup } from './support/cgroup-of.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';
import { until } from './support/wait.ts';

const test = suite(`systemd driver (${runtimeKind})`);
const here = existsSync('/run/systemd/system') && existsSync('/run/dbus/system_bus_socket');
const why = 'systemd is not PID 1 of this machine';
const mebibyte = 1024 * 1024;

const limits: ConfigChange = ({ linux }) => {
  if (linux === undefined) return;
  linux.resources = {
    memory: { limit: 64 * mebibyte, reservation: 16 * mebibyte, swap: 96 * mebibyte },
    cpu: { shares: 512, quota: 33333, period: 70000, burst: 5000, cpus: '0', mems: '0' },
    pids: { limit: 44 },
    hugepageLimits: [{ pageSize: '2MB', limit: 4 * mebibyte }],
    // the last: numbers that no driver has, for which systemd has no word
    devices: [
      { allow: false, access: 'rwm' },
      { allow: true, type: 'c', major: 1, minor: 11, access: 'r' },
      { allow: true, type: 'b', major: 254, access: 'rw' },
      { allow: true, type: 'c', major: 4, access: 'rw' },
      { allow: true, type: 'c', major: 499, access: 'rwm' },
    ],
    ...(pureV2
      ? { unified: { 'memory.high': String(48 * mebibyte) } }
      : { network: { classID: 0x100001, priorities: [{ name: 'lo', priority: 5 }] } }),
  };
};

/** What limits a cgroup, in every version. */
const limiting = new RegExp(
  [
    '^memory\\.(max|high|low|min|swap\\.max|(memsw\\.|soft_|kmem\\.tcp\\.)?limit_in_bytes|swappiness|oom_control)$',
    '^cpu\\.(max|max\\.burst|weight|idle|shares|cfs_(quota|period|burst)_us)$',
    '^cpuset\\.(cpus|mems)$',
    '^(pids|io|rdma|misc)\\.max$',
    '^io\\.(bfq\\.)?weight$',
    '^blkio\\.((bfq\\.)?weight(_device)?|throttle\\.(read|write)_(bps|iops)_device)$',
    '^hugetlb\\.2MB\\.(rsvd\\.)?(max|limit_in_bytes)$',
    '^devices\\.list$',
    '^net_(cls\\.classid|prio\\.ifpriomap)$',
    '^cgroup\\.controllers$',
  ].join('|'),
);

/** Every file that limits a container, with its lines, whose order means nothing. */
function limitsOf({ hierarchies, unified }: SavedCgroup): Record<string, string> {
  const directories = [...hierarchies.map(({ path }) => path), ...(unified ? [unified.path] : [])];
  return Object.fromEntries(
    directories.flatMap((directory) =>
      readdirSync(directory)
        .filter((file) => limiting.test(file))
        .map((file) => [
          file,
          readFileSync(join(directory, file), 'utf8').trim().split('\n').sort().join('\n'),
        ]),
    ),
  );
}

function systemctl(...args: string[]): string {
  const { stdout, stderr, status } = spawnSync('systemctl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`systemctl ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

const property = (unit: string, name: string) => systemctl('show', '--value', '--property', name, unit);

/** Creates a container; gives its id, and where its cgroup is. */
async function create(sandbox: Sandbox, driver: readonly string[], change: ConfigChange) {
  const id = sandbox.id();
  const { directory } = sandbox.bundle(['sleep', '1000'], change);
  expectSuccess(await sandbox.tsoci([...driver, 'create', '--bundle', directory, id]));
  const saved = savedCgroup(sandbox, id);
  const followed = saved.hierarchies.find(({ controllers }) => controllers.includes('name=systemd'));
  return { id, saved, path: saved.unified?.path ?? followed?.path ?? '' };
}

/** The mount that systemd follows units by. */
const root = pureV2
  ? '/sys/fs/cgroup'
  : existsSync('/sys/fs/cgroup/unified')
    ? '/sys/fs/cgroup/unified'
    : '/sys/fs/cgroup/systemd';

const driver = ['--systemd-cgroup'];

/** What is compared is not the kernel's own beginnings. */
function expectLimits(found: Record<string, string>): void {
  const wanted: Record<string, string> = pureV2
    ? {
        'memory.max': String(64 * mebibyte),
        'memory.swap.max': String(32 * mebibyte),
        'cpu.max': '33333 70000',
        'hugetlb.2MB.max': String(4 * mebibyte),
      }
    : {
        'memory.limit_in_bytes': String(64 * mebibyte),
        'memory.memsw.limit_in_bytes': String(96 * mebibyte),
        'cpu.shares': '512',
        'cpu.cfs_quota_us': '33333',
        'cpu.cfs_period_us': '70000',
        'hugetlb.2MB.limit_in_bytes': String(4 * mebibyte),
        'net_cls.classid': String(0x100001),
      };
  for (const [file, value] of Object.entries(wanted)) assert.equal(found[file], value, file);
}

testWhere(test, here, why, 'the same config gives the same limits as with the cgroupfs driver', () =>
  withSandbox(async (sandbox) => {
    for (const change of [limits, (() => undefined) as ConfigChange]) {
      const plain = await create(sandbox, [], change);
      const scope = await create(sandbox, driver, change);
      const wanted = limitsOf(plain.saved);
      if (change === limits) expectLimits(wanted);
      assert.deepEqual(limitsOf(scope.saved), wanted);
      const update = ['--memory', '40M', '--memory-swap', '80M', '--cpu-quota', '12345', '--pids-limit', '7'];
      const document = JSON.stringify({
        cpu: { shares: 300, period: 50000, quota: 10001 },
        devices: [
          { allow: false, access: 'rwm' },
          { allow: true, type: 'c', major: 1, minor: 11, access: 'rw' },
        ],
      });
      for (const { id } of [plain, scope]) {
        expectSuccess(await sandbox.tsoci(['update', ...update, id]));
        expectSuccess(await sandbox.tsoci(['update', '-r', '-', id], { input: document }));
      }
      assert.deepEqual(limitsOf(scope.saved), limitsOf(plain.saved));
    }
  }),
);

testWhere(test, here, why, 'the container is the only one in a scope of its own, which ends with it', () =>
  withSandbox(async (sandbox) => {
    const { id, path, saved } = await create(sandbox, driver, limits);
    const unit = basename(path);
    assert.equal(path, `${root}/system.slice/tsoci-${id}.scope`);
    const { pid } = await sandbox.state(id);
    const directories = [path, ...saved.hierarchies.map((hierarchy) => hierarchy.path)];
    for (const directory of directories)
      assert.equal(readFileSync(join(directory, 'cgroup.procs'), 'utf8').trim(), String(pid), directory);
    assert.equal(property(unit, 'Delegate'), 'yes');
    assert.equal(property(unit, pureV2 ? 'MemoryMax' : 'MemoryLimit'), String(64 * mebibyte));
    assert.equal(property(unit, 'TasksMax'), '44');
    if (!pureV2) assert.equal(property(unit, 'CPUShares'), '512');
    expectSuccess(await sandbox.tsoci([...driver, 'start', id]));
    const inside = expectSuccess(await sandbox.tsoci([...driver, 'exec', id, 'cat', '/proc/self/cgroup']));
    assert.match(inside.stdout, pureV2 ? /0::\/\n/ : /memory:\/\n/);
    for (const line of inside.stdout.trim().split('\n')) assert.match(line, /^\d+:[^:]*:\/$/);
    expectSuccess(await sandbox.tsoci(['pause', id]));
    assert.equal((await sandbox.state(id)).status, 'paused');
    expectSuccess(await sandbox.tsoci(['resume', id]));
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    await until('the unit is gone', () => systemctl('list-units', '--all', '--no-legend', unit) === '');
    for (const directory of directories) assert.ok(!existsSync(directory), directory);
  }),
);

testWhere(test, here, why, 'annotations are properties of the scope, as CRI-O sets them', () =>
  withSandbox(async (sandbox) => {
    const annotations = {
      'org.systemd.property.TimeoutStopSec': 'uint64 7',
      'org.systemd.property.Description': "'from an annotation'",
      'org.systemd.property.After': "['sysinit.target']",
    };
    const { directory } = sandbox.bundle(['sleep', '60'], (config) => Object.assign(config, { annotations }));
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci([...driver, 'create', '--bundle', directory, id]));
    const unit = `tsoci-${id}.scope`;
    assert.equal(property(unit, 'TimeoutStopUSec'), '7s');
    assert.equal(property(unit, 'Description'), 'from an annotation');
    assert.match(property(unit, 'After'), /sysinit\.target/);
    const wrong = sandbox.bundle(['true'], (config) =>
      Object.assign(config, { annotations: { 'org.systemd.property.NoSuchProperty': 'true' } }),
    );
    const refused = await sandbox.tsoci([...driver, 'create', '--bundle', wrong.directory, sandbox.id()]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /NoSuchProperty/);
  }),
);

testWhere(test, here, why, 'update() tells systemd too, and a refused one changes nothing at all', () =>
  withSandbox(async (sandbox) => {
    const { id, path, saved } = await create(sandbox, driver, limits);
    const unit = basename(path);
    expectSuccess(
      await sandbox.tsoci(['update', '--memory', '40M', '--pids-limit', '33', '--cpu-quota', '20001', id]),
    );
    const before = limitsOf(saved);
    assert.equal(before[pureV2 ? 'memory.max' : 'memory.limit_in_bytes'], String(40 * mebibyte));
    const told = () => {
      assert.equal(property(unit, pureV2 ? 'MemoryMax' : 'MemoryLimit'), String(40 * mebibyte));
      assert.equal(property(unit, 'TasksMax'), '33');
    };
    told();
    const input = JSON.stringify({
      memory: { limit: 20 * mebibyte },
      pids: { limit: 9 },
      cpu: { quota: 30000 },
      unified: pureV2 ? { 'memory.high': 'much' } : undefined,
      hugepageLimits: [{ pageSize: '2MB', limit: 1 }, ...(pureV2 ? [] : [{ pageSize: '3MB', limit: 1 }])],
    });
    expectRefusal(
      await sandbox.tsoci(['update', '-r', '-', id], { input }),
      pureV2 ? /memory\.high/ : /hugepageLimits\[1\]/,
    );
    assert.deepEqual(limitsOf(saved), before);
    told();
  }),
);

testWhere(test, here, why, 'systemctl daemon-reload opens no device and lifts no limit', () =>
  withSandbox(async (sandbox) => {
    const { id, saved } = await create(sandbox, driver, limits);
    const exact = ({ 'cpu.max': max, 'cpu.cfs_quota_us': quota, ...rest }: Record<string, string>) => ({
      rest,
      // systemd rounds: docs/cgroups.md
      quota: Math.round(Number(max?.split(' ')[0] ?? quota) / 1000),
    });
    const before = limitsOf(saved);
    systemctl('daemon-reload');
    // has systemd look at the unit again
    systemctl(
      'set-property',
      '--runtime',
      basename(saved.unified?.path ?? `tsoci-${id}.scope`),
      'TasksMax=43',
    );
    const { 'devices.list': devices = '', ...after } = limitsOf(saved);
    const { 'devices.list': had = '', ...wanted } = before;
    assert.deepEqual(exact(after), exact({ ...wanted, 'pids.max': '43' }));
    const opened = devices.split('\n').filter((line) => !had.split('\n').includes(line));
    assert.deepEqual(opened, []);
  }),
);

testWhere(test, here, why, 'device rules hold through systemctl daemon-reload, those of update too', () =>
  withSandbox(async (sandbox) => {
    // Nodes are there from the beginning: what opening them says is the rules' word.
    const { id, path } = await create(sandbox, driver, (config) => {
      const node = (name: string, minor: number) => ({ path: name, type: 'c' as const, major: 10, minor });
      if (config.linux) config.linux.devices = [node('/dev/given', 229), node('/dev/never', 237)];
    });
    expectSuccess(await sandbox.tsoci([...driver, 'start', id]));
    const denied = async (...names: string[]) => {
      const script = names.map((name) => `(: <> /dev/${name}) 2>&1`).join('; ');
      const { stdout } = expectSuccess(await sandbox.tsoci(['exec', id, 'sh', '-c', `${script}; true`]));
      return names.filter((name) => new RegExp(`/dev/${name}.*not permitted`).test(stdout));
    };
    let tasks = 50;
    const all = ['given', 'never', 'null'];
    const still = async (expected: readonly string[], when: string) => {
      assert.deepEqual(await denied(...all), expected, when);
      systemctl('daemon-reload');
      // has systemd look at the unit again
      systemctl('set-property', '--runtime', basename(path), `TasksMax=${++tasks}`);
      assert.deepEqual(await denied(...all), expected, `${when}, after daemon-reload`);
    };
    await still(['given', 'never'], 'as configured');
    expectSuccess(await sandbox.tsoci(['update', '--device-add', 'c:10:229:/dev/mine', id]));
    await still(['never'], 'with a device');
  }),
);

testWhere(
  test,
  here,
  why,
  'cgroupsPath names slice, prefix and name; what a unit name cannot have is escaped',
  () =>
    withSandbox(async (sandbox) => {
      const named =
        (cgroupsPath: string): ConfigChange =>
        ({ linux }) => {
          if (linux) linux.cgroupsPath = cgroupsPath;
        };
      const name = `box+${process.pid}`;
      const { path } = await create(sandbox, driver, named(`tsoci-test.slice:pre:${name}`));
      assert.equal(path, `${root}/tsoci.slice/tsoci-test.slice/pre-box\\x2b${process.pid}.scope`);
      assert.ok(existsSync(path));
      const { directory } = sandbox.bundle(['true'], named(`tsoci-test.slice:pre:${name}`));
      const again = await sandbox.tsoci([...driver, 'run', '--bundle', directory, sandbox.id()]);
      expectRefusal(again, /is not empty|has a unit/);
      for (const [bad, message] of [
        ['/plain/path', /not of the form slice:prefix:name/],
        ['system.slice:only', /not of the form slice:prefix:name/],
        ['system:pre:name', /"system" is not the name of a slice/],
        ['a--b.slice:pre:name', /"a--b.slice" is not the name of a slice/],
        [`system.slice:pre:${'x'.repeat(300)}`, /longer than 255/],
      ] as const) {
        const bundle = sandbox.bundle(['true'], named(bad));
        expectRefusal(
          await sandbox.tsoci([...driver, 'run', '--bundle', bundle.directory, sandbox.id()]),
          message,
        );
      }
    }),
);

testWhere(test, here, why, 'run() in a scope hands on the status, and leaves no unit', () =>
  withSandbox(async (sandbox) => {
    const id = sandbox.id();
    const { directory } = sandbox.bundle(['sh', '-c', 'echo hello; exit 7'], limits);
    const result = await sandbox.tsoci([...driver, 'run', '--bundle', directory, id]);
    assert.equal(result.stdout, 'hello\n');
    assert.equal(result.code, 7);
    assert.equal(systemctl('list-units', '--all', '--no-legend', `*${id}*`), '');
  }),
);

testWhere(test, here, why, 'a refused limit leaves neither unit nor process', () =>
  withSandbox(async (sandbox) => {
    const id = sandbox.id();
    const { directory } = sandbox.bundle(['true'], ({ linux }) => {
      if (linux) linux.resources = { cpu: { cpus: '4000' } };
    });
    expectRefusal(
      await sandbox.tsoci([...driver, 'create', '--bundle', directory, id]),
      /linux\.resources\.cpu\.cpus/,
    );
    await until('the unit is gone', () => systemctl('list-units', '--all', '--no-legend', `*${id}*`) === '');
    assert.deepEqual(sandbox.leftovers(), []);
  }),
);

testWhere(test, !here, 'systemd is there', 'without systemd --systemd-cgroup is refused in words', () =>
  withSandbox(async (sandbox) => {
    const { directory } = sandbox.bundle(['true']);
    const result = await sandbox.tsoci([...driver, 'run', '--bundle', directory, sandbox.id()]);
    expectRefusal(result, /cannot connect to the system bus/);
    assert.deepEqual(sandbox.leftovers(), []);
  }),
);

test.run();
