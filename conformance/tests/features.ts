/**
 * features.md and features-linux.md: every claim is tried. A runtime may have no such command; then there is nothing
 * to try.
 */
import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import type { Box } from '../support/box.ts';
import { isUnified } from '../support/cgroups.ts';
import type { ConfigChange } from '../support/config.ts';
import { featuresProblems } from '../support/schemas.ts';
import { type ConformanceTest, test } from '../support/test.ts';

/** As much of the structure as the tests look at. */
interface Features {
  readonly ociVersionMin: string;
  readonly ociVersionMax: string;
  readonly hooks?: readonly string[] | null;
  readonly mountOptions?: readonly string[] | null;
  readonly linux?: {
    readonly namespaces?: readonly string[] | null;
    readonly capabilities?: readonly string[] | null;
    readonly seccomp?: {
      readonly enabled?: boolean | null;
      readonly actions?: readonly string[] | null;
      readonly operators?: readonly string[] | null;
      readonly archs?: readonly string[] | null;
      readonly knownFlags?: readonly string[] | null;
      readonly supportedFlags?: readonly string[] | null;
    } | null;
    readonly cgroup?: Readonly<Record<string, boolean | null>> | null;
    readonly apparmor?: { readonly enabled?: boolean | null } | null;
    readonly selinux?: { readonly enabled?: boolean | null } | null;
    readonly memoryPolicy?: {
      readonly modes?: readonly string[] | null;
      readonly flags?: readonly string[] | null;
    } | null;
    readonly intelRdt?: Readonly<Record<string, boolean | null>> | null;
    readonly mountExtensions?: { readonly idmap?: { readonly enabled?: boolean | null } | null } | null;
    readonly netDevices?: { readonly enabled?: boolean | null } | null;
  } | null;
  readonly annotations?: Readonly<Record<string, string>> | null;
  readonly potentiallyUnsafeConfigAnnotations?: readonly string[] | null;
}

async function featuresOf(box: Box): Promise<Features> {
  const { code, stdout } = await box.oci(['features']);
  if (code !== 0) box.skip('this runtime has no features command');
  return JSON.parse(stdout);
}

/** Values that a runtime claims, each of which a container with it has to be made from. */
async function tryAll(
  box: Box,
  values: readonly string[] | null | undefined,
  change: (value: string) => ConfigChange,
) {
  if (!values?.length) box.skip('it claims none');
  for (const value of values) {
    const container = box.container(['true'], change(value));
    const { code, stderr } = await container.tryCreate();
    assert.equal(code, 0, `${value}: ${stderr}`);
    await container.must('delete', '--force');
  }
}

/** Values to which the kernel of this machine may say no, though not for being unknown. */
async function recognizes(box: Box, value: string, change: ConfigChange): Promise<void> {
  const container = box.container(['true'], change);
  const { code, stderr } = await container.tryCreate();
  if (code === 0) await container.must('delete', '--force');
  else
    assert.doesNotMatch(
      stderr,
      /unknown|unrecogni[sz]ed|not (?:one of|a valid)|invalid (?:value|mode|flag|action)/i,
      value,
    );
}

const namespacesBut = (config: Parameters<ConfigChange>[0], type: string) =>
  config.linux.namespaces?.filter((entry) => entry.type !== type) ?? [];

/** Options that mean something only for bind mounts. */
const isBindOption = (option: string): boolean =>
  /^r?(?:bind|private|shared|slave|unbindable)$|^r(?:ro|rw|suid|nosuid|dev|nodev|exec|noexec|(?:no)?(?:rel|dir|strict)?atime|(?:no)?symfollow)$/.test(
    option,
  );

export const featuresTests: readonly ConformanceTest[] = [
  test('features.schema', async (box) => {
    assert.deepEqual(featuresProblems(await featuresOf(box)), []);
  }),

  test('features.known-properties', async (box) => {
    const features = await featuresOf(box);
    const known = [
      'ociVersionMin',
      'ociVersionMax',
      'hooks',
      'mountOptions',
      'linux',
      'annotations',
      'potentiallyUnsafeConfigAnnotations',
    ];
    assert.deepEqual(
      Object.keys(features).filter((name) => !known.includes(name)),
      [],
    );
    const inside = [
      'namespaces',
      'capabilities',
      'cgroup',
      'seccomp',
      'apparmor',
      'selinux',
      'memoryPolicy',
      'intelRdt',
      'mountExtensions',
      'netDevices',
    ];
    assert.deepEqual(
      Object.keys(features.linux ?? {}).filter((name) => !inside.includes(name)),
      [],
    );
  }),

  test('features.versions', async (box) => {
    const { ociVersionMin, ociVersionMax } = await featuresOf(box);
    await tryAll(box, [ociVersionMin, ociVersionMax], (version) => (config) => {
      config.ociVersion = version;
    });
  }),

  test('features.version-order', async (box) => {
    const { ociVersionMin, ociVersionMax } = await featuresOf(box);
    const numbers = (version: string) =>
      version
        .replace(/[-+].*/, '')
        .split('.')
        .map(Number);
    const [low, high] = [numbers(ociVersionMin), numbers(ociVersionMax)];
    const difference =
      [0, 1, 2].map((index) => (high[index] ?? 0) - (low[index] ?? 0)).find((each) => each !== 0) ?? 0;
    assert.ok(difference >= 0, `${ociVersionMax} is older than ${ociVersionMin}`);
  }),

  test('features.same-everywhere', async (box) => {
    const first = await featuresOf(box);
    const { stdout } = await box.oci(['features'], { cwd: '/', env: { HOME: '/nowhere', LANG: 'C' } });
    assert.deepEqual(JSON.parse(stdout), first);
  }),

  test('features.null-is-not-empty', async (box) => {
    const features = await featuresOf(box);
    const visit = (value: unknown, path: string): void => {
      if (Array.isArray(value))
        assert.ok(
          value.length > 0 && !value.includes(null),
          `${path} is an empty list: what is not known is left out`,
        );
      else if (typeof value === 'object' && value !== null)
        for (const [name, each] of Object.entries(value)) visit(each, `${path}/${name}`);
      else assert.notEqual(value, '', path);
    };
    visit(features, '');
  }),

  test('features.hooks', async (box) => {
    const { hooks } = await featuresOf(box);
    await tryAll(box, hooks, (kind) => (config) => {
      config.hooks = { [kind]: [{ path: '/bin/true', args: ['true'] }] };
    });
  }),

  test(
    'features.mount-options',
    async (box) => {
      const { mountOptions } = await featuresOf(box);
      const source = box.scratch();
      const alone = ['remount', 'idmap', 'ridmap'];
      await tryAll(
        box,
        mountOptions?.filter((option) => !alone.includes(option)),
        (option) => (config) => {
          if (!isBindOption(option))
            config.mounts.push({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs', options: [option] });
          else
            config.mounts.push({
              destination: '/mnt',
              type: 'none',
              source,
              options: [...new Set(['rbind', option])],
            });
        },
      );
      for (const option of alone.filter((each) => mountOptions?.includes(each))) {
        await recognizes(box, option, (config) => {
          config.mounts.push({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs' });
          const mapping = [{ containerID: 0, hostID: 0, size: 1 }];
          if (option === 'remount')
            config.mounts.push({ destination: '/mnt', type: 'tmpfs', options: ['remount', 'ro'] });
          else
            config.mounts.push({
              destination: '/mnt',
              source,
              options: ['rbind', option],
              uidMappings: mapping,
              gidMappings: mapping,
            });
        });
      }
    },
    { seconds: 90 },
  ),

  test('features.mount-options-of-filesystems', async (box) => {
    const { mountOptions } = await featuresOf(box);
    const theirs = (mountOptions ?? []).filter((option) =>
      /=|^(?:size|mode|uid|gid|nr_inodes|lowerdir|newinstance|ptmxmode)/.test(option),
    );
    assert.deepEqual(theirs, []);
  }),

  test('features.namespaces', async (box) => {
    const { linux } = await featuresOf(box);
    await tryAll(box, linux?.namespaces, (type) => (config) => {
      config.linux.namespaces = [...namespacesBut(config, type), { type: type as never }];
      if (type !== 'user') return;
      config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 1000 }];
      config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 1000 }];
    });
  }),

  test('features.capabilities', async (box) => {
    const { linux } = await featuresOf(box);
    const names = linux?.capabilities ?? [];
    assert.ok(names.length >= 38 && names.every((name) => name.startsWith('CAP_')), names.join(' '));
    await tryAll(
      box,
      ['CAP_CHOWN', 'CAP_AUDIT_READ', 'CAP_CHECKPOINT_RESTORE'].filter((name) => names.includes(name)),
      (name) => (config) => {
        config.process.capabilities = { bounding: [name], permitted: [name], effective: [name] };
      },
    );
  }),

  test('features.seccomp-actions', async (box) => {
    const { linux } = await featuresOf(box);
    const receiver = linux?.seccomp?.actions?.includes('SCMP_ACT_NOTIFY')
      ? await box.receiver('agent', '1')
      : undefined;
    await tryAll(box, linux?.seccomp?.actions, (action) => (config) => {
      config.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['mkdir'], action: action as never }],
        ...(action === 'SCMP_ACT_NOTIFY' && receiver && { listenerPath: receiver.socket }),
      };
      if (action === 'SCMP_ACT_ALLOW')
        config.linux.seccomp = { defaultAction: 'SCMP_ACT_LOG', syscalls: [{ names: ['mkdir'], action }] };
    });
  }),

  test('features.seccomp-operators', async (box) => {
    const { linux } = await featuresOf(box);
    await tryAll(box, linux?.seccomp?.operators, (op) => (config) => {
      const args = [{ index: 1, value: 7, valueTwo: 7, op: op as never }];
      config.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO', args }],
      };
    });
  }),

  test('features.seccomp-archs', async (box) => {
    const { linux } = await featuresOf(box);
    for (const arch of linux?.seccomp?.archs ?? box.skip('it claims none')) {
      await recognizes(box, arch, (config) => {
        config.linux.seccomp = {
          defaultAction: 'SCMP_ACT_ALLOW',
          architectures: [arch as never],
          syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO' }],
        };
      });
    }
  }),

  test('features.seccomp-supported-flags', async (box) => {
    const { linux } = await featuresOf(box);
    const receiver = await box.receiver('agent', '1');
    await tryAll(box, linux?.seccomp?.supportedFlags, (flag) => (config) => {
      const notify = flag === 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV';
      config.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        flags: [flag as never],
        syscalls: [{ names: ['mkdir'], action: notify ? 'SCMP_ACT_NOTIFY' : 'SCMP_ACT_ERRNO' }],
        ...(notify && { listenerPath: receiver.socket }),
      };
    });
  }),

  test('features.seccomp-known-flags', async (box) => {
    const { linux } = await featuresOf(box);
    const known = linux?.seccomp?.knownFlags ?? box.skip('it claims none');
    for (const flag of linux?.seccomp?.supportedFlags ?? [])
      assert.ok(known.includes(flag), `${flag} is supported but not known`);
    for (const flag of known) {
      await recognizes(box, flag, (config) => {
        config.linux.seccomp = {
          defaultAction: 'SCMP_ACT_ALLOW',
          flags: [flag as never],
          syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO' }],
        };
      });
    }
  }),

  test('features.memory-policy', async (box) => {
    const { linux } = await featuresOf(box);
    const { modes, flags } = linux?.memoryPolicy ?? box.skip('it claims none');
    for (const mode of modes ?? []) {
      await recognizes(box, mode, (config) => {
        const nodes = ['MPOL_DEFAULT', 'MPOL_LOCAL'].includes(mode) ? {} : { nodes: '0' };
        config.linux.memoryPolicy = { mode: mode as never, ...nodes };
      });
    }
    for (const flag of flags ?? []) {
      await recognizes(box, flag, (config) => {
        config.linux.memoryPolicy = { mode: 'MPOL_BIND', nodes: '0', flags: [flag as never] };
      });
    }
  }),

  test('features.idmap', async (box) => {
    const { linux } = await featuresOf(box);
    if (!linux?.mountExtensions?.idmap?.enabled) box.skip('it claims none');
    const source = box.scratch();
    const mapping = [{ containerID: 0, hostID: 5, size: 1 }];
    assert.equal(
      await box.script('stat -c %u /mnt', (config) => {
        config.mounts.push({
          destination: '/mnt',
          source,
          options: ['bind', 'idmap'],
          uidMappings: mapping,
          gidMappings: mapping,
        });
      }),
      '5\n',
    );
  }),

  test('features.net-devices', async (box) => {
    const { linux } = await featuresOf(box);
    if (!linux?.netDevices?.enabled) box.skip('it claims none');
    // A device that is not there: who knows the field refuses, who does not makes the container.
    await box.refused('a network device that does not exist', (config) => {
      config.linux.netDevices = { cfnosuchdev: {} };
    });
  }),

  test('features.intel-rdt', async (box) => {
    const { linux } = await featuresOf(box);
    if (!linux?.intelRdt?.['enabled']) box.skip('it claims none');
    if (existsSync('/sys/fs/resctrl/schemata')) box.skip('this machine has resctrl: see the intel-rdt tests');
    await box.refused('intelRdt without resctrl', (config) => {
      config.linux.intelRdt = { closID: 'x', schemata: ['L3:0=f'], enableMonitoring: true };
    });
  }),

  test('features.cgroup', async (box) => {
    const { linux } = await featuresOf(box);
    const claims = linux?.cgroup ?? box.skip('it claims none');
    assert.equal(claims[isUnified() ? 'v2' : 'v1'], true, 'it runs containers here all the same');
    await box.running((config) => {
      config.linux.resources = { pids: { limit: 50 } };
    });
  }),

  test('features.lsm', async (box) => {
    const { linux } = await featuresOf(box);
    for (const name of ['apparmor', 'selinux'] as const) {
      const enabled = linux?.[name]?.enabled;
      assert.ok(enabled === undefined || enabled === null || typeof enabled === 'boolean');
    }
    if (existsSync('/sys/kernel/security/apparmor') && linux?.apparmor?.enabled) {
      await tryAll(box, ['unconfined'], (profile) => (config) => {
        config.process.apparmorProfile = profile;
      });
    }
  }),

  test('features.annotations', async (box) => {
    const { annotations, potentiallyUnsafeConfigAnnotations } = await featuresOf(box);
    for (const [key, value] of Object.entries(annotations ?? {})) {
      assert.ok(key !== '' && typeof value === 'string', key);
    }
    for (const name of potentiallyUnsafeConfigAnnotations ?? []) assert.match(name, /^[\w.-]+$/);
  }),
];
