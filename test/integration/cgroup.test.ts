/**
 * The cgroup room on the machine's own cgroups, whatever their version: v1 and hybrid on a host, v2 in the virtual
 * machine (test/vm). Only cgroups named tsoci-test-PID-… are made, and removed again.
 */

import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { suite } from 'uvu';
import type { Cgroup, CgroupEntry } from '../../src/cgroup/cgroup.ts';
import { detectCgroups } from '../../src/cgroup/layout/detect-cgroups.ts';
import { newCgroup } from '../../src/cgroup/new-cgroup.ts';
import { openCgroup } from '../../src/cgroup/open-cgroup.ts';
import { findLibexec } from '../../src/entry/libexec.ts';
import { loadNative } from '../../src/entry/load-native.ts';
import { Failure } from '../../src/failure.ts';
import { watchingWait } from '../../src/host/wait.ts';
import type { Resources } from '../../src/spec/config.ts';
import { catches } from './support/processes.ts';
import { until } from './support/wait.ts';

const native = loadNative(findLibexec());
const host = { native, wait: watchingWait(native), surroundings: {} };
const layout = detectCgroups(native);
const v2 = layout.mode === 'v2';
const test = suite(`cgroup (${layout.mode})`);

let count = 0;
const cgroups: Cgroup[] = [];
const children: ChildProcess[] = [];

function open(path?: string): Cgroup {
  const id = `tsoci-test-${process.pid}-${count++}`;
  const request = { id, cgroupsPath: path ?? `/${id}`, manager: 'cgroupfs' as const, rootless: false };
  const cgroup = newCgroup(host, layout, request);
  cgroups.push(cgroup);
  return cgroup;
}

async function made(resources?: Resources): Promise<Cgroup> {
  const cgroup = open();
  await cgroup.create();
  await cgroup.apply(resources);
  return cgroup;
}

/** All directories of a cgroup. */
function directories({ saved }: Cgroup): string[] {
  const paths = saved.hierarchies.map(({ path }) => path);
  return saved.unified === undefined ? paths : [...paths, saved.unified.path];
}

function directory(cgroup: Cgroup, controller: string): string {
  const found = cgroup.saved.hierarchies.find(({ controllers }) => controllers.includes(controller))?.path;
  const path = found ?? cgroup.saved.unified?.path;
  assert.ok(path);
  return path;
}

/** Content of the file that the running version uses. */
function read(cgroup: Cgroup, controller: string, v1: string, unified: string): string {
  return readFileSync(`${directory(cgroup, controller)}/${v2 ? unified : v1}`, 'utf8').trim();
}

/** Starts a shell that enters a cgroup by itself and then runs `script`. */
function enter(entry: CgroupEntry, script: string): ChildProcess & { output: () => string } {
  const files = entry.joinPaths();
  const unified = entry.unifiedDirectory();
  if (unified !== undefined) files.push(`${unified}/cgroup.procs`);
  const join = files.map((file) => `echo 0 > '${file}'`).join(' && ');
  const child = spawn('/bin/sh', ['-c', `${join} && echo in && { ${script}\n}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  child.stderr.on('data', (data) => {
    output += data;
  });
  return Object.assign(child, { output: () => output });
}

const ended = (child: ChildProcess) =>
  new Promise<number | string>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null)
      resolve(child.exitCode ?? child.signalCode ?? '');
    child.once('exit', (code, signal) => resolve(code ?? signal ?? ''));
  });

async function sleeper(entry: CgroupEntry, script = 'exec sleep 300') {
  const child = enter(entry, script);
  await until('the child is in', () => child.output().startsWith('in'));
  return child;
}

test.after.each(async () => {
  for (const cgroup of cgroups.splice(0)) {
    await cgroup.killAll(9).catch(() => undefined);
    await cgroup.delete();
    for (const path of directories(cgroup)) assert.ok(!existsSync(path), `${path} is left`);
  }
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
});

test('create() makes every directory, delete() removes every one', async () => {
  const cgroup = await made();
  const paths = directories(cgroup);
  assert.ok(paths.length >= 1);
  for (const path of paths) assert.ok(existsSync(path), path);
  await cgroup.delete();
  for (const path of paths) assert.ok(!existsSync(path), path);
  await cgroup.delete();
});

test('create() makes missing parents, undoCreate() takes exactly those back', async () => {
  const parent = `tsoci-test-${process.pid}-parent`;
  const cgroup = open(`/${parent}/a/b`);
  await cgroup.create();
  assert.deepEqual(cgroup.undoCreate(), []);
  for (const path of directories(cgroup)) {
    assert.ok(!existsSync(path));
    assert.ok(!existsSync(path.slice(0, -'/a/b'.length)), 'the parent is gone too');
  }
});

test('create() refuses a cgroup with processes', async () => {
  const first = await made();
  const child = await sleeper(first);
  const path = `/${directory(first, 'memory').split('/').at(-1)}`;
  const second = newCgroup(host, layout, {
    id: 'x',
    cgroupsPath: path,
    manager: 'cgroupfs' as const,
    rootless: false,
  });
  await assert.rejects(second.create(), (error) => error instanceof Failure && error.code === 'status');
  assert.ok(existsSync(directory(first, 'memory')));
  child.kill('SIGKILL');
  await ended(child);
});

test('apply() puts limits in force before anybody enters', async () => {
  const cgroup = await made({
    memory: { limit: 67108864, reservation: 33554432, swap: 134217728 },
    cpu: { shares: 512, quota: 50000, period: 200000, burst: 10000, cpus: '0', mems: '0' },
    pids: { limit: 20 },
  });
  assert.equal(read(cgroup, 'memory', 'memory.limit_in_bytes', 'memory.max'), '67108864');
  assert.equal(read(cgroup, 'memory', 'memory.soft_limit_in_bytes', 'memory.low'), '33554432');
  assert.equal(
    read(cgroup, 'memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max'),
    v2 ? '67108864' : '134217728',
  );
  assert.equal(read(cgroup, 'cpu', 'cpu.shares', 'cpu.weight'), v2 ? '59' : '512');
  if (v2) {
    assert.equal(read(cgroup, 'cpu', '', 'cpu.max'), '50000 200000');
  } else {
    assert.equal(read(cgroup, 'cpu', 'cpu.cfs_quota_us', ''), '50000');
    assert.equal(read(cgroup, 'cpu', 'cpu.cfs_period_us', ''), '200000');
  }
  assert.equal(read(cgroup, 'cpu', 'cpu.cfs_burst_us', 'cpu.max.burst'), '10000');
  assert.equal(read(cgroup, 'cpuset', 'cpuset.cpus', 'cpuset.cpus'), '0');
  assert.equal(read(cgroup, 'pids', 'pids.max', 'pids.max'), '20');
  const { memory, pids } = cgroup.statistics();
  assert.equal(memory?.usage.limit, 67108864);
  assert.equal(memory?.swap?.limit, 134217728);
  assert.equal(pids?.limit, 20);
  assert.equal(pids?.current, 0);
});

test('a limit of 0 processes lets nobody fork', async () => {
  const cgroup = await made({ pids: { limit: 0 } });
  const child = enter(cgroup, '(true) || echo refused');
  await ended(child);
  assert.match(child.output(), /in\n/);
  assert.match(child.output(), /fork|refused/i);
});

test('apply() names the place of a refused value, and undoes create()', async () => {
  const cgroup = open();
  await cgroup.create();
  const paths = directories(cgroup);
  const error = await cgroup.apply({ cpu: { cpus: '0-4095' } }).catch((caught: unknown) => caught);
  assert.ok(error instanceof Failure);
  assert.equal(error.pointer, '/linux/resources/cpu/cpus');
  assert.match(error.message, /0-4095.*cpuset\.cpus/);
  assert.deepEqual(error.cleanup, []);
  for (const path of paths) assert.ok(!existsSync(path), path);
});

test('update() raises and lowers, and puts everything back when one value is refused', async () => {
  const cgroup = await made({
    memory: { limit: 67108864, swap: 67108864 },
    cpu: { quota: 20000, period: 100000, burst: 5000 },
    pids: { limit: 5 },
  });
  await cgroup.update({ memory: { limit: 134217728, swap: 134217728 } }, '');
  assert.equal(cgroup.statistics().memory?.usage.limit, 134217728);
  await cgroup.update({ memory: { limit: 33554432, swap: 67108864 } }, '');
  assert.equal(cgroup.statistics().memory?.usage.limit, 33554432);
  assert.equal(cgroup.statistics().memory?.swap?.limit, 67108864);
  await cgroup.update({ cpu: { quota: 3000, period: 10000, burst: 1000 } }, '');
  assert.equal(read(cgroup, 'cpu', 'cpu.cfs_quota_us', 'cpu.max'), v2 ? '3000 10000' : '3000');
  const before = cgroup.statistics();
  const error = await cgroup
    .update(
      { cpu: { quota: 5000, burst: 2000, shares: 77, cpus: '0-4095' }, memory: { limit: 16777216 } },
      '',
    )
    .catch((caught: unknown) => caught);
  assert.ok(error instanceof Failure);
  assert.equal(error.pointer, '/cpu/cpus');
  assert.deepEqual(error.cleanup, []);
  assert.equal(read(cgroup, 'cpu', 'cpu.cfs_quota_us', 'cpu.max'), v2 ? '3000 10000' : '3000');
  assert.equal(read(cgroup, 'cpu', 'cpu.cfs_burst_us', 'cpu.max.burst'), '1000');
  assert.equal(read(cgroup, 'cpu', 'cpu.shares', 'cpu.weight'), v2 ? '100' : '1024');
  assert.equal(cgroup.statistics().memory?.usage.limit, before.memory?.usage.limit);
  await cgroup.update({ memory: { limit: -1 } }, '');
  assert.equal(cgroup.statistics().memory?.usage.limit, undefined);
  assert.equal(cgroup.statistics().memory?.swap?.limit, undefined);
});

test('processes() lists the whole tree, statistics() counts it', async () => {
  const cgroup = await made();
  const child = await sleeper(cgroup, 'sleep 300 & exec sleep 300');
  await until('both are in', () => cgroup.processes().length === 2);
  const pids = cgroup.processes();
  assert.ok(pids.includes(child.pid ?? 0));
  assert.equal(pids.length, 2);
  assert.equal(cgroup.statistics().pids?.current, 2);
  const busy = await sleeper(cgroup, 'while :; do x=$(cat /proc/self/maps); done');
  // the kernel adds small amounts up before it shows them
  await until('CPU time shows', () => (cgroup.statistics().cpu?.total ?? 0) > 0);
  await until('memory shows', () => (cgroup.statistics().memory?.usage.usage ?? 0) > 0);
  busy.kill('SIGKILL');
});

test('freeze() stops everything, thaw() lets it go on', async () => {
  const cgroup = await made();
  const child = await sleeper(cgroup, 'while :; do echo x; sleep 0.01; done');
  assert.equal(cgroup.frozen(), false);
  await cgroup.freeze();
  assert.equal(cgroup.frozen(), true);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const length = child.output().length;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(child.output().length, length, 'it went on while frozen');
  await cgroup.thaw();
  assert.equal(cgroup.frozen(), false);
  await until('it goes on', () => child.output().length > length);
});

test('killAll() ends every process, frozen ones and forking ones too, and delete() waits for them', async () => {
  const cgroup = await made({ pids: { limit: 200 } });
  const forking = await sleeper(cgroup, 'f() { while :; do (sleep 0.01) & done; }; f 2>/dev/null');
  await until('it forks', () => cgroup.processes().length > 5);
  await cgroup.freeze();
  await cgroup.killAll(9);
  await cgroup.delete();
  assert.equal(await ended(forking), 'SIGKILL');
  for (const path of directories(cgroup)) assert.ok(!existsSync(path));
});

test('killAll() with another signal reaches everybody and leaves a frozen cgroup frozen', async () => {
  const cgroup = await made();
  const child = await sleeper(cgroup, "trap 'echo got; exit 7' TERM; while :; do sleep 0.05; done");
  await until('it has its trap', () => catches(child.pid ?? 0, constants.signals.SIGTERM));
  await cgroup.freeze();
  await cgroup.killAll(15);
  assert.equal(cgroup.frozen(), true);
  assert.doesNotMatch(child.output(), /got/);
  await cgroup.thaw();
  assert.equal(await ended(child), 7);
  assert.match(child.output(), /got/);
});

test('delete() says who is still there', async () => {
  const cgroup = await made();
  const child = await sleeper(cgroup);
  const error = await cgroup.delete().catch((caught: unknown) => caught);
  assert.ok(error instanceof Failure);
  assert.match(error.message, new RegExp(`${child.pid}`));
});

test('delete() removes sub-cgroups that the container made', async () => {
  const cgroup = await made();
  for (const path of directories(cgroup)) {
    mkdirSync(`${path}/inner`);
    mkdirSync(`${path}/inner/deeper`);
  }
  await cgroup.delete();
  for (const path of directories(cgroup)) assert.ok(!existsSync(path));
});

test('device rules: what is not allowed cannot be opened', async () => {
  const tty = { allow: true, type: 'c', major: 1, minor: 11, access: 'r' } as const;
  const cgroup = await made({ devices: [{ allow: false, access: 'rwm' }, tty] });
  const node = `/tmp/tsoci-test-${process.pid}`;
  const script = [
    `mkdir ${node} && cd ${node} && trap 'rm -r ${node}' EXIT`,
    'mknod mem c 1 1 && mknod zero c 1 5 && mknod kmsg c 1 11',
    '(: < /dev/null) && echo null-read',
    '(: > /dev/null) && echo null-write',
    '(: < zero) && echo zero-read',
    '(: < mem) && echo mem-read',
    '(: < kmsg) && echo kmsg-read',
    '(: > kmsg) && echo kmsg-write',
    '(: <> kmsg) && echo kmsg-both',
    'echo done',
  ].join('; ');
  const child = enter(cgroup, script);
  await ended(child);
  const said = child.output().split('\n');
  const answers = ['null-read', 'null-write', 'zero-read', 'kmsg-read', 'done'];
  assert.deepEqual(
    [
      'null-read',
      'null-write',
      'zero-read',
      'mem-read',
      'kmsg-read',
      'kmsg-write',
      'kmsg-both',
      'done',
    ].filter((word) => said.includes(word)),
    answers,
    child.output(),
  );
});

test('device rules can be changed while the container runs, and come back when the update fails', async () => {
  const kmsg = { type: 'c', major: 1, minor: 11, access: 'r' } as const;
  const cgroup = await made({ devices: [{ allow: false }] });
  const opens = async () => {
    const child = enter(cgroup, '(: < /dev/null) && echo null; (: < /dev/kmsg) && echo kmsg; true');
    await ended(child);
    return child
      .output()
      .split('\n')
      .filter((line) => line === 'null' || line === 'kmsg');
  };
  assert.deepEqual(await opens(), ['null']);
  await cgroup.update({ devices: [{ allow: false }, { allow: true, ...kmsg }] }, '');
  assert.deepEqual(await opens(), ['null', 'kmsg']);
  await assert.rejects(cgroup.update({ devices: [{ allow: false }], cpu: { cpus: '0-4095' } }, ''));
  assert.deepEqual(await opens(), ['null', 'kmsg']);
  await cgroup.update({ devices: [{ allow: false }] }, '');
  assert.deepEqual(await opens(), ['null']);
  await cgroup.update({ devices: [{ allow: true }] }, '');
  assert.deepEqual(await opens(), ['null', 'kmsg']);
});

test('openCgroup() opens the same cgroup from JSON', async () => {
  const cgroup = await made({ pids: { limit: 7 } });
  const again = openCgroup(host, JSON.parse(JSON.stringify(cgroup.saved)));
  assert.equal(again.statistics().pids?.limit, 7);
  assert.deepEqual(again.joinPaths(), cgroup.joinPaths());
  assert.equal(again.unifiedDirectory(), cgroup.unifiedDirectory());
  await again.delete();
});

test('sub() enters a sub-cgroup, and placeOf() finds it again', async () => {
  const cgroup = await made();
  for (const path of directories(cgroup)) {
    mkdirSync(`${path}/workers`);
    if (v2 || !path.includes('/cpuset/')) continue;
    for (const file of ['cpuset.cpus', 'cpuset.mems'])
      writeFileSync(`${path}/workers/${file}`, readFileSync(`${path}/${file}`));
  }
  assert.throws(
    () => cgroup.sub({ '': 'absent' }),
    (error) => error instanceof Failure && error.code === 'not-found',
  );
  assert.throws(
    () => cgroup.sub({ '': '../x' }),
    (error) => error instanceof Failure && error.code === 'invalid',
  );
  assert.throws(() => cgroup.sub({ nonsense: 'workers' }), Failure);
  const entry = cgroup.sub({ '': 'workers' });
  const child = await sleeper(entry);
  const place = cgroup.placeOf(child.pid ?? 0);
  assert.deepEqual(place.joinPaths(), entry.joinPaths());
  assert.equal(place.unifiedDirectory(), entry.unifiedDirectory());
  assert.deepEqual(cgroup.processes(), [child.pid]);
});

test('a memory hog is killed alone', async () => {
  const cgroup = await made({ memory: { limit: 16777216, swap: 16777216 } });
  const neighbour = await made();
  const sleeping = await sleeper(neighbour);
  const hog = enter(cgroup, 'exec tail /dev/zero');
  assert.equal(await ended(hog), 'SIGKILL');
  assert.ok((cgroup.statistics().memory?.oomKills ?? 0) >= 1);
  assert.equal(sleeping.exitCode, null);
});

test('a CPU quota throttles', async () => {
  const cgroup = await made({ cpu: { quota: 5000, period: 50000 } });
  const child = enter(cgroup, 'i=0; while [ $i -lt 2000000 ]; do i=$((i+1)); done');
  await until('it is throttled', () => {
    const { throttledPeriods = 0, throttledTime = 0 } = cgroup.statistics().cpu ?? {};
    return throttledPeriods > 2 && throttledTime > 0;
  });
  child.kill('SIGKILL');
});

test('a relative path, and none, start at our own cgroup (v2: beside it)', async () => {
  for (const path of ['', `tsoci-test-${process.pid}-relative/x`]) {
    const cgroup = open(path);
    await cgroup.create();
    for (const each of layout.hierarchies) {
      const saved = cgroup.saved.hierarchies.find(({ path: own }) => own.startsWith(`${each.mount}/`));
      assert.ok(
        saved?.path.startsWith(`${each.mount}${each.own === '/' ? '' : each.own}/tsoci-test-`),
        saved?.path,
      );
    }
    await cgroup.delete();
    for (const directory of directories(cgroup)) {
      const parent = directory.slice(0, directory.lastIndexOf('/'));
      if (parent.endsWith('-relative') && readdirSync(parent).length > 0) rmdirSync(parent);
    }
  }
});

test('blockIO limits reach the kernel in its own format', async () => {
  const device = readFileSync('/proc/partitions', 'utf8').match(
    /^\s*(\d+)\s+(\d+)\s+\d+\s+(?:vd|sd|nvme\d+n)[a-z0-9]\s*$/m,
  );
  assert.ok(device, 'this machine has a disk');
  const [major, minor] = [Number(device[1]), Number(device[2])];
  // a kernel that was just booted may not have a scheduler with weights yet
  if (process.env['TSOCI_TEST_VM'] === '1') spawnSync('modprobe', ['bfq']);
  const cgroup = await made({
    blockIO: {
      weight: 200,
      throttleReadBpsDevice: [{ major, minor, rate: 1048576 }],
      throttleWriteIOPSDevice: [{ major, minor, rate: 20 }],
    },
  });
  if (v2) {
    assert.equal(
      read(cgroup, '', '', 'io.max'),
      `${major}:${minor} rbps=1048576 wbps=max riops=max wiops=20`,
    );
    // with the BFQ scheduler's module loaded its own file is preferred
    if (existsSync(`${directory(cgroup, '')}/io.bfq.weight`))
      assert.equal(read(cgroup, '', '', 'io.bfq.weight'), 'default 200');
    else assert.equal(read(cgroup, '', '', 'io.weight'), 'default 1920');
  } else {
    assert.equal(read(cgroup, 'blkio', 'blkio.throttle.read_bps_device', ''), `${major}:${minor} 1048576`);
    assert.equal(read(cgroup, 'blkio', 'blkio.throttle.write_iops_device', ''), `${major}:${minor} 20`);
    assert.equal(read(cgroup, 'blkio', 'blkio.bfq.weight', ''), '200');
  }
  const error = await cgroup
    .update({ blockIO: { throttleReadBpsDevice: [{ major: 4000, minor: 1, rate: 1 }] } }, '')
    .catch((caught: unknown) => caught);
  assert.ok(error instanceof Failure);
  assert.match(error.message, /no such block device/);
});

test('rootless: no permission is a warning, unless a limit needs it', async () => {
  const rootless = () => {
    const id = `tsoci-test-${process.pid}-${count++}`;
    return newCgroup(host, layout, {
      id,
      cgroupsPath: `/${id}`,
      manager: 'cgroupfs' as const,
      rootless: true,
    });
  };
  const denied = open();
  const [free, limited] = [rootless(), rootless()];
  process.seteuid?.(65534);
  try {
    const error = await denied.create().catch((caught: unknown) => caught);
    assert.ok(error instanceof Failure && error.errno === 'EACCES');
    await free.create();
    await free.apply({ devices: [{ allow: false, access: 'rwm' }] });
    assert.deepEqual([free.joinPaths(), free.unifiedDirectory()], [[], undefined]);
    assert.ok(free.warnings.length > 0);
    await limited.create();
    const refused = await limited.apply({ memory: { limit: 1048576 } }).catch((caught: unknown) => caught);
    assert.ok(refused instanceof Failure && refused.pointer === '/linux/resources/memory/limit');
  } finally {
    process.seteuid?.(0);
  }
});

if (v2) {
  test('v2: huge pages, raw files, and swap as a difference', async () => {
    const cgroup = await made({
      hugepageLimits: [{ pageSize: '2MB', limit: 4194304 }],
      memory: { limit: 67108864 },
      unified: { 'memory.high': '33554432', 'io.max': '254:0 rbps=1048576\n254:0 wiops=7' },
    });
    const file = (name: string) => readFileSync(`${cgroup.unifiedDirectory()}/${name}`, 'utf8').trim();
    assert.equal(file('hugetlb.2MB.max'), '4194304');
    assert.equal(file('hugetlb.2MB.rsvd.max'), '4194304');
    assert.equal(file('memory.high'), '33554432');
    assert.equal(file('io.max'), '254:0 rbps=1048576 wbps=max riops=max wiops=7');
    assert.equal(cgroup.statistics().hugepages?.['2MB']?.limit, 4194304);
    assert.ok(cgroup.statistics().memory?.pressure?.some);
    await cgroup.update({ memory: { swap: 100663296 } }, '');
    assert.equal(file('memory.swap.max'), '33554432');
  });

  test('v2: device rules stay one program, replaced in place', async () => {
    const cgroup = await made({ devices: [{ allow: false }] });
    const programs = () => {
      const directory = native.open(cgroup.unifiedDirectory() ?? '', 0o200000, 0);
      const found = native.attachedDevicePrograms(directory);
      for (const descriptor of [directory, ...found]) native.close(descriptor);
      return found.length;
    };
    assert.equal(programs(), 1);
    const before = readdirSync('/proc/self/fd').length;
    for (let round = 0; round < 3; round++) await cgroup.update({ devices: [{ allow: round === 1 }] }, '');
    await assert.rejects(cgroup.update({ devices: [{ allow: true }], cpu: { cpus: '0-4095' } }, ''));
    assert.equal(programs(), 1);
    assert.equal(readdirSync('/proc/self/fd').length, before);
  });

  test('v2: a container that moved everybody down is entered where its process is', async () => {
    const cgroup = await made();
    const directory = cgroup.unifiedDirectory() ?? '';
    mkdirSync(`${directory}/init`);
    const child = await sleeper(cgroup.sub({ '': 'init' }));
    writeFileSync(`${directory}/cgroup.subtree_control`, '+memory');
    const outside = enter(cgroup, 'true');
    assert.notEqual(await ended(outside), 0, 'the cgroup itself takes nobody any more');
    const inside = await sleeper(cgroup.placeOf(child.pid ?? 0));
    assert.deepEqual(cgroup.processes(), [child.pid, inside.pid].sort());
  });

  test('v2: giveTo() hands over what is safe to delegate, and no limits', async () => {
    const cgroup = await made();
    cgroup.giveTo(1234);
    const directory = cgroup.unifiedDirectory() ?? '';
    for (const name of ['', '/cgroup.procs', '/cgroup.subtree_control', '/cgroup.threads'])
      assert.equal(statSync(`${directory}${name}`).uid, 1234, name);
    for (const name of ['/memory.max', '/pids.max', '/cgroup.freeze'])
      assert.equal(statSync(`${directory}${name}`).uid, 0, name);
  });
}

test.run();
