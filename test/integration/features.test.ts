/**
 * `features`, claim by claim: everything in its output is tried in a container, and a claim that nobody tries fails.
 */
import { strict as assert } from 'node:assert';
import { chmodSync, existsSync, readlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import { findLibexec } from '../../src/entry/libexec.ts';
import { loadNative } from '../../src/entry/load-native.ts';
import { openKoffiLibrary } from '../../src/foreign/koffi.ts';
import { capabilityNames } from '../../src/spec/capability-names.ts';
import type { Config, Mount } from '../../src/spec/config.ts';
import type { Mutable } from './support/bundle.ts';
import { parseMountinfo } from './support/mountinfo.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, procStatus, type Sandbox, withSandbox } from './support/sandbox.ts';

const test = suite(`features (${runtimeKind})`);

type Change = (config: Mutable<Config> & { linux: object; process: object }) => void;

/** What a claim is tried with: its value, and all values of its list. */
type Trial = (sandbox: Sandbox, value: never, list: readonly never[]) => Promise<void>;

const changing =
  (change: Change) =>
  (config: Mutable<Config>): void =>
    change(config as Parameters<Change>[0]);

const output = (sandbox: Sandbox, script: string, change: Change) => sandbox.output(script, changing(change));

/** Claims that need another machine than most have; the tests that try them on it. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  '/linux/cgroup/systemd': 'systemd-driver.test.ts',
  '/linux/cgroup/systemdUser': 'systemd-user.test.ts',
  '/linux/cgroup/v1': 'cgroup.test.ts',
  '/linux/cgroup/v2': 'cgroup.test.ts',
  '/linux/cgroup/rdma': '../unit/cgroup/limits/resources.test.ts',
  '/linux/intelRdt/enabled': '../unit/resctrl/group.test.ts',
  '/linux/intelRdt/schemata': '../unit/resctrl/group.test.ts',
  '/linux/intelRdt/monitoring': '../unit/resctrl/group.test.ts',
  '/annotations/org.opencontainers.runc.checkpoint.enabled': 'checkpoint.test.ts',
  '/potentiallyUnsafeConfigAnnotations/*': 'checkpoint.test.ts',
  '/linux/apparmor/enabled': 'stub-labels.test.ts',
  '/linux/selinux/enabled': 'stub-labels.test.ts',
};

const isBindOption = (name: string) =>
  /^r?(private|shared|slave|unbindable)$|^r(?!o$|w$|elatime$|emount$|bind$|private|shared|slave|unbindable)/.test(
    name,
  );

/** Every option is a mount of its own in one container: what the kernel shows of it there. */
async function tryMountOptions(sandbox: Sandbox, names: readonly string[]): Promise<void> {
  const source = sandbox.directory();
  const map = [{ containerID: 0, hostID: 0, size: 4_294_967_295 }];
  const mounts = names.flatMap((name): Mount[] => {
    const destination = `/m/${name}`;
    if (/bind$/.test(name)) return [{ destination, source, options: [name] }];
    if (/idmap/.test(name))
      return [{ destination, source, options: ['rbind', name], uidMappings: map, gidMappings: map }];
    if (isBindOption(name)) return [{ destination, source, options: ['rbind', name] }];
    const tmpfs = { destination, type: 'tmpfs', source: 'tmpfs' };
    if (name === 'remount') return [tmpfs, { destination, options: ['remount', 'nosuid'] }];
    return [{ ...tmpfs, options: [name] }];
  });
  const text = await output(sandbox, 'cat /proc/self/mountinfo', (config) => {
    if (config.root) config.root.readonly = false;
    config.mounts = [...(config.mounts ?? []), ...mounts] as NonNullable<typeof config.mounts>;
  });
  const lines = new Map(parseMountinfo(text).map((line) => [line.target, line]));
  for (const name of names) {
    const line = lines.get(`/m/${name}`);
    assert.ok(line, name);
    const plain = name.replace(/^r(?=ro$|no)/, '');
    const shows = /^(ro|no(suid|dev|exec|atime|diratime|symfollow))$/.test(plain) ? plain : undefined;
    if (shows !== undefined) assert.ok(line.options.includes(shows), `${name}: ${line.options}`);
    if (/^(sync|dirsync|lazytime)$/.test(name)) assert.ok(line.superOptions.includes(name), name);
    if (/^r?shared$/.test(name)) assert.match(line.propagation.join(), /shared:/);
    if (/^r?unbindable$/.test(name)) assert.match(line.propagation.join(), /unbindable/);
    if (/^r?private$/.test(name)) assert.deepEqual(line.propagation, []);
    if (name === 'remount') assert.ok(line.options.includes('nosuid'));
  }
}

/** chmod(2) with modes around the one compared with: the ones that are refused. */
async function modesRefused(sandbox: Sandbox, op: string): Promise<number[]> {
  const args = (index: number) => [
    op === 'SCMP_CMP_MASKED_EQ' ? { index, value: 0o700, valueTwo: 0o600, op } : { index, value: 0o600, op },
  ];
  const modes = [0o400, 0o600, 0o601, 0o700];
  const script = `cd /dev/shm; touch x; for m in ${modes.map((mode) => mode.toString(8)).join(' ')}; do chmod $m x 2>/dev/null || echo $m; done`;
  const refused = await output(sandbox, script, (config) => {
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        { names: ['chmod'], action: 'SCMP_ACT_ERRNO', args: args(1) },
        { names: ['fchmodat', 'fchmodat2'], action: 'SCMP_ACT_ERRNO', args: args(2) },
      ] as never,
    };
  });
  return refused
    .split(/\s+/)
    .filter(Boolean)
    .map((mode) => Number.parseInt(mode, 8));
}

const compared: Readonly<Record<string, readonly number[]>> = {
  SCMP_CMP_NE: [0o400, 0o601, 0o700],
  SCMP_CMP_LT: [0o400],
  SCMP_CMP_LE: [0o400, 0o600],
  SCMP_CMP_EQ: [0o600],
  SCMP_CMP_GE: [0o600, 0o601, 0o700],
  SCMP_CMP_GT: [0o601, 0o700],
  SCMP_CMP_MASKED_EQ: [0o600, 0o601],
};

/** What a shell says that makes a directory under each action, and how it ends. */
const acted: Readonly<Record<string, RegExp>> = {
  SCMP_ACT_ALLOW: /^made\n0$/,
  SCMP_ACT_LOG: /^made\n0$/,
  SCMP_ACT_ERRNO: /Operation not permitted/,
  SCMP_ACT_TRACE: /Function not implemented/,
  SCMP_ACT_TRAP: /Bad system call/,
  SCMP_ACT_KILL: /Bad system call/,
  SCMP_ACT_KILL_THREAD: /Bad system call/,
  SCMP_ACT_KILL_PROCESS: /Bad system call/,
};

const filtered =
  (seccomp: object): Change =>
  (config) => {
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', ...seccomp };
  };

const allows = { names: ['mkdir'], action: 'SCMP_ACT_LOG' };

async function tryNamespace(sandbox: Sandbox, type: string): Promise<void> {
  const file = { network: 'net', mount: 'mnt' }[type] ?? type;
  const seen = await output(sandbox, `readlink /proc/self/ns/${file}`, (config) => {
    const { linux } = config;
    linux.namespaces = [
      ...(linux.namespaces ?? []).filter((entry) => entry.type !== type),
      { type: type as 'pid' },
    ];
    if (type !== 'user') return;
    linux.uidMappings = [{ containerID: 0, hostID: 0, size: 65_536 }];
    linux.gidMappings = [{ containerID: 0, hostID: 0, size: 65_536 }];
  });
  assert.notEqual(seen.trim(), readlinkSync(`/proc/self/ns/${file}`), type);
}

async function tryHook(sandbox: Sandbox, kind: string): Promise<void> {
  const mark = join(sandbox.directory(), 'mark');
  const bundle = sandbox.bundle(
    ['true'],
    changing((config) => {
      if (config.root) config.root.readonly = false;
      const path = kind === 'startContainer' ? '/mark' : mark;
      const script = `cat >${path}`;
      config.hooks = {
        [kind]: [{ path: '/bin/sh', args: ['sh', '-c', script], env: ['PATH=/bin:/usr/bin'] }],
      };
    }),
  );
  expectSuccess(await sandbox.runBundle(bundle));
  const written = kind === 'startContainer' ? join(bundle.rootfs, 'mark') : mark;
  assert.ok(existsSync(written), kind);
}

async function tryCapabilities(sandbox: Sandbox, names: readonly string[]): Promise<void> {
  const text = await output(sandbox, 'cat /proc/self/status', (config) => {
    config.process.capabilities = { bounding: [...names] };
  });
  const numbers = names.map((name) => BigInt((capabilityNames as readonly string[]).indexOf(name)));
  const wanted = numbers.reduce((mask, number) => mask | (1n << number), 0n);
  const own = BigInt(`0x${procStatus('self')['CapBnd']}`);
  assert.equal(BigInt(`0x${procStatus('self', text)['CapBnd']}`), wanted & own);
}

const version: Trial = async (sandbox, value: string) => {
  assert.equal(await output(sandbox, 'echo fine', (config) => (config.ociVersion = value)), 'fine\n');
};

/** Whether this kernel knows a memory policy cannot be asked: the runtime must hand it on either way. */
async function tryPolicy(sandbox: Sandbox, mode: string, flags: readonly string[]): Promise<void> {
  const nodes = /DEFAULT|LOCAL/.test(mode) ? {} : { nodes: '0' };
  const result = await sandbox.run(
    ['cat', '/proc/self/numa_maps'],
    changing((config) => {
      config.linux.memoryPolicy = { mode, ...nodes, flags: [...flags] } as never;
    }),
  );
  if (result.code === 0) return;
  expectRefusal(result, /linux\.memoryPolicy.*(invalid argument|function not implemented)/i);
}

const TRIALS: Readonly<Record<string, Trial>> = {
  '/ociVersionMin': version,
  '/ociVersionMax': version,
  '/hooks/*': tryHook,
  '/mountOptions/*': async (sandbox, value: string, list) => {
    if (value === list[0]) await tryMountOptions(sandbox, list);
  },
  '/linux/namespaces/*': tryNamespace,
  '/linux/capabilities/*': async (sandbox, value: string, list) => {
    if (value === list[0]) await tryCapabilities(sandbox, list);
  },
  '/linux/seccomp/enabled': async (_sandbox, value: boolean) => assert.equal(value, true),
  '/linux/seccomp/actions/*': async (sandbox, action: string) => {
    // An agent is another process: see container-seccomp.test.ts.
    if (action === 'SCMP_ACT_NOTIFY') return;
    const syscalls = [{ names: ['mkdir'], action }];
    const change = filtered({
      syscalls,
      ...(action === 'SCMP_ACT_ALLOW' && { defaultAction: 'SCMP_ACT_LOG' }),
    });
    const said = await output(sandbox, '(mkdir /dev/shm/d && echo made) 2>&1; echo $?', change);
    assert.match(said.trim(), acted[action] ?? /no such action/, action);
  },
  '/linux/seccomp/operators/*': async (sandbox, op: string) => {
    assert.deepEqual(await modesRefused(sandbox, op), compared[op], op);
  },
  '/linux/seccomp/archs/*': async (sandbox, value: string, list) => {
    // All of one byte order go into one filter.
    if (value !== list[0]) return;
    const big = /MIPS(64(N32)?)?$|PPC(64)?$|S390|PARISC|M68K|SHEB$/;
    const little = list.filter((name: string) => !big.test(name));
    assert.equal(
      await output(sandbox, 'echo fine', filtered({ architectures: little, syscalls: [allows] })),
      'fine\n',
    );
    const known = list.filter((name: string) => big.test(name));
    for (const name of known) {
      const result = await sandbox.run(
        ['true'],
        changing(filtered({ architectures: [name], syscalls: [allows] })),
      );
      if (result.code !== 0) expectRefusal(result, /architecture|byte order|endian/i);
    }
  },
  '/linux/seccomp/knownFlags/*': async (sandbox, flag: string) => {
    assert.equal(
      await output(sandbox, 'echo fine', filtered({ flags: [flag], syscalls: [allows] })),
      'fine\n',
    );
  },
  '/linux/seccomp/supportedFlags/*': async (sandbox, flag: string) => {
    assert.equal(
      await output(sandbox, 'echo fine', filtered({ flags: [flag], syscalls: [allows] })),
      'fine\n',
    );
  },
  '/annotations/tsoci.version': async (sandbox, value: string) => {
    assert.match((await sandbox.tsoci(['--version'])).stdout, new RegExp(`^tsoci version ${value}\n`));
  },
  '/annotations/tsoci.commit': async (sandbox, value: string) => {
    assert.ok((await sandbox.tsoci(['--version'])).stdout.includes(`\ncommit: ${value}\n`));
  },
  '/annotations/io.github.seccomp.libseccomp.version': async (_sandbox, value: string) => {
    const library = await openKoffiLibrary(loadNative(findLibexec()));
    assert.equal(value, library.version);
    await library.close();
  },
  '/linux/memoryPolicy/modes/*': (sandbox, mode: string) => tryPolicy(sandbox, mode, []),
  '/linux/memoryPolicy/flags/*': (sandbox, flag: string) => tryPolicy(sandbox, 'MPOL_BIND', [flag]),
  '/linux/mountExtensions/idmap/enabled': async (sandbox, value: boolean) => {
    assert.equal(value, true);
    const source = sandbox.directory();
    writeFileSync(join(source, 'file'), '');
    chmodSync(source, 0o755);
    const map = [{ containerID: 0, hostID: 77, size: 1 }];
    const change: Change = (config) =>
      config.mounts?.push({
        destination: '/mapped',
        source,
        options: ['bind', 'idmap'],
        uidMappings: map,
        gidMappings: map,
      });
    assert.equal(await output(sandbox, 'stat -c %u:%g /mapped/file', change), '77:77\n');
  },
  '/linux/netDevices/enabled': async (sandbox, value: boolean) => {
    assert.equal(value, true);
    const missing: Change = (config) => (config.linux.netDevices = { tsocinone: {} });
    expectRefusal(await sandbox.run(['true'], changing(missing)), /linux\.netDevices\.tsocinone/);
  },
};

interface Claim {
  readonly pattern: string;
  readonly value: unknown;
  readonly list: readonly unknown[];
}

/** Everything at the ends of a document. */
function claims(value: unknown, pattern = '', list: readonly unknown[] = []): Claim[] {
  if (Array.isArray(value)) return value.flatMap((each) => claims(each, `${pattern}/*`, value));
  if (typeof value !== 'object' || value === null) return [{ pattern, value, list }];
  return Object.entries(value).flatMap(([name, inner]) => claims(inner, `${pattern}/${name}`));
}

test('every claim is tried', () =>
  withSandbox(async (sandbox) => {
    const all = claims(JSON.parse(expectSuccess(await sandbox.tsoci(['features'])).stdout));
    assert.ok(all.length > 150, `${all.length} claims`);
    const untried: string[] = [];
    for (const { pattern, value, list } of all) {
      const trial = TRIALS[pattern];
      const elsewhere = ELSEWHERE[pattern];
      if (trial !== undefined) await trial(sandbox, value as never, list as never[]);
      else if (elsewhere === undefined || !existsSync(resolve(import.meta.dirname, elsewhere)))
        untried.push(`${pattern} ${value}`);
    }
    assert.deepEqual(untried, []);
    // The tables of this test must not have grown away from the output.
    const there = new Set(all.map(({ pattern }) => pattern));
    // Not told by what is run from source.
    there.add('/annotations/tsoci.commit');
    assert.deepEqual(
      [...Object.keys(TRIALS), ...Object.keys(ELSEWHERE)].filter((pattern) => !there.has(pattern)),
      [],
    );
  }));

test.run();
