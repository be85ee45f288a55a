/**
 * Every limit of `linux.resources`, as the kernel's own file shows it afterwards: on whatever version this machine
 * has (v1 and hybrid on a host, each of them in test/vm/run --cgroup). What cannot be had here is skipped with the
 * reason, and refused by name.
 */

import { strict as assert } from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { suite } from 'uvu';
import type { Cgroup } from '../../src/cgroup/cgroup.ts';
import { detectCgroups } from '../../src/cgroup/layout/detect-cgroups.ts';
import { newCgroup } from '../../src/cgroup/new-cgroup.ts';
import { findLibexec } from '../../src/entry/libexec.ts';
import { loadNative } from '../../src/entry/load-native.ts';
import { Failure } from '../../src/failure.ts';
import { watchingWait } from '../../src/host/wait.ts';
import type { Resources } from '../../src/spec/config.ts';
import { testWhere } from './support/skip.ts';

const native = loadNative(findLibexec());
const host = { native, wait: watchingWait(native), surroundings: {} };
const layout = detectCgroups(native);
const test = suite(`limits (${layout.mode})`);
const mebibyte = 1024 * 1024;

let count = 0;
const open = (): Cgroup =>
  newCgroup(host, layout, {
    id: `tsoci-test-limits-${process.pid}-${count++}`,
    cgroupsPath: `/tsoci-test-limits-${process.pid}-${count}`,
    manager: 'cgroupfs' as const,
    rootless: false,
  });

async function withCgroup<Result>(work: (cgroup: Cgroup) => Promise<Result>): Promise<Result> {
  const cgroup = open();
  try {
    await cgroup.create();
    return await work(cgroup);
  } finally {
    await cgroup.delete();
  }
}

/** Where a controller is: the container's v1 directory, or the unified one. */
function placeOf({ saved }: Cgroup, v1: string, v2: string): { kind: 'v1' | 'v2'; path: string } | undefined {
  const hierarchy = saved.hierarchies.find(({ controllers }) => controllers.includes(v1));
  if (hierarchy !== undefined) return { kind: 'v1', path: hierarchy.path };
  if (saved.unified === undefined || !layout.unified?.controllers.includes(v2)) return undefined;
  return { kind: 'v2', path: saved.unified.path };
}

/** Control files and what a line of each has to be afterwards. */
type Expected = Readonly<Record<string, string>>;

interface Row {
  readonly field: string;
  readonly resources: Resources;
  /** Names of the controller; the second for v2, when it differs. */
  readonly controller: readonly [string, string?];
  readonly v1: Expected | 'refused';
  readonly v2: Expected | 'refused';
}

/** A block device of our own, with the I/O scheduler that knows weights: none, or why there is none. */
function makeDisk(): { readonly major: number; readonly minor: number; remove(): void } | string {
  const directory = mkdtempSync(join(tmpdir(), 'tsoci-test-limits-'));
  const image = join(directory, 'disk');
  writeFileSync(image, Buffer.alloc(mebibyte));
  // a machine that is thrown away may not have the modules loaded yet
  if (process.env['TSOCI_TEST_VM'] === '1')
    for (const module of ['loop', 'bfq']) spawnSync('modprobe', [module]);
  const { stdout, status, stderr } = spawnSync('losetup', ['--find', '--show', image], { encoding: 'utf8' });
  const remove = () => {
    if (status === 0) spawnSync('losetup', ['--detach', stdout.trim()]);
    rmSync(directory, { recursive: true });
  };
  if (status !== 0) {
    remove();
    return `no loop device: ${stderr?.trim()}`;
  }
  const sys = `/sys/block/${basename(stdout.trim())}`;
  try {
    writeFileSync(`${sys}/queue/scheduler`, 'bfq');
  } catch {
    remove();
    return 'no BFQ scheduler';
  }
  const [major = 0, minor = 0] = readFileSync(`${sys}/dev`, 'utf8').split(':').map(Number);
  return { major, minor, remove };
}

const disk = makeDisk();
const device = typeof disk === 'string' ? { major: 0, minor: 0 } : { major: disk.major, minor: disk.minor };
const numbers = `${device.major}:${device.minor}`;
const rdmaDevice = existsSync('/sys/class/infiniband') ? readdirSync('/sys/class/infiniband')[0] : undefined;

const rows: readonly Row[] = [
  {
    field: 'memory.limit',
    resources: { memory: { limit: 64 * mebibyte } },
    controller: ['memory'],
    v1: { 'memory.limit_in_bytes': '67108864' },
    v2: { 'memory.max': '67108864' },
  },
  {
    field: 'memory.reservation',
    resources: { memory: { reservation: 16 * mebibyte } },
    controller: ['memory'],
    v1: { 'memory.soft_limit_in_bytes': '16777216' },
    v2: { 'memory.low': '16777216' },
  },
  {
    field: 'memory.swap',
    resources: { memory: { limit: 64 * mebibyte, swap: 96 * mebibyte } },
    controller: ['memory'],
    v1: { 'memory.limit_in_bytes': '67108864', 'memory.memsw.limit_in_bytes': '100663296' },
    v2: { 'memory.max': '67108864', 'memory.swap.max': '33554432' },
  },
  {
    field: 'memory.kernelTCP',
    resources: { memory: { kernelTCP: 8 * mebibyte } },
    controller: ['memory'],
    v1: { 'memory.kmem.tcp.limit_in_bytes': '8388608' },
    v2: 'refused',
  },
  {
    field: 'memory.swappiness',
    resources: { memory: { swappiness: 7 } },
    controller: ['memory'],
    v1: { 'memory.swappiness': '7' },
    v2: 'refused',
  },
  {
    field: 'memory.disableOOMKiller',
    resources: { memory: { disableOOMKiller: true } },
    controller: ['memory'],
    v1: { 'memory.oom_control': 'oom_kill_disable 1' },
    v2: 'refused',
  },
  {
    field: 'memory.useHierarchy',
    resources: { memory: { useHierarchy: true } },
    controller: ['memory'],
    v1: { 'memory.use_hierarchy': '1' },
    v2: {},
  },
  {
    field: 'memory.useHierarchy: false',
    resources: { memory: { useHierarchy: false } },
    controller: ['memory'],
    v1: 'refused',
    v2: 'refused',
  },
  {
    field: 'cpu.shares',
    resources: { cpu: { shares: 512 } },
    controller: ['cpu'],
    v1: { 'cpu.shares': '512' },
    v2: { 'cpu.weight': '59' },
  },
  {
    field: 'cpu.quota, period and burst',
    resources: { cpu: { quota: 33333, period: 70000, burst: 5000 } },
    controller: ['cpu'],
    v1: { 'cpu.cfs_quota_us': '33333', 'cpu.cfs_period_us': '70000', 'cpu.cfs_burst_us': '5000' },
    v2: { 'cpu.max': '33333 70000', 'cpu.max.burst': '5000' },
  },
  {
    field: 'cpu.idle',
    resources: { cpu: { idle: 1 } },
    controller: ['cpu'],
    v1: { 'cpu.idle': '1' },
    v2: { 'cpu.idle': '1' },
  },
  {
    field: 'cpu.realtimePeriod and realtimeRuntime',
    resources: { cpu: { realtimePeriod: 500000, realtimeRuntime: 0 } },
    controller: ['cpu'],
    v1: { 'cpu.rt_period_us': '500000' },
    v2: 'refused',
  },
  {
    field: 'cpu.cpus and mems',
    resources: { cpu: { cpus: '0', mems: '0' } },
    controller: ['cpuset'],
    v1: { 'cpuset.cpus': '0', 'cpuset.mems': '0' },
    v2: { 'cpuset.cpus': '0', 'cpuset.mems': '0' },
  },
  {
    field: 'pids.limit',
    resources: { pids: { limit: 44 } },
    controller: ['pids'],
    v1: { 'pids.max': '44' },
    v2: { 'pids.max': '44' },
  },
  {
    field: 'blockIO.weight',
    resources: { blockIO: { weight: 300 } },
    controller: ['blkio', 'io'],
    v1: { 'blkio.bfq.weight': '300' },
    v2: { 'io.bfq.weight': 'default 300' },
  },
  {
    field: 'blockIO.weightDevice',
    resources: { blockIO: { weightDevice: [{ ...device, weight: 400 }] } },
    controller: ['blkio', 'io'],
    v1: { 'blkio.bfq.weight_device': `${numbers} 400` },
    v2: { 'io.bfq.weight': `${numbers} 400` },
  },
  {
    field: 'blockIO.leafWeight',
    resources: { blockIO: { leafWeight: 300, weightDevice: [{ ...device, leafWeight: 400 }] } },
    controller: ['blkio', 'io'],
    v1: { 'blkio.leaf_weight': '300', 'blkio.leaf_weight_device': `${numbers} 400` },
    v2: 'refused',
  },
  {
    field: 'blockIO.throttle*Device',
    resources: {
      blockIO: {
        throttleReadBpsDevice: [{ ...device, rate: 1048576 }],
        throttleWriteBpsDevice: [{ ...device, rate: 2097152 }],
        throttleReadIOPSDevice: [{ ...device, rate: 11 }],
        throttleWriteIOPSDevice: [{ ...device, rate: 12 }],
      },
    },
    controller: ['blkio', 'io'],
    v1: {
      'blkio.throttle.read_bps_device': `${numbers} 1048576`,
      'blkio.throttle.write_bps_device': `${numbers} 2097152`,
      'blkio.throttle.read_iops_device': `${numbers} 11`,
      'blkio.throttle.write_iops_device': `${numbers} 12`,
    },
    v2: { 'io.max': `${numbers} rbps=1048576 wbps=2097152 riops=11 wiops=12` },
  },
  {
    field: 'hugepageLimits',
    resources: { hugepageLimits: [{ pageSize: '2MB', limit: 4 * mebibyte }] },
    controller: ['hugetlb'],
    v1: { 'hugetlb.2MB.limit_in_bytes': '4194304', 'hugetlb.2MB.rsvd.limit_in_bytes': '4194304' },
    v2: { 'hugetlb.2MB.max': '4194304', 'hugetlb.2MB.rsvd.max': '4194304' },
  },
  {
    field: 'network.classID',
    resources: { network: { classID: 0x100001 } },
    controller: ['net_cls'],
    v1: { 'net_cls.classid': '1048577' },
    v2: 'refused',
  },
  {
    field: 'network.priorities',
    resources: { network: { priorities: [{ name: 'lo', priority: 5 }] } },
    controller: ['net_prio'],
    v1: { 'net_prio.ifpriomap': 'lo 5' },
    v2: 'refused',
  },
  {
    field: 'rdma',
    resources: { rdma: { [rdmaDevice ?? 'none']: { hcaHandles: 3, hcaObjects: 10000 } } },
    controller: ['rdma'],
    v1: { 'rdma.max': `${rdmaDevice} hca_handle=3 hca_object=10000` },
    v2: { 'rdma.max': `${rdmaDevice} hca_handle=3 hca_object=10000` },
  },
  {
    field: 'devices',
    resources: { devices: [{ allow: false }, { allow: true, type: 'c', major: 1, minor: 11, access: 'r' }] },
    controller: ['devices', 'pids'],
    v1: { 'devices.list': 'c 1:11 r' },
    // a program: tried by opening devices in cgroup.test and resources.test
    v2: {},
  },
  {
    field: 'unified',
    resources: { unified: { 'memory.high': '33554432', 'memory.min': '1048576' } },
    controller: ['', 'memory'],
    v1: 'refused',
    v2: { 'memory.high': '33554432', 'memory.min': '1048576' },
  },
];

/** What is expected here: contents, a refusal, or a reason why neither can be seen. */
async function expectation({ controller, ...row }: Row): Promise<Expected | 'refused' | { why: string }> {
  const [v1, v2 = v1] = controller;
  return withCgroup(async (cgroup) => {
    const place = placeOf(cgroup, v1, v2);
    if (place === undefined)
      return layout.mode === 'v2' || v1 === '' ? 'refused' : { why: `no ${v1} controller` };
    const expected = row[place.kind];
    if (expected === 'refused') return expected;
    if (place.kind === 'v2' && layout.mode === 'hybrid') return expected;
    const missing = Object.keys(expected).find((file) => !existsSync(join(place.path, file)));
    return missing === undefined ? expected : { why: `this kernel has no ${missing}` };
  });
}

/** What a row needs of the machine besides the files. */
function obstacle({ field }: Row): string | undefined {
  if (field === 'blockIO.weightDevice' || field === 'blockIO.throttle*Device')
    return typeof disk === 'string' ? disk : undefined;
  return field === 'rdma' && rdmaDevice === undefined ? 'no RDMA device' : undefined;
}

for (const row of rows) {
  const hindered = obstacle(row);
  const expected = hindered === undefined ? await expectation(row) : { why: hindered };
  const why = typeof expected === 'object' && 'why' in expected ? String(expected['why']) : undefined;
  const refused = expected === 'refused' || why !== undefined;
  const read = async (cgroup: Cgroup): Promise<void> => {
    await cgroup.apply(row.resources);
    const [v1, v2 = v1] = row.controller;
    const path = placeOf(cgroup, v1, v2)?.path ?? '';
    for (const [file, line] of Object.entries(expected)) {
      const lines = readFileSync(join(path, file), 'utf8').trim().split('\n');
      assert.ok(lines.includes(line), `${file}: ${lines.join(' | ')}, not ${line}`);
    }
  };
  if (expected !== 'refused')
    testWhere(test, why === undefined, why ?? '', `${row.field} stands in the kernel's files`, () =>
      withCgroup(read),
    );
  if (refused)
    test(`${row.field}, which cannot be had here, is refused by its place`, () =>
      withCgroup(async (cgroup) => {
        const error = await cgroup.apply(row.resources).catch((caught: unknown) => caught);
        assert.ok(error instanceof Failure, `${row.field} was taken`);
        assert.match(error.pointer ?? '', /^\/linux\/resources\//);
      }));
}

test('memory.kernel is accepted without effect, and told', () =>
  withCgroup(async (cgroup) => {
    await cgroup.apply({ memory: { kernel: 8 * mebibyte } });
    assert.match(cgroup.warnings.join(), /memory\/kernel is ignored/);
  }));

test('a memory limit below what is in use: refused with checkBeforeUpdate, the kernel’s to answer without', () =>
  withCgroup(async (cgroup) => {
    await cgroup.apply({ memory: { limit: 64 * mebibyte } });
    const entries = [
      ...cgroup.joinPaths(),
      ...(layout.mode === 'v2' ? [`${cgroup.unifiedDirectory()}/cgroup.procs`] : []),
    ];
    const join = entries.map((file) => `echo 0 > '${file}'`).join(' && ');
    const child = spawn('sh', [
      '-c',
      `${join} && head -c 1000000 /dev/zero | tr '\\0' x > /dev/null; echo in; read -r x`,
    ]);
    try {
      await once(child.stdout, 'data');
      const error = await cgroup
        .update({ memory: { limit: 4096, checkBeforeUpdate: true } }, '')
        .catch((caught: unknown) => caught);
      assert.ok(error instanceof Failure);
      assert.match(error.message, /memory\/limit: 4096 bytes, but \d+ are in use already/);
      assert.equal(child.exitCode ?? child.signalCode, null);
      const without = cgroup.update({ memory: { limit: 4096, checkBeforeUpdate: false } }, '');
      if (placeOf(cgroup, 'memory', 'memory')?.kind === 'v1') {
        await assert.rejects(without, /memory\/limit.*already uses more/);
        assert.equal(child.exitCode ?? child.signalCode, null);
      } else {
        // v2 reclaims, and kills when nothing is left to reclaim.
        const ended = once(child, 'close');
        await without;
        await ended;
        assert.equal(child.signalCode, 'SIGKILL');
      }
    } finally {
      if (child.kill('SIGKILL')) await once(child, 'close');
    }
  }));

test.after(() => {
  if (typeof disk !== 'string') disk.remove();
});

test.run();
