/** Devices, links, masked and read-only paths, and sysctls, as they are found inside. */
import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { ConfigChange } from './support/bundle.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, withSandbox } from './support/sandbox.ts';

const test = suite(`confinement (${runtimeKind})`);

type Linux = NonNullable<Parameters<ConfigChange>[0]['linux']>;

const withLinux =
  (change: (linux: Linux) => void): ConfigChange =>
  (config) => {
    if (config.linux) change(config.linux);
  };

test('the default devices and links of config-linux.md', () =>
  withSandbox(async (sandbox) => {
    const out = await sandbox.output(
      'cd /dev; stat -c "%n %F %t:%T %a %u:%g" null zero full random urandom tty; for l in fd stdin stdout stderr ptmx; do echo $l $(readlink $l); done',
    );
    const device = (name: string, number: string) => `${name} character special file ${number} 666 0:0`;
    assert.deepEqual(out.trim().split('\n'), [
      device('null', '1:3'),
      device('zero', '1:5'),
      device('full', '1:7'),
      device('random', '1:8'),
      device('urandom', '1:9'),
      device('tty', '5:0'),
      'fd /proc/self/fd',
      'stdin /proc/self/fd/0',
      'stdout /proc/self/fd/1',
      'stderr /proc/self/fd/2',
      'ptmx pts/ptmx',
    ]);
    const works = await sandbox.output(
      'echo x > /dev/null && head -c3 /dev/zero | wc -c && head -c3 /dev/urandom | wc -c; echo x > /dev/full || echo full',
    );
    assert.equal(works, '3\n3\nfull\n');
  }));

test('devices of the config: type, number, mode, owner, in directories that are made', () =>
  withSandbox(async (sandbox) => {
    const out = await sandbox.output(
      'stat -c "%n %F %t:%T %a %u:%g" /dev/own/char /dev/block /dev/pipe /dev/plain /dev/null; echo through > /dev/pipe & cat /dev/pipe',
      withLinux((linux) => {
        linux.devices = [
          { path: '/dev/own/char', type: 'c', major: 1, minor: 3, fileMode: 0o640, uid: 7, gid: 8 },
          { path: '/dev/block', type: 'b', major: 7, minor: 200, fileMode: 0o600 },
          { path: '/dev/pipe', type: 'p' },
          { path: '/dev/plain', type: 'u', major: 1, minor: 5 },
          { path: '/dev/null', type: 'c', major: 1, minor: 3, fileMode: 0o644 },
        ];
      }),
    );
    assert.deepEqual(out.trim().split('\n'), [
      '/dev/own/char character special file 1:3 640 7:8',
      '/dev/block block special file 7:c8 600 0:0',
      '/dev/pipe fifo 0:0 666 0:0',
      '/dev/plain character special file 1:5 666 0:0',
      '/dev/null character special file 1:3 644 0:0',
      'through',
    ]);
  }));

test('a device where something else is already', () =>
  withSandbox(async (sandbox) => {
    const devices = withLinux((linux) => {
      linux.devices = [{ path: '/var/device', type: 'c', major: 1, minor: 3 }];
    });
    const bundle = sandbox.script('echo x > /var/device; cat /var/device', devices);
    writeFileSync(join(bundle.rootfs, 'var/device'), 'a file\n');
    const result = await sandbox.runBundle(bundle);
    // Never the file under the name of a device.
    if (result.code === 0) assert.equal(result.stdout, '');
    else expectRefusal(result, /linux\.devices\[0\].*\/var\/device/);
    assert.equal(readFileSync(join(bundle.rootfs, 'var/device'), 'utf8'), 'a file\n');
  }));

test('device rules: what is not allowed cannot be opened, nor made', () =>
  withSandbox(async (sandbox) => {
    const out = await sandbox.output(
      'head -c1 /dev/zero | wc -c; head -c1 /dev/full 2>&1 | tr -d "\\0"; mknod /dev/mine c 1 7 2>&1; mknod /dev/ok c 1 5 && echo made',
      (config) => {
        for (const set of ['bounding', 'effective', 'permitted'] as const)
          config.process?.capabilities?.[set]?.push('CAP_MKNOD');
        if (config.linux) {
          config.linux.resources = {
            devices: [
              { allow: false, access: 'rwm' },
              { allow: true, type: 'c', major: 1, minor: 5, access: 'rwm' },
            ],
          };
          config.linux.devices = [];
        }
      },
    );
    // The specification's default devices stay usable (config-linux.md, Default Devices) or follow the rules; their
    // making does not.
    assert.match(out, /^1\n/);
    assert.match(out, /made\n$/);
  }));

test('masked files are empty, masked directories are empty, neither can be written; missing ones are passed over', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.script(
      'wc -c < /secret/file; echo x > /secret/file; wc -c < /secret/file; ls -A /hidden | wc -l; touch /hidden/x 2>&1; stat -c %t:%T /proc/keys /secret/file',
      (config) => {
        if (config.linux)
          config.linux.maskedPaths = ['/secret/file', '/hidden', '/not/there', '/proc/keys', '/link'];
        if (config.root) config.root.readonly = false;
      },
    );
    for (const name of ['secret', 'hidden']) mkdirSync(join(bundle.rootfs, name));
    writeFileSync(join(bundle.rootfs, 'secret/file'), 'secret');
    writeFileSync(join(bundle.rootfs, 'hidden/file'), 'secret');
    const { stdout } = expectSuccess(await sandbox.runBundle(bundle));
    assert.equal(stdout, '0\n0\n0\ntouch: /hidden/x: Read-only file system\n1:3\n1:3\n');
    assert.equal(readFileSync(join(bundle.rootfs, 'secret/file'), 'utf8'), 'secret');
  }));

test("a mask is not a way to change the mode or the owner of the host's /dev/null", () =>
  withSandbox(async (sandbox) => {
    const { ctimeMs } = statSync('/dev/null');
    const names = ['CAP_CHOWN', 'CAP_FOWNER', 'CAP_DAC_OVERRIDE'];
    const bundle = sandbox.script(
      'chmod 666 /mask 2>&1; chown 0:0 /mask 2>&1; echo gone > /mask && wc -c < /mask',
      (config) => {
        if (config.linux) config.linux.maskedPaths = ['/mask'];
        if (config.process)
          config.process.capabilities = { bounding: names, permitted: names, effective: names };
      },
    );
    writeFileSync(join(bundle.rootfs, 'mask'), 'secret');
    const { stdout } = expectSuccess(await sandbox.runBundle(bundle));
    assert.equal(stdout, 'chmod: /mask: Read-only file system\nchown: /mask: Read-only file system\n0\n');
    assert.equal(statSync('/dev/null').ctimeMs, ctimeMs);
  }));

test('a masked path that is a symbolic link masks what it leads to, inside', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.script(
      'cat /real/file /link',
      withLinux((linux) => (linux.maskedPaths = ['/link'])),
    );
    mkdirSync(join(bundle.rootfs, 'real'));
    writeFileSync(join(bundle.rootfs, 'real/file'), 'secret\n');
    symlinkSync('/real/file', join(bundle.rootfs, 'link'));
    const result = await sandbox.runBundle(bundle);
    if (result.code === 0) assert.equal(result.stdout, '');
    else expectRefusal(result, /maskedPaths\[0\].*link/);
  }));

test('read-only paths can be read, and not written, with what is mounted below', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.script(
      'cat /kept/file; for f in /kept/file /kept/below/new /proc/sys/kernel/hostname /single; do echo x 2>/dev/null > $f && echo $f written; done; touch /fine && echo fine',
      (config) => {
        if (config.linux) config.linux.readonlyPaths = ['/kept', '/not/there', '/proc/sys', '/single'];
        if (config.root) config.root.readonly = false;
        config.mounts?.push({ destination: '/kept/below', type: 'tmpfs', source: 'x' });
      },
    );
    mkdirSync(join(bundle.rootfs, 'kept'));
    writeFileSync(join(bundle.rootfs, 'kept/file'), 'kept\n');
    writeFileSync(join(bundle.rootfs, 'single'), '');
    assert.equal(expectSuccess(await sandbox.runBundle(bundle)).stdout, 'kept\nfine\n');
  }));

test('sysctls of the container’s own namespaces are set, and the host’s are not', () =>
  withSandbox(async (sandbox) => {
    const host = () =>
      ['net/ipv4/ip_forward', 'kernel/shm_rmid_forced', 'net/ipv4/ip_default_ttl'].map((name) =>
        readFileSync(`/proc/sys/${name}`, 'utf8'),
      );
    const before = host();
    const out = await sandbox.output(
      'cd /proc/sys; cat net/ipv4/ip_forward kernel/shm_rmid_forced net/ipv4/ip_default_ttl kernel/msgmax',
      withLinux((linux) => {
        linux.sysctl = {
          'net.ipv4.ip_forward': '1',
          'kernel.shm_rmid_forced': '1',
          'net/ipv4/ip_default_ttl': '42',
          'kernel.msgmax': '12345',
        };
      }),
    );
    assert.equal(out, '1\n1\n42\n12345\n');
    assert.deepEqual(host(), before);
  }));

test('a sysctl of the host, of a namespace that is the host’s, and one that is a path', () =>
  withSandbox(async (sandbox) => {
    const refuse = async (
      sysctl: Record<string, string>,
      message: RegExp,
      more: ConfigChange = () => undefined,
    ) => {
      const result = await sandbox.run(['true'], (config) => {
        if (config.linux) config.linux.sysctl = sysctl;
        more(config);
      });
      expectRefusal(result, message);
      assert.deepEqual(sandbox.leftovers(), []);
    };
    await refuse({ 'vm.swappiness': '1' }, /sysctl.*vm\.swappiness/);
    await refuse({ 'kernel.panic': '1' }, /sysctl.*kernel\.panic/);
    await refuse({ 'kernel.hostname': 'x' }, /sysctl.*kernel\.hostname/);
    await refuse({ 'net.ipv4.ip_forward': '1' }, /sysctl.*net.*network namespace/, (config) => {
      if (config.linux)
        config.linux.namespaces = config.linux.namespaces?.filter(({ type }) => type !== 'network') ?? [];
    });
    for (const name of [
      'net.ipv4.../../kernel/panic',
      'net/../kernel/panic',
      'net/ipv4/../../../sysrq-trigger',
    ])
      await refuse({ [name]: '1' }, /sysctl/);
    await refuse({ 'net.ipv4.no_such': '1' }, /sysctl.*no_such.*no such file/i);
  }));

test('limits are what the container’s own cgroup says', () =>
  withSandbox(async (sandbox) => {
    const out = await sandbox.output(
      'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes memory.max 2>/dev/null; cat pids/pids.max pids.max 2>/dev/null; cat cpu/cpu.shares 2>/dev/null || cat cpu.weight; cat cpuset/cpuset.cpus cpuset.cpus 2>/dev/null; nproc',
      withLinux((linux) => {
        linux.resources = {
          memory: { limit: 64 * 1024 * 1024 },
          pids: { limit: 33 },
          cpu: { shares: 512, cpus: '0' },
        };
      }),
    );
    assert.match(out, /^67108864\n33\n(512|20|59)\n0\n1\n$/);
  }));

test('limits hold: too many processes, too much memory', () =>
  withSandbox(async (sandbox) => {
    const limited = withLinux((linux) => {
      linux.resources = { memory: { limit: 32 * 1024 * 1024, swap: 32 * 1024 * 1024 }, pids: { limit: 8 } };
    });
    const forks = await sandbox.run(
      ['sh', '-c', 'i=0; while [ $i -lt 20 ]; do sleep 5 & i=$((i+1)); done; echo all'],
      limited,
    );
    assert.match(forks.stderr, /fork/);
    const memory = await sandbox.run(
      ['sh', '-c', 'head -c 200000000 /dev/zero | tail -c 150000000 | wc -c; echo survived'],
      limited,
    );
    assert.doesNotMatch(memory.stdout, /150000000/);
    assert.ok(!existsSync('/sys/fs/cgroup/no-such'));
  }));

test.run();
