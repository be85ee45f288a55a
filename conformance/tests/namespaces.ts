/** config-linux.md: namespaces, user namespace mappings, time offsets, names. */
import { strict as assert } from 'node:assert';
import { readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { withUserNamespace } from '../support/config.ts';
import { holdNamespaces } from '../support/holder.ts';
import { statusOf } from '../support/proc.ts';
import { type ConformanceTest, test } from '../support/test.ts';

/** The config's types by the files in /proc/PID/ns and the options of unshare(1). */
const types = {
  pid: { file: 'pid', unshare: ['--pid', '--fork'] },
  network: { file: 'net', unshare: ['--net'] },
  mount: { file: 'mnt', unshare: ['--mount'] },
  ipc: { file: 'ipc', unshare: ['--ipc'] },
  uts: { file: 'uts', unshare: ['--uts'] },
  user: { file: 'user', unshare: ['--user'] },
  cgroup: { file: 'cgroup', unshare: ['--cgroup'] },
  time: { file: 'time', unshare: ['--time', '--fork'] },
} as const;
type Type = keyof typeof types;

const link = (pid: number | 'self', file: string): string => readlinkSync(`/proc/${pid}/ns/${file}`);

function newTest(type: Type): ConformanceTest {
  return test(`namespace.${type}-new`, async (box) => {
    const container = await box.running((config) => {
      if (type === 'user') withUserNamespace(config);
      else if (!config.linux.namespaces?.some((entry) => entry.type === type))
        config.linux.namespaces?.push({ type });
    });
    assert.notEqual(link(container.pid, types[type].file), link('self', types[type].file));
  });
}

function pathTest(type: Type): ConformanceTest {
  return test(`namespace.${type}-path`, async (box) => {
    const holder = await holdNamespaces(box, ...types[type].unshare);
    const path = `/proc/${holder}/ns/${types[type].file}`;
    if (type === 'user')
      for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${holder}/${map}`, '0 0 65536');
    const container = await box.running((config) => {
      const others = config.linux.namespaces?.filter((entry) => entry.type !== type) ?? [];
      config.linux.namespaces = [...others, { type, path }];
      // sysfs can be mounted only by who owns the network namespace.
      if (type === 'user') config.mounts = config.mounts.filter((mount) => mount.destination !== '/sys');
    });
    assert.equal(link(container.pid, types[type].file), link(holder, types[type].file));
  });
}

function inheritTest(type: Type): ConformanceTest {
  return test(`namespace.${type}-inherited`, async (box) => {
    const container = await box.running((config) => {
      config.linux.namespaces = config.linux.namespaces?.filter((entry) => entry.type !== type) ?? [];
      if (type === 'mount') config.mounts = [];
    });
    assert.equal(link(container.pid, types[type].file), link('self', types[type].file));
  });
}

const allTypes = Object.keys(types) as Type[];

export const namespaceTests: readonly ConformanceTest[] = [
  ...allTypes.map(newTest),
  ...allTypes.map(pathTest),
  ...allTypes.map(inheritTest),

  test('namespace.wrong-type', async (box) => {
    const holder = await holdNamespaces(box, '--uts', '--ipc', '--net');
    for (const [type, file] of [
      ['network', 'uts'],
      ['uts', 'ipc'],
      ['ipc', 'net'],
      ['pid', 'uts'],
    ] as const) {
      await box.refused(`a ${type} namespace at ns/${file}`, (config) => {
        const others = config.linux.namespaces?.filter((entry) => entry.type !== type) ?? [];
        config.linux.namespaces = [...others, { type, path: `/proc/${holder}/ns/${file}` }];
      });
    }
  }),

  test('namespace.path-is-no-namespace', async (box) => {
    for (const path of ['/etc/passwd', '/no/such/file', '/proc']) {
      await box.refused(`a namespace at ${path}`, (config) => {
        const others = config.linux.namespaces?.filter((entry) => entry.type !== 'uts') ?? [];
        config.linux.namespaces = [...others, { type: 'uts', path }];
      });
    }
  }),

  test('namespace.relative-path', async (box) => {
    await box.refused('a relative path', (config) => {
      const others = config.linux.namespaces?.filter((entry) => entry.type !== 'uts') ?? [];
      config.linux.namespaces = [...others, { type: 'uts', path: 'proc/self/ns/uts' }];
    });
  }),

  test('namespace.twice', async (box) => {
    for (const type of ['pid', 'uts', 'network'] as const) {
      await box.refused(`two ${type} namespaces`, (config) => {
        config.linux.namespaces?.push({ type });
      });
    }
  }),

  test('namespace.unknown-type', async (box) => {
    await box.refused('an unknown namespace', (config) => {
      config.linux.namespaces?.push({ type: 'nosuch' as never });
    });
    await box.refused('a namespace without type', (config) => {
      config.linux.namespaces?.push({} as never);
    });
  }),

  test('namespace.pid-isolated', async (box) => {
    const output = await box.script('echo $$; ls /proc | grep -c "^[0-9]"; kill -0 1 && echo sees itself');
    const [pid, count] = output.split('\n');
    assert.equal(pid, '1');
    assert.ok(Number(count) <= 4, `it sees ${count} processes`);
  }),

  test('namespace.network-loopback', async (box) => {
    assert.equal(await box.script('ls /sys/class/net'), 'lo\n');
  }),

  test('namespace.ipc-isolated', async (box) => {
    const output = await box.script('cat /proc/sysvipc/shm | wc -l; cat /proc/sys/kernel/msgmax >/dev/null');
    assert.equal(output, '1\n');
  }),

  test('hostname', async (box) => {
    const before = hostname();
    assert.equal(
      await box.script('hostname; cat /proc/sys/kernel/hostname', (config) => {
        config.hostname = 'conformance-host';
      }),
      'conformance-host\nconformance-host\n',
    );
    assert.equal(hostname(), before);
  }),

  test('domainname', async (box) => {
    const before = readFileSync('/proc/sys/kernel/domainname', 'utf8');
    assert.equal(
      await box.script('cat /proc/sys/kernel/domainname', (config) => {
        config.domainname = 'conformance.example';
      }),
      'conformance.example\n',
    );
    assert.equal(readFileSync('/proc/sys/kernel/domainname', 'utf8'), before);
  }),

  test('hostname.without-namespace', async (box) => {
    const before = hostname();
    const container = box.container(['true'], (config) => {
      config.hostname = 'conformance-host';
      config.linux.namespaces = config.linux.namespaces?.filter((entry) => entry.type !== 'uts') ?? [];
    });
    await container.tryCreate();
    assert.equal(hostname(), before, 'the host has another name now');
  }),

  test('user-mappings.map', async (box) => {
    const container = await box.running((config) => {
      config.linux.namespaces?.push({ type: 'user' });
      config.linux.uidMappings = [
        { containerID: 0, hostID: 70_000, size: 10 },
        { containerID: 10, hostID: 90_000, size: 5 },
      ];
      config.linux.gidMappings = [{ containerID: 0, hostID: 80_000, size: 10 }];
      config.process.user = { uid: 12, gid: 3 };
    });
    const table = (file: string) =>
      readFileSync(`/proc/${container.pid}/${file}`, 'utf8').trim().replaceAll(/ +/g, ' ');
    assert.equal(table('uid_map'), '0 70000 10\n 10 90000 5');
    assert.equal(table('gid_map'), '0 80000 10');
    assert.match(statusOf(container.pid)['Uid'] ?? '', /^90002\t/);
    assert.match(statusOf(container.pid)['Gid'] ?? '', /^80003\t/);
  }),

  test('user-mappings.ownership-kept', async (box) => {
    const container = await box.running((config) => withUserNamespace(config));
    for (const path of ['', 'etc', 'etc/passwd', 'bin/busybox']) {
      const { uid, gid } = statSync(join(container.rootfs, path));
      assert.deepEqual([uid, gid], [0, 0], path);
    }
  }),

  test('user-mappings.required-fields', async (box) => {
    for (const missing of ['containerID', 'hostID', 'size']) {
      // A runtime may take a missing number for 0; with a size of 0 there is nothing to map, and text is no number.
      const value = missing === 'size' ? undefined : 'x';
      await box.refused(`a mapping whose ${missing} is ${value ?? 'missing'}`, (config) => {
        withUserNamespace(config);
        const line = { containerID: 0, hostID: 70_000, size: 10, [missing]: value };
        config.linux.uidMappings = [line as never];
      });
    }
  }),

  test('time.offsets', async (box) => {
    const container = await box.running((config) => {
      config.linux.namespaces?.push({ type: 'time' });
      config.linux.timeOffsets = { monotonic: { secs: 172_800, nanosecs: 500 }, boottime: { secs: 604_800 } };
    });
    const offsets = readFileSync(`/proc/${container.pid}/timens_offsets`, 'utf8').replaceAll(/ +/g, ' ');
    assert.match(offsets, /monotonic 172800 500\n/);
    assert.match(offsets, /boottime 604800 0\n/);
  }),

  test('time.offsets-inside', async (box) => {
    const seconds = async (offset: number): Promise<number> => {
      const output = await box.script('cut -d. -f1 /proc/uptime', (config) => {
        config.linux.namespaces?.push({ type: 'time' });
        config.linux.timeOffsets = { boottime: { secs: offset } };
      });
      return Number(output);
    };
    const now = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
    const inside = await seconds(1_000_000);
    assert.ok(Math.abs(inside - now - 1_000_000) < 60, `uptime is ${inside}`);
  }),

  test('time.negative-offset', async (box) => {
    const container = await box.running((config) => {
      config.linux.namespaces?.push({ type: 'time' });
      config.linux.timeOffsets = { boottime: { secs: -3, nanosecs: 250 } };
    });
    assert.match(
      readFileSync(`/proc/${container.pid}/timens_offsets`, 'utf8').replaceAll(/ +/g, ' '),
      /boottime -3 250\n/,
    );
  }),

  test('time.offsets-without-namespace', async (box) => {
    await box.refused('offsets without a time namespace', (config) => {
      config.linux.timeOffsets = { boottime: { secs: 3 } };
    });
  }),
];
