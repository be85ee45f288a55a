/**
 * config-linux.md: sysctl, masked and read-only paths, propagation of the root, memory policy, personality and the
 * rest.
 */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Box } from '../support/box.ts';
import type { ConfigChange } from '../support/config.ts';
import type { Container } from '../support/container.ts';
import { mountTmpfs } from '../support/host-mounts.ts';
import { findMount } from '../support/mountinfo.ts';
import { type ConformanceTest, test } from '../support/test.ts';

/** Creates a container whose root filesystem is a shared mount of the host. */
async function sharedRoot(box: Box, propagation: string | undefined): Promise<Container> {
  const container = box.container(['sleep', '1000'], (config) => {
    if (propagation !== undefined) config.linux.rootfsPropagation = propagation as never;
  });
  execFileSync('mount', ['--bind', container.rootfs, container.rootfs]);
  box.onClose(() => execFileSync('umount', ['-R', '-l', container.rootfs]));
  execFileSync('mount', ['--make-shared', container.rootfs]);
  await container.create();
  await container.start();
  return container;
}

/** A tmpfs that the host mounts below the container's root after it was started: does the container see it? */
function seesHostMount(container: Container): boolean {
  const path = join(container.rootfs, 'mnt');
  mountTmpfs(path);
  writeFileSync(join(path, 'mark'), '');
  return existsSync(`/proc/${container.pid}/root/mnt/mark`);
}

/** Runs `probe self …` inside a container. */
async function probeInside(box: Box, words: readonly string[], change: ConfigChange): Promise<string> {
  return box.finished(['/probe', 'self', ...words], (config) => {
    config.mounts.push({
      destination: '/probe',
      source: join(box.suite.directory, 'probe'),
      options: ['bind', 'ro'],
    });
    change(config);
  });
}

/** Modes and flags of set_mempolicy(2) as get_mempolicy(2) gives them back. */
const memoryModes = {
  MPOL_DEFAULT: { number: 0 },
  MPOL_PREFERRED: { number: 1, nodes: '0' },
  MPOL_BIND: { number: 2, nodes: '0' },
  MPOL_INTERLEAVE: { number: 3, nodes: '0' },
  MPOL_LOCAL: { number: 4 },
  MPOL_PREFERRED_MANY: { number: 5, nodes: '0' },
  MPOL_WEIGHTED_INTERLEAVE: { number: 6, nodes: '0' },
} as const;

const memoryFlags = {
  MPOL_F_NUMA_BALANCING: { bit: 1 << 13, mode: 'MPOL_BIND' },
  MPOL_F_RELATIVE_NODES: { bit: 1 << 14, mode: 'MPOL_INTERLEAVE' },
  MPOL_F_STATIC_NODES: { bit: 1 << 15, mode: 'MPOL_INTERLEAVE' },
} as const;

const memoryPolicyTests: readonly ConformanceTest[] = [
  ...Object.entries(memoryModes).map(([mode, row]) =>
    test(`memory-policy.${mode}`, async (box) => {
      const nodes = 'nodes' in row ? row.nodes : undefined;
      const output = await probeInside(box, ['mempolicy'], (config) => {
        config.linux.memoryPolicy = {
          mode: mode as keyof typeof memoryModes,
          ...(nodes !== undefined && { nodes }),
        };
      });
      assert.equal(output, `mempolicy ${row.number} ${nodes === undefined ? 0 : 1}\n`);
    }),
  ),
  ...Object.entries(memoryFlags).map(([flag, { bit, mode }]) =>
    test(`memory-policy.${flag}`, async (box) => {
      const output = await probeInside(box, ['mempolicy'], (config) => {
        config.linux.memoryPolicy = { mode, nodes: '0', flags: [flag as keyof typeof memoryFlags] };
      });
      assert.equal(output, `mempolicy ${memoryModes[mode].number | bit} 1\n`);
    }),
  ),
  test('memory-policy.wrong', async (box) => {
    for (const policy of [
      {},
      { mode: 'MPOL_NO_SUCH' },
      { mode: 'MPOL_BIND', nodes: 'x' },
      { mode: 'MPOL_BIND' },
      { mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_NO_SUCH'] },
    ]) {
      await box.refused(JSON.stringify(policy), (config) => {
        config.linux.memoryPolicy = policy as never;
      });
    }
  }),
];

export const linuxMiscTests: readonly ConformanceTest[] = [
  test('sysctl', async (box) => {
    const before = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8');
    const output = await box.script(
      'cd /proc/sys; cat net/ipv4/ip_forward net/core/somaxconn kernel/shm_rmid_forced kernel/msgmax',
      (config) => {
        config.linux.sysctl = {
          'net.ipv4.ip_forward': '1',
          'net.core.somaxconn': '256',
          'kernel.shm_rmid_forced': '1',
          'kernel.msgmax': '16384',
        };
      },
    );
    assert.equal(output, '1\n256\n1\n16384\n');
    assert.equal(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8'), before);
  }),

  test('sysctl.refused-by-the-kernel', async (box) => {
    await box.refused('a value that the kernel refuses', (config) => {
      config.linux.sysctl = { 'net.core.somaxconn': 'many' };
    });
  }),

  test('masked-paths', async (box) => {
    const container = box.container(
      ['sh', '-c', 'cat /etc/secret; ls /etc/hidden; head -c 4 /proc/keys; echo done'],
      (config) => {
        config.linux.maskedPaths = ['/proc/keys', '/etc/secret', '/etc/hidden', '/no/such/path'];
      },
    );
    writeFileSync(join(container.rootfs, 'etc/secret'), 'secret\n');
    mkdirSync(join(container.rootfs, 'etc/hidden'));
    writeFileSync(join(container.rootfs, 'etc/hidden/file'), 'secret\n');
    await container.create();
    await container.start();
    await container.stopped();
    assert.equal(container.output(), 'done\n');
  }),

  test('masked-paths.relative', async (box) => {
    await box.refused('a relative masked path', (config) => {
      config.linux.maskedPaths = ['proc/kcore'];
    });
  }),

  test('masked-paths.without-mount-namespace', async (box) => {
    const container = box.container(['cat', '/etc/secret'], (config) => {
      config.linux.namespaces = config.linux.namespaces?.filter(({ type }) => type !== 'mount') ?? [];
      config.mounts = [];
      config.linux.maskedPaths = ['/etc/secret'];
    });
    writeFileSync(join(container.rootfs, 'etc/secret'), 'secret\n');
    // Masked or refused: what it may not be is readable.
    if ((await container.tryCreate()).code !== 0) return;
    await container.start();
    await container.stopped();
    assert.ok(!container.output().includes('secret\n'), 'the masked file was read');
  }),

  test('readonly-paths', async (box) => {
    const container = box.container(
      ['sh', '-c', 'echo x >/etc/file; echo x >/etc/dir/new; echo x >/proc/sys/kernel/msgmax; cat /etc/file'],
      (config) => {
        config.linux.readonlyPaths = ['/proc/sys', '/etc/file', '/etc/dir', '/no/such/path'];
      },
    );
    writeFileSync(join(container.rootfs, 'etc/file'), 'kept\n');
    mkdirSync(join(container.rootfs, 'etc/dir'));
    await container.create();
    await container.start();
    await container.stopped();
    assert.equal((container.output().match(/Read-only file system/g) ?? []).length, 3, container.output());
    assert.match(container.output(), /kept\n$/);
  }),

  test('readonly-paths.relative', async (box) => {
    await box.refused('a relative read-only path', (config) => {
      config.linux.readonlyPaths = ['proc/sys'];
    });
  }),

  test('root-propagation.shared', async (box) => {
    const container = await sharedRoot(box, 'shared');
    const { propagation } = findMount(container.pid, '/');
    const group = propagation.find((word) => word.startsWith('shared:'));
    assert.ok(group !== undefined, `the root is ${propagation.join(' ') || 'private'}`);
    assert.ok(
      !findMount('self', container.rootfs).propagation.includes(group),
      'the host is of its peer group',
    );
  }),

  test('root-propagation.slave', async (box) => {
    const container = await sharedRoot(box, 'slave');
    const { propagation } = findMount(container.pid, '/');
    const told = `the root is ${propagation.join(' ') || 'private'}`;
    assert.ok(
      propagation.some((word) => word.startsWith('master:')),
      told,
    );
    assert.ok(!propagation.some((word) => word.startsWith('shared:')), told);
    assert.ok(seesHostMount(container), 'a mount of the host does not appear');
  }),

  test('root-propagation.private', async (box) => {
    const container = await sharedRoot(box, 'private');
    assert.deepEqual(findMount(container.pid, '/').propagation, []);
    assert.ok(!seesHostMount(container), 'a mount of the host appears');
  }),

  test('root-propagation.unbindable', async (box) => {
    const container = await sharedRoot(box, 'unbindable');
    assert.deepEqual(findMount(container.pid, '/').propagation, ['unbindable']);
  }),

  test('root-propagation.wrong', async (box) => {
    await box.refused('an unknown propagation', (config) => {
      config.linux.rootfsPropagation = 'sideways' as never;
    });
  }),

  test('personality.LINUX32', async (box) => {
    assert.match(
      await box.script('uname -m', (config) => {
        config.linux.personality = { domain: 'LINUX32' };
      }),
      /^i[3-6]86\n$/,
    );
    assert.equal(
      await probeInside(box, ['personality'], (config) => {
        config.linux.personality = { domain: 'LINUX32' };
      }),
      'personality 8\n',
    );
  }),

  test('personality.LINUX', async (box) => {
    assert.equal(
      await probeInside(box, ['personality'], (config) => {
        config.linux.personality = { domain: 'LINUX' };
      }),
      'personality 0\n',
    );
  }),

  test('personality.wrong', async (box) => {
    for (const personality of [
      {},
      { domain: 'linux' },
      { domain: 'BSD' },
      { domain: 'LINUX', flags: ['NO_SUCH_FLAG'] },
    ]) {
      await box.refused(JSON.stringify(personality), (config) => {
        config.linux.personality = personality as never;
      });
    }
  }),

  test('mount-label', async (box) => {
    if (!existsSync('/sys/fs/selinux/enforce')) box.skip('SELinux is off on this machine');
    const label = 'system_u:object_r:container_file_t:s0:c1,c2';
    const container = await box.running((config) => {
      config.linux.mountLabel = label;
      config.mounts.push({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs' });
    });
    assert.ok(findMount(container.pid, '/mnt').superblock.includes(label));
  }),

  test('intel-rdt.not-mounted', async (box) => {
    if (readFileSync('/proc/mounts', 'utf8').includes(' resctrl ')) box.skip('this machine has resctrl');
    await box.refused('intelRdt without resctrl', (config) => {
      config.linux.intelRdt = { closID: 'guaranteed', l3CacheSchema: 'L3:0=f' };
    });
  }),

  test('intel-rdt.wrong', async (box) => {
    for (const rdt of [
      { memBwSchema: 'L3:0=f' },
      { memBwSchema: 'MB:0=20\nL3:0=f' },
      { l3CacheSchema: 'L3:0=f\nMB:0=20' },
      { schemata: ['L3:0=f\nMB:0=2'] },
    ]) {
      await box.refused(JSON.stringify(rdt), (config) => {
        config.linux.intelRdt = rdt;
      });
    }
  }),

  ...memoryPolicyTests,
];
