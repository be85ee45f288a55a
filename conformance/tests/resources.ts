/** config-linux.md: the limits of control groups. */
import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Box } from '../support/box.ts';
import { cgroupOf, hierarchyOf, isUnified, readControl } from '../support/cgroups.ts';
import type { MutableConfig } from '../support/config.ts';
import type { Container } from '../support/container.ts';
import { directoryOf } from '../support/directory-of.ts';
import { type ConformanceTest, test } from '../support/test.ts';

type Resources = NonNullable<NonNullable<MutableConfig['linux']>['resources']>;

/** A container with these limits. */
async function limited(box: Box, resources: Resources): Promise<Container> {
  return box.running((config) => {
    config.linux.resources = resources;
  });
}

/** What a limit is called on v1 and on v2, and the text that the kernel then has. */
interface LimitRow {
  readonly resources: Resources;
  readonly controller: string;
  readonly v1?: Readonly<Record<string, string | RegExp>>;
  readonly v2?: Readonly<Record<string, string | RegExp>>;
}

const mebibyte = 1024 * 1024;

const rows: Readonly<Record<string, LimitRow>> = {
  'memory.limit': {
    resources: { memory: { limit: 64 * mebibyte } },
    controller: 'memory',
    v1: { 'memory.limit_in_bytes': '67108864' },
    v2: { 'memory.max': '67108864' },
  },
  'memory.unlimited': {
    resources: { memory: { limit: -1 } },
    controller: 'memory',
    v1: { 'memory.limit_in_bytes': /^9223372036854771712$/ },
    v2: { 'memory.max': 'max' },
  },
  'memory.reservation': {
    resources: { memory: { reservation: 32 * mebibyte } },
    controller: 'memory',
    v1: { 'memory.soft_limit_in_bytes': '33554432' },
    v2: { 'memory.low': '33554432' },
  },
  'memory.swap': {
    resources: { memory: { limit: 64 * mebibyte, swap: 96 * mebibyte } },
    controller: 'memory',
    v1: { 'memory.memsw.limit_in_bytes': '100663296' },
    v2: { 'memory.swap.max': '33554432' },
  },
  'memory.swappiness': {
    resources: { memory: { swappiness: 17 } },
    controller: 'memory',
    v1: { 'memory.swappiness': '17' },
  },
  'memory.disable-oom-killer': {
    resources: { memory: { limit: 64 * mebibyte, disableOOMKiller: true } },
    controller: 'memory',
    v1: { 'memory.oom_control': /oom_kill_disable 1/ },
  },
  'memory.kernel-tcp': {
    resources: { memory: { kernelTCP: 16 * mebibyte } },
    controller: 'memory',
    v1: { 'memory.kmem.tcp.limit_in_bytes': '16777216' },
  },
  'cpu.shares': {
    resources: { cpu: { shares: 512 } },
    controller: 'cpu',
    v1: { 'cpu.shares': '512' },
    // 1 + (512 - 2) · 9999 / 262142, or the curve that keeps 1024 at 100.
    v2: { 'cpu.weight': /^(?:20|5\d)$/ },
  },
  'cpu.quota': {
    resources: { cpu: { quota: 40_000, period: 80_000 } },
    controller: 'cpu',
    v1: { 'cpu.cfs_quota_us': '40000', 'cpu.cfs_period_us': '80000' },
    v2: { 'cpu.max': '40000 80000' },
  },
  'cpu.burst': {
    resources: { cpu: { quota: 40_000, period: 80_000, burst: 20_000 } },
    controller: 'cpu',
    v1: { 'cpu.cfs_burst_us': '20000' },
    v2: { 'cpu.max.burst': '20000' },
  },
  'cpu.realtime': {
    resources: { cpu: { realtimeRuntime: 4000, realtimePeriod: 900_000 } },
    controller: 'cpu',
    v1: { 'cpu.rt_runtime_us': '4000', 'cpu.rt_period_us': '900000' },
  },
  'cpu.cpus': {
    resources: { cpu: { cpus: '0', mems: '0' } },
    controller: 'cpuset',
    v1: { 'cpuset.cpus': '0', 'cpuset.mems': '0' },
    v2: { 'cpuset.cpus': '0', 'cpuset.mems': '0' },
  },
  'cpu.idle': {
    resources: { cpu: { idle: 1 } },
    controller: 'cpu',
    v1: { 'cpu.idle': '1' },
    v2: { 'cpu.idle': '1' },
  },
  'pids.limit': {
    resources: { pids: { limit: 23 } },
    controller: 'pids',
    v1: { 'pids.max': '23' },
    v2: { 'pids.max': '23' },
  },
  'pids.unlimited': {
    resources: { pids: { limit: -1 } },
    controller: 'pids',
    v1: { 'pids.max': 'max' },
    v2: { 'pids.max': 'max' },
  },
  'pids.zero': {
    resources: { pids: { limit: 0 } },
    controller: 'pids',
    v1: { 'pids.max': '0' },
    v2: { 'pids.max': '0' },
  },
};

function limitTest(name: string, row: LimitRow): ConformanceTest {
  return test(`resources.${name}`, async (box) => {
    const files =
      (isUnified() ? row.v2 : row.v1) ?? box.skip(`cgroup ${isUnified() ? 'v2' : 'v1'} has no such limit`);
    // Asked of a plain container first: not every kernel has every file.
    const plain = await box.running();
    const directory = directoryOf(box, plain, row.controller);
    for (const file of Object.keys(files)) {
      if (!existsSync(join(directory, file))) box.skip(`this kernel has no ${file}`);
    }
    const container = await limited(box, row.resources);
    const found = directoryOf(box, container, row.controller);
    for (const [file, expected] of Object.entries(files)) {
      const value = readControl(found, file);
      if (typeof expected === 'string') assert.equal(value, expected, file);
      else assert.match(value, expected, file);
    }
  });
}

/** Major and minor number of a whole block device that the kernel takes limits for. */
function blockDevice(box: Box): { major: number; minor: number } {
  for (const name of readdirSync('/sys/block')) {
    if (/^(?:loop|ram|zram|sr)/.test(name)) continue;
    const [major, minor] = readFileSync(`/sys/block/${name}/dev`, 'utf8').trim().split(':').map(Number);
    if (major !== undefined && minor !== undefined) return { major, minor };
  }
  return box.skip('no block device');
}

/** Where huge pages are limited: in a hierarchy of v1, or in the cgroup2 mount of a hybrid machine. */
function hugePagesOf(container: Container): string | undefined {
  const directory = cgroupOf(container.pid, 'hugetlb');
  if (directory !== undefined || isUnified()) return directory;
  const path = /^0::(.*)$/m.exec(readFileSync(`/proc/${container.pid}/cgroup`, 'utf8'))?.[1] ?? '';
  const unified = hierarchyOf('');
  return unified !== undefined && existsSync(join(unified, path)) ? join(unified, path) : undefined;
}

const throttles = [
  ['throttleReadBpsDevice', 'blkio.throttle.read_bps_device', 'rbps'],
  ['throttleWriteBpsDevice', 'blkio.throttle.write_bps_device', 'wbps'],
  ['throttleReadIOPSDevice', 'blkio.throttle.read_iops_device', 'riops'],
  ['throttleWriteIOPSDevice', 'blkio.throttle.write_iops_device', 'wiops'],
] as const;

function throttleTest([field, v1, v2]: (typeof throttles)[number]): ConformanceTest {
  return test(`resources.block-io.${field}`, async (box) => {
    const device = blockDevice(box);
    const container = await limited(box, { blockIO: { [field]: [{ ...device, rate: 654_321 }] } });
    const directory = directoryOf(box, container, 'blkio');
    const { major, minor } = device;
    if (isUnified())
      assert.match(readControl(directory, 'io.max'), new RegExp(`^${major}:${minor} .*${v2}=654321`, 'm'));
    else assert.equal(readControl(directory, v1), `${major}:${minor} 654321`);
  });
}

export const resourceTests: readonly ConformanceTest[] = [
  ...Object.entries(rows).map(([name, row]) => limitTest(name, row)),
  ...throttles.map(throttleTest),

  test('resources.memory.check-before-update', async (box) => {
    if (!isUnified()) box.skip('on cgroup v1 the kernel checks');
    await box.refused('a limit below what is used', (config) => {
      config.linux.resources = { memory: { limit: 4096, checkBeforeUpdate: true } };
    });
  }),

  test('resources.memory.kernel', async (box) => {
    // Linux 6.1 and newer ignore it; older ones had it. What is wanted here is that nothing breaks.
    assert.equal(
      await box.script('echo ok', (config) => {
        config.linux.resources = { memory: { limit: 128 * mebibyte, kernel: -1, kernelTCP: -1 } };
      }),
      'ok\n',
    );
  }),

  test('resources.cpu.burst-above-quota', async (box) => {
    const container = box.container(['true'], (config) => {
      config.linux.resources = { cpu: { quota: 20_000, period: 100_000, burst: 30_000 } };
    });
    const { code } = await container.tryCreate();
    assert.notEqual(code, 0, 'a burst above the quota was accepted');
  }),

  test('resources.block-io.weight', async (box) => {
    const plain = await box.running();
    const directory = directoryOf(box, plain, 'blkio');
    const file =
      ['blkio.bfq.weight', 'blkio.weight', 'io.bfq.weight', 'io.weight'].find((name) =>
        existsSync(join(directory, name)),
      ) ?? box.skip('no I/O scheduler with weights');
    const container = await limited(box, { blockIO: { weight: 321 } });
    assert.match(readControl(directoryOf(box, container, 'blkio'), file), /\b(?:321|3\d{3})\b/);
  }),

  test('resources.block-io.weight-device-empty', async (box) => {
    const device = blockDevice(box);
    const container = box.container(['true'], (config) => {
      config.linux.resources = { blockIO: { weightDevice: [device] } };
    });
    assert.notEqual((await container.tryCreate()).code, 0, 'an entry without any weight was accepted');
  }),

  test('resources.block-io.required-fields', async (box) => {
    for (const field of throttles.map(([name]) => name)) {
      await box.refused(`${field} of a device whose minor number is text`, (config) => {
        config.linux.resources = { blockIO: { [field]: [{ major: 8, minor: 'x' }] } as never };
      });
    }
  }),

  test('resources.huge-pages', async (box) => {
    const plain = await box.running();
    const directory = hugePagesOf(plain) ?? box.skip('no hugetlb controller for containers');
    const names = readdirSync(directory);
    const size =
      ['2MB', '1GB'].find((each) => names.some((name) => name.startsWith(`hugetlb.${each}.`))) ??
      box.skip('no size of huge pages');
    const container = await limited(box, { hugepageLimits: [{ pageSize: size, limit: 64 * mebibyte }] });
    const own = directory.replace(plain.id, container.id);
    const files = ['rsvd.max', 'max', 'rsvd.limit_in_bytes', 'limit_in_bytes'].map(
      (name) => `hugetlb.${size}.${name}`,
    );
    const file = files.find((name) => existsSync(join(own, name))) ?? box.skip('no file for the limit');
    assert.equal(readControl(own, file), String(64 * mebibyte));
  }),

  test('resources.huge-pages-wrong', async (box) => {
    await box.refused('an unknown page size', (config) => {
      config.linux.resources = { hugepageLimits: [{ pageSize: '3MB', limit: 4096 }] };
    });
    await box.refused('a page size without unit', (config) => {
      config.linux.resources = { hugepageLimits: [{ pageSize: 'big', limit: 4096 }] };
    });
  }),

  test('resources.network', async (box) => {
    if (hierarchyOf('net_cls') === undefined || hierarchyOf('net_prio') === undefined)
      box.skip('no net_cls and net_prio on this machine');
    const container = await limited(box, {
      network: { classID: 1_048_577, priorities: [{ name: 'lo', priority: 500 }] },
    });
    assert.equal(readControl(directoryOf(box, container, 'net_cls'), 'net_cls.classid'), '1048577');
    assert.match(readControl(directoryOf(box, container, 'net_prio'), 'net_prio.ifpriomap'), /lo 500/);
  }),

  test('resources.network-required-fields', async (box) => {
    await box.refused('a priority of an interface whose name is a number', (config) => {
      config.linux.resources = { network: { priorities: [{ name: 7, priority: 1 } as never] } };
    });
    await box.refused('a priority that is text', (config) => {
      config.linux.resources = { network: { priorities: [{ name: 'lo', priority: 'x' } as never] } };
    });
  }),

  test('resources.rdma', async (box) => {
    if (!existsSync('/sys/class/infiniband')) box.skip('no RDMA device on this machine');
    const name = readdirSync('/sys/class/infiniband')[0] ?? box.skip('no RDMA device on this machine');
    const container = await limited(box, { rdma: { [name]: { hcaHandles: 3, hcaObjects: 100 } } });
    assert.match(readControl(directoryOf(box, container, 'rdma'), 'rdma.max'), /hca_handle=3 hca_object=100/);
  }),

  test('resources.rdma-empty', async (box) => {
    await box.refused('an RDMA device without limits', (config) => {
      config.linux.resources = { rdma: { mlx5_1: {} } };
    });
  }),

  test('resources.unified', async (box) => {
    if (!isUnified()) box.skip('cgroup v2 only');
    const container = await limited(box, {
      unified: { 'memory.high': '50331648', 'pids.max': '77', 'memory.oom.group': '1' },
    });
    const directory = directoryOf(box, container, 'memory');
    assert.equal(readControl(directory, 'memory.high'), '50331648');
    assert.equal(readControl(directory, 'pids.max'), '77');
    assert.equal(readControl(directory, 'memory.oom.group'), '1');
  }),

  test('resources.v1-only-limit-on-v2', async (box) => {
    if (!isUnified()) box.skip('cgroup v2 only');
    await box.refused('a real-time budget', (config) => {
      config.linux.resources = { cpu: { realtimeRuntime: 5000, realtimePeriod: 1_000_000 } };
    });
  }),

  test('resources.unified-controller-missing', async (box) => {
    await box.refused('a controller that is not there', (config) => {
      config.linux.resources = { unified: { 'nosuchcontroller.max': '1' } };
    });
  }),
];
