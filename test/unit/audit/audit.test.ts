/**
 * `plan --audit`: every rule finds what it is for, and says nothing of what is closed.
 * Tests also: src/audit/finding.ts src/audit/rule.ts src/audit/subject.ts
 */

import { strict as assert } from 'node:assert';
import { suite } from 'uvu';
import { type AuditFinding, audit, auditRules, type HostFile, reaches } from '../../../src/audit/mod.ts';
import { defaultConfig } from '../../../src/bundle/default-config.ts';
import { checkConfig } from '../../../src/bundle/rules/rules.ts';
import type { Config, Linux, Mount, Process } from '../../../src/spec/config.ts';

const test = suite('audit');

const files: Readonly<Record<string, Partial<HostFile>>> = {
  '/var/run/docker.sock': { path: '/run/docker.sock', kind: 'socket' },
  '/run': { kind: 'directory' },
  '/etc': { kind: 'directory' },
  '/etc/hosts': { kind: 'file' },
  '/srv/data': { kind: 'directory' },
  '/dev/sda': { kind: 'block device' },
  '/dev/mem': { kind: 'character device' },
  '/tmp/hook': { kind: 'file', uid: 1000 },
  '/usr/bin/hook': { kind: 'file', mode: 0o755 },
  '/usr/bin/open-hook': { kind: 'file', mode: 0o777 },
};

function look(path: string): HostFile | undefined {
  const file = files[path];
  return file && { path, kind: 'file', uid: 0, mode: 0o755, ...file };
}

/** Nothing is open here but what a test opens. */
function closed(): Config {
  const config = defaultConfig();
  return {
    ...config,
    process: { ...(config.process as Process), user: { uid: 1000, gid: 1000 }, capabilities: {} },
    linux: {
      ...config.linux,
      namespaces: [...(config.linux?.namespaces ?? []), { type: 'user' }],
      uidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
      gidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
      seccomp: { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }] },
      resources: {
        devices: [{ allow: false, access: 'rwm' }],
        memory: { limit: 64 << 20 },
        pids: { limit: 100 },
        cpu: { shares: 512 },
      },
    },
  };
}

const withLinux = (more: Partial<Linux>): Config => ({ ...closed(), linux: { ...closed().linux, ...more } });
const withMount = (...more: Mount[]): Config => ({
  ...closed(),
  mounts: [...(closed().mounts ?? []), ...more],
});
const withProcess = (more: Partial<Process>): Config => ({
  ...closed(),
  process: { ...(closed().process as Process), ...more },
});
const bind = (source: string, ...options: string[]): Mount => ({
  destination: '/mnt',
  source,
  options: ['rbind', ...options],
});
const without = (type: string): Config =>
  withLinux({ namespaces: closed().linux?.namespaces?.filter((each) => each.type !== type) ?? [] });
const shown = ({ rule, severity, pointer }: AuditFinding): string => `${severity} ${rule} ${pointer}`;
/** The host's users, with these capabilities. */
const hostUsers = (effective: string[], more: Partial<Linux> = {}): Config => ({
  ...withLinux({ namespaces: defaultConfig().linux?.namespaces ?? [], ...more }),
  process: {
    ...(closed().process as Process),
    capabilities: { effective, permitted: effective, bounding: effective },
  },
});

test('a bundle that leaves nothing open has no findings', () => {
  checkConfig(closed(), { name: 'config.json' });
  assert.deepEqual(audit(closed(), '/bundle', look), []);
});

/** What is opened, and every finding that it makes. */
const rows: Readonly<Record<string, readonly [Config, ...string[]]>> = {
  'Docker’s socket by a link, read-only': [
    withMount(bind('/var/run/docker.sock', 'ro')),
    'critical engine-sockets /mounts/7',
  ],
  'the directory of sockets': [withMount(bind('/run', 'ro')), 'critical engine-sockets /mounts/7'],
  'the host’s /etc': [withMount(bind('/etc')), 'critical host-paths /mounts/7'],
  'the host’s /etc, read-only': [withMount(bind('/etc', 'ro')), 'high host-paths /mounts/7'],
  'the host’s /etc by dots': [withMount(bind('/srv/../etc/./')), 'critical host-paths /mounts/7'],
  'a path relative to the bundle': [withMount(bind('../etc')), 'critical host-paths /mounts/7'],
  'a single harmless file of /etc, read-only': [withMount(bind('/etc/timezone', 'ro'))],
  'the host’s passwords, read-only': [withMount(bind('/etc/shadow', 'ro')), 'high host-paths /mounts/7'],
  'hosts, as engines give it': [withMount(bind('/etc/hosts')), 'medium host-paths /mounts/7'],
  'hosts, read-only': [withMount(bind('/etc/hosts', 'rro'))],
  'a directory of the container’s own': [withMount(bind('/srv/data'))],
  'a disk as a mount': [withMount(bind('/dev/sda', 'ro')), 'critical block-devices /mounts/7'],
  'a disk as a device': [
    withLinux({ devices: [{ path: '/dev/sda', type: 'b', major: 8, minor: 0 }] }),
    'critical block-devices /linux/devices/0',
  ],
  'the machine’s memory': [
    withLinux({ devices: [{ path: '/dev/mem', type: 'c', major: 1, minor: 1 }] }),
    'critical devices /linux/devices/0',
  ],
  'every device': [
    withLinux({ resources: { ...closed().linux?.resources, devices: [{ allow: true, access: 'rwm' }] } }),
    'high devices /linux/resources/devices/0',
  ],
  'no rule of devices': [
    withLinux({ resources: { ...closed().linux?.resources, devices: [] } }),
    'medium devices /linux/resources',
  ],
  'CAP_SYS_ADMIN as the host’s user': [
    hostUsers(['CAP_SYS_ADMIN']),
    'critical capabilities /process/capabilities/effective/0',
  ],
  'CAP_SYS_ADMIN in a user namespace': [
    withProcess({ capabilities: { effective: ['CAP_SYS_ADMIN'] } }),
    'low capabilities /process/capabilities/effective/0',
  ],
  'CAP_SYS_MODULE in a user namespace counts for nothing': [
    withProcess({ capabilities: { effective: ['CAP_SYS_MODULE'] } }),
  ],
  'a capability that nothing can gain any more': [
    {
      ...hostUsers([]),
      process: { ...(closed().process as Process), capabilities: { bounding: ['CAP_SYS_ADMIN'] } },
    },
  ],
  'the same where set-user-ID programs count': [
    {
      ...hostUsers([]),
      process: {
        ...(closed().process as Process),
        noNewPrivileges: false,
        capabilities: { bounding: ['CAP_SYS_ADMIN'] },
      },
    },
    'critical capabilities /process/capabilities/bounding/0',
    'medium new-privileges /process/noNewPrivileges',
  ],
  'the same where no user is named, which is root': [
    {
      ...hostUsers([]),
      process: { cwd: '/', noNewPrivileges: true, capabilities: { bounding: ['CAP_SYS_ADMIN'] } },
    },
    'critical capabilities /process/capabilities/bounding/0',
    'medium user-namespace /process/user/uid',
  ],
  'root without a user namespace': [
    { ...hostUsers([]), process: { ...(closed().process as Process), user: { uid: 0, gid: 0 } } },
    'medium user-namespace /process/user/uid',
  ],
  'a user namespace with the host’s root in it': [
    withLinux({ uidMappings: [{ containerID: 0, hostID: 0, size: 1000 }] }),
    'high user-namespace /linux/uidMappings/0/hostID',
  ],
  'the host’s processes': [without('pid'), 'high host-namespaces /linux/namespaces'],
  'the host’s network by a path': [
    withLinux({
      namespaces: (closed().linux?.namespaces ?? []).map((each) =>
        each.type === 'network' ? { ...each, path: '/proc/1/ns/net' } : each,
      ),
    }),
    'high host-namespaces /linux/namespaces/1/path',
  ],
  debugfs: [
    withMount({ destination: '/sys/kernel/debug', type: 'debugfs', source: 'debugfs' }),
    'critical kernel-filesystems /mounts/7',
  ],
  'a second procfs': [
    withMount({ destination: '/mnt/proc', type: 'proc', source: 'proc' }),
    'high kernel-filesystems /mounts/7',
  ],
  'cgroups that can be written': [
    {
      ...closed(),
      mounts: (closed().mounts ?? []).map((mount) =>
        mount.type === 'cgroup' ? { ...mount, options: ['nosuid'] } : mount,
      ),
    },
    'low cgroup-mounts /mounts/6',
  ],
  'no masks': [
    withLinux({ maskedPaths: [], readonlyPaths: [] }),
    'high masks /linux/maskedPaths',
    'high masks /linux/readonlyPaths',
  ],
  'no filter': [withLinux({ seccomp: undefined as never }), 'medium seccomp /linux'],
  'a filter that allows what it does not name': [
    withLinux({ seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } }),
    'medium seccomp /linux/seccomp/defaultAction',
    'medium seccomp /linux/seccomp/syscalls',
  ],
  'a filter with dangerous calls': [
    withLinux({
      seccomp: {
        defaultAction: 'SCMP_ACT_ERRNO',
        syscalls: [{ names: ['read', 'bpf'], action: 'SCMP_ACT_ALLOW' }],
      },
    }),
    'low seccomp /linux/seccomp/syscalls',
  ],
  'mounts that appear on the host': [
    withMount(bind('/srv/data', 'rshared')),
    'high propagation /mounts/7/options',
  ],
  'a bind mount by its type alone': [
    withMount({ destination: '/mnt', type: 'bind', source: '/etc', options: ['rprivate'] }),
    'critical host-paths /mounts/7',
  ],
  'mounts that appear on the host, of a bind mount by its type alone': [
    withMount({ destination: '/mnt', type: 'bind', source: '/srv/data', options: ['rshared'] }),
    'high propagation /mounts/7/options',
  ],
  'a hook of an ordinary user': [
    { ...closed(), hooks: { createRuntime: [{ path: '/usr/bin/hook' }, { path: '/tmp/hook' }] } },
    'high hooks /hooks/createRuntime/1/path',
  ],
  'a hook that all can write': [
    { ...closed(), hooks: { poststop: [{ path: '/usr/bin/open-hook' }] } },
    'high hooks /hooks/poststop/0/path',
  ],
  'no limits': [
    withLinux({ resources: { devices: [{ allow: false, access: 'rwm' }] } }),
    'medium limits /linux/resources',
    'medium limits /linux/resources',
    'low limits /linux/resources',
  ],
  'root’s group': [
    { ...hostUsers([]), process: { ...(closed().process as Process), user: { uid: 1, gid: 0 } } },
    'low groups /process/user/gid',
  ],
  'an annotation for the runtime': [
    { ...closed(), annotations: { 'run.oci.keep_original_groups': '1', mine: '2' } },
    'low annotations /annotations/run.oci.keep_original_groups',
  ],
  'a root filesystem that can be written': [
    { ...closed(), root: { path: 'rootfs' } },
    'low root-filesystem /root',
  ],
};

for (const [what, [config, ...expected]] of Object.entries(rows))
  test(what, () => {
    const findings = audit(config, '/bundle', look);
    assert.deepEqual(findings.map(shown), expected);
    for (const { message, why, change } of findings)
      for (const words of [message, why, change]) assert.doesNotMatch(words, /undefined|NaN|\[object/);
  });

test('AppArmor counts where the host runs it', () => {
  const there = (path: string): HostFile | undefined =>
    path === '/sys/kernel/security/apparmor' ? { path, kind: 'directory', uid: 0, mode: 0o755 } : look(path);
  assert.deepEqual(audit(closed(), '/bundle', there).map(shown), [
    'medium apparmor-and-selinux /process/apparmorProfile',
  ]);
  const confined = withProcess({ apparmorProfile: 'docker-default' });
  assert.deepEqual(audit(confined, '/bundle', there), []);
});

test('the worst comes first, and a limit is reached by what is as bad or worse', () => {
  const open = { ...withMount(bind('/etc'), bind('/var/run/docker.sock')), root: { path: 'rootfs' } };
  const findings = audit(open, '/bundle', look);
  assert.deepEqual(
    findings.map(({ severity }) => severity),
    ['critical', 'critical', 'low'],
  );
  assert.ok(reaches(findings, 'high'));
  assert.ok(!reaches(findings.slice(2), 'medium'));
  assert.ok(reaches(findings.slice(2), 'low'));
});

test('each rule has a name of its own, and a test here', () => {
  const names = auditRules.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const tried = new Set(
    Object.values(rows).flatMap(([, ...expected]) => expected.map((each) => each.split(' ')[1])),
  );
  assert.deepEqual(
    names.filter((name) => !tried.has(name) && name !== 'apparmor-and-selinux'),
    [],
  );
});

test('the config that `tsoci spec` writes has no critical finding', () => {
  const findings = audit(defaultConfig(), '/bundle', look);
  assert.ok(!reaches(findings, 'critical'), findings.map(shown).join('\n'));
});

test.run();
