/** User namespaces that root makes: mappings seen from both sides, and everything else still works in them. */
import { strict as assert } from 'node:assert';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Bundle, ConfigChange } from './support/bundle.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, procStatus, type Sandbox, withSandbox } from './support/sandbox.ts';
import { onTerminal } from './support/terminal.ts';
import { until } from './support/wait.ts';

const test = suite(`user namespaces (${runtimeKind})`);

const first = 700_000;
const mappings = [{ containerID: 0, hostID: first, size: 65_536 }];

const mapped =
  (more: ConfigChange = () => undefined): ConfigChange =>
  (config) => {
    if (config.linux) {
      config.linux.namespaces = [...(config.linux.namespaces ?? []), { type: 'user' }];
      config.linux.uidMappings = mappings;
      config.linux.gidMappings = mappings;
    }
    more(config);
  };

/** A bundle whose root filesystem belongs to the container's root. */
function ownBundle(sandbox: Sandbox, script: string, change?: ConfigChange): Bundle {
  const bundle = sandbox.script(script, mapped(change));
  execFileSync('chown', ['-R', '-h', `${first}:${first}`, bundle.rootfs]);
  chmodSync(bundle.directory, 0o711);
  return bundle;
}

test('root inside is somebody else outside', () =>
  withSandbox(async (sandbox) => {
    const bundle = ownBundle(
      sandbox,
      'id; cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; touch /mine; chown 5:6 /mine; exec sleep 1000',
      (config) => {
        if (config.root) config.root.readonly = false;
        for (const set of ['bounding', 'effective', 'permitted'] as const)
          config.process?.capabilities?.[set]?.push('CAP_CHOWN');
      },
    );
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id]));
    const { pid } = await sandbox.state(id);
    assert.notEqual(readlinkSync(`/proc/${pid}/ns/user`), readlinkSync('/proc/self/ns/user'));
    expectSuccess(await sandbox.tsoci(['start', id]));
    assert.equal(procStatus(pid)['Uid'], Array(4).fill(first).join('\t'));
    const own = join(bundle.rootfs, 'mine');
    await until('its script has run', () => existsSync(own) && statSync(own).uid !== first);
    const { stdout } = expectSuccess(
      await sandbox.tsoci([
        'exec',
        id,
        'sh',
        '-c',
        'id -u; id -G; cat /proc/self/uid_map /proc/self/setgroups; stat -c "%u:%g" /mine; readlink /proc/self/ns/user',
      ]),
    );
    const [uid, groups, map, setgroups, owner, namespace] = stdout.trim().split('\n');
    assert.deepEqual([uid, groups, setgroups, owner], ['0', '0', 'allow', '5:6']);
    assert.deepEqual(map?.trim().split(/ +/).map(Number), [0, first, 65_536]);
    assert.equal(namespace, readlinkSync(`/proc/${pid}/ns/user`));
    const mine = statSync(join(bundle.rootfs, 'mine'));
    assert.deepEqual([mine.uid, mine.gid], [first + 5, first + 6]);
  }));

test('every default mount, device, mask and sysctl works there', () =>
  withSandbox(async (sandbox) => {
    const bundle = ownBundle(
      sandbox,
      'cat /proc/sys/net/ipv4/ip_forward; hostname; echo x > /dev/null && head -c2 /dev/zero | wc -c; ls /sys/fs/cgroup | wc -l; cat /proc/keys | wc -c; touch /proc/sys/x 2>&1; stat -c "%u:%g %a" /dev/pts /dev/shm',
      (config) => {
        if (config.linux) config.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
      },
    );
    const [forward, hostname, zero, cgroups, keys, touch, pts, shm] = expectSuccess(
      await sandbox.runBundle(bundle),
    )
      .stdout.trim()
      .split('\n');
    assert.deepEqual([forward, hostname, zero, keys], ['1', 'tsoci', '2', '0']);
    assert.ok(Number(cgroups) > 0);
    assert.match(touch ?? '', /Read-only|Permission|No such/);
    assert.equal(pts, '0:0 755');
    assert.equal(shm, '0:0 1777');
  }));

test("a bound device can be used, and its host's node keeps its mode, owner and times", () =>
  withSandbox(async (sandbox) => {
    const path = `/dev/tsoci-test-${process.pid}`;
    const block = `${path}-block`;
    execFileSync('mknod', ['-m', '666', path, 'c', '1', '5']);
    execFileSync('mknod', ['-m', '666', block, 'b', '7', '250']);
    sandbox.onClose(() => execFileSync('rm', [path, block]));
    const script = [path, block].flatMap((each) => [
      `chmod 600 ${each}`,
      `chown 7:8 ${each}`,
      `touch -d 2001-01-01 ${each}`,
      `rm ${each}`,
    ]);
    const bundle = sandbox.script(
      `${script.join('; ')}; head -c 3 ${path} | wc -c; echo x >${path} && echo w`,
      (config) => {
        // The worst case: root inside is root outside, so that nothing but the mount keeps it from the node.
        mapped()(config);
        const map = [{ containerID: 0, hostID: 0, size: 65_536 }];
        Object.assign(config.linux ?? {}, { uidMappings: map, gidMappings: map });
        for (const set of ['bounding', 'effective', 'permitted'] as const)
          config.process?.capabilities?.[set]?.push('CAP_CHOWN', 'CAP_FOWNER', 'CAP_DAC_OVERRIDE');
        if (config.linux)
          config.linux.devices = [
            { path, type: 'c', major: 1, minor: 5 },
            { path: block, type: 'b', major: 7, minor: 250 },
          ];
        config.linux?.resources?.devices?.push({ allow: true, type: 'c', major: 1, minor: 5, access: 'rw' });
      },
    );
    const before = [path, block].map((each) => statSync(each));
    const result = await sandbox.runBundle(bundle);
    assert.equal(expectSuccess(result).stdout, '3\nw\n', result.stderr);
    assert.equal(result.stderr.match(/Read-only file system/g)?.length, 6, result.stderr);
    const facts = ({ mode, uid, gid, mtimeMs }: (typeof before)[number]) => ({ mode, uid, gid, mtimeMs });
    assert.deepEqual(
      [path, block].map((each) => facts(statSync(each))),
      before.map(facts),
    );
  }));

test('a bound device whose node on the host is another one is refused', () =>
  withSandbox(async (sandbox) => {
    for (const [type, major, minor] of [
      ['c', 1, 3],
      ['b', 1, 5],
    ] as const) {
      const bundle = ownBundle(sandbox, 'true', (config) => {
        if (config.linux) config.linux.devices = [{ path: '/dev/zero', type, major, minor }];
      });
      const refused = await sandbox.runBundle(bundle);
      expectRefusal(refused, /linux\.devices\[0\] \(\/dev\/zero\).*is not the device/);
    }
  }));

test('time offsets, in a new user namespace and in one that is joined', () =>
  withSandbox(async (sandbox) => {
    const script = 'tr -s " \\n" " " </proc/self/timens_offsets; cut -d. -f1 /proc/uptime; exec sleep 1000';
    const timed = (config: Parameters<ConfigChange>[0]) => {
      config.linux?.namespaces?.push({ type: 'time' });
      if (config.linux)
        config.linux.timeOffsets = { boottime: { secs: 100_000 }, monotonic: { secs: 7, nanosecs: 8 } };
    };
    const id = sandbox.id();
    expectSuccess(
      await sandbox.tsoci(['create', '--bundle', ownBundle(sandbox, script, timed).directory, id]),
    );
    const { pid } = await sandbox.state(id);
    expectSuccess(await sandbox.tsoci(['start', id]));
    const offsets = (of: number) =>
      readFileSync(`/proc/${of}/timens_offsets`, 'utf8').replaceAll(/\s+/g, ' ');
    assert.equal(offsets(pid), 'monotonic 7 8 boottime 100000 0 ');
    const uptime = Number(readFileSync('/proc/uptime', 'utf8').split('.')[0]);
    const exec = expectSuccess(await sandbox.tsoci(['exec', id, 'cut', '-d.', '-f1', '/proc/uptime']));
    assert.ok(Math.abs(Number(exec.stdout) - uptime - 100_000) < 5, exec.stdout);
    const second = ownBundle(sandbox, script, (config) => {
      timed(config);
      const { linux } = config;
      for (const each of linux?.namespaces ?? [])
        if (each.type === 'user') each.path = `/proc/${pid}/ns/user`;
      delete linux?.uidMappings;
      delete linux?.gidMappings;
    });
    const other = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', second.directory, other]));
    assert.equal(offsets((await sandbox.state(other)).pid), 'monotonic 7 8 boottime 100000 0 ');
  }));

test('all eight namespaces of another container, joined by path', () =>
  withSandbox(async (sandbox) => {
    const files = { network: 'net', mount: 'mnt' } as Record<string, string>;
    const types = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'] as const;
    const links = (pid: number) =>
      types.map((type) => readlinkSync(`/proc/${pid}/ns/${files[type] ?? type}`));
    const first = sandbox.id();
    const { directory } = ownBundle(sandbox, 'exec sleep 1000', (config) => {
      config.linux?.namespaces?.push({ type: 'time' }, { type: 'cgroup' });
      const seen = new Set<string>();
      if (config.linux)
        config.linux.namespaces = (config.linux.namespaces ?? []).filter(
          ({ type }) => !seen.has(type) && seen.add(type),
        );
      if (config.linux) config.linux.timeOffsets = { boottime: { secs: 50_000 } };
    });
    expectSuccess(await sandbox.tsoci(['run', '--detach', '--bundle', directory, first]));
    const { pid } = await sandbox.state(first);
    // A mount namespace in which the second root can be found, and that belongs to the same user namespace.
    const enter = ['-t', String(pid), '-U', 'unshare', '-m', 'sleep', '1000'];
    const holder = spawn('nsenter', enter, { stdio: 'ignore' });
    sandbox.endsWith(holder);
    const mounts = `/proc/${holder.pid}/ns/mnt`;
    await until('it has its namespace', () => readFileSync(`/proc/${holder.pid}/comm`, 'utf8') === 'sleep\n');
    const path = (type: string) => (type === 'mount' ? mounts : `/proc/${pid}/ns/${files[type] ?? type}`);
    const joining = ownBundle(sandbox, 'exec sleep 1000', (config) => {
      delete config.hostname;
      if (!config.linux) return;
      config.linux.namespaces = types.map((type) => ({ type, path: path(type) }));
      delete config.linux.uidMappings;
      delete config.linux.gidMappings;
    });
    const second = sandbox.id();
    expectSuccess(await sandbox.tsoci(['run', '--detach', '--bundle', joining.directory, second]));
    const own = links(process.pid);
    const theirs = links((await sandbox.state(second)).pid);
    assert.deepEqual(
      theirs,
      types.map((type) => readlinkSync(path(type))),
    );
    for (const [index, type] of types.entries()) assert.notEqual(theirs[index], own[index], type);
    const exec = expectSuccess(
      await sandbox.tsoci(['exec', second, 'sh', '-c', 'hostname; cut -d. -f1 /proc/uptime']),
    );
    const [name, uptime] = exec.stdout.trim().split('\n');
    assert.equal(name, 'tsoci');
    assert.ok(Number(uptime) >= 50_000, uptime);
    // The one that joined goes, the other stays.
    expectSuccess(await sandbox.tsoci(['delete', '--force', second]));
    assert.equal((await sandbox.state(first)).status, 'running');
  }));

test('a user other than root, with groups and capabilities', () =>
  withSandbox(async (sandbox) => {
    const bundle = ownBundle(sandbox, 'exec cat /proc/self/status', (config) => {
      if (config.process) config.process.user = { uid: 1000, gid: 1001, additionalGids: [7, 8], umask: 0o77 };
    });
    const status = procStatus('self', expectSuccess(await sandbox.runBundle(bundle)).stdout);
    assert.deepEqual(
      [status['Uid'], status['Gid'], status['Groups']?.trim(), status['Umask']],
      ['1000\t1000\t1000\t1000', '1001\t1001\t1001\t1001', '7 8', '0077'],
    );
  }));

test('bind sources that only the host’s root may reach are mounted all the same', () =>
  withSandbox(async (sandbox) => {
    const source = sandbox.directory();
    const inner = join(source, 'inner');
    execFileSync('mkdir', ['-m', '755', inner]);
    writeFileSync(join(inner, 'file'), 'reached\n');
    chmodSync(source, 0o700);
    const bundle = ownBundle(sandbox, 'cat /data/file', (config) => {
      config.mounts?.push({ destination: '/data', source: inner, type: 'bind', options: ['rbind', 'ro'] });
    });
    execFileSync('mkdir', [join(bundle.rootfs, 'data')]);
    assert.equal(expectSuccess(await sandbox.runBundle(bundle)).stdout, 'reached\n');
  }));

test('a terminal belongs to the container’s user', () =>
  withSandbox(async (sandbox) => {
    const bundle = ownBundle(sandbox, 'stat -c %u:%a /dev/console $(tty)', (config) => {
      if (config.process) config.process.terminal = true;
    });
    const { output } = await onTerminal(sandbox, ['run', '--bundle', bundle.directory, sandbox.id()]);
    assert.equal(output.replaceAll('\r', ''), '0:620\n0:620\n');
  }));

test('limits of processes and an oom score are set before the host’s privileges are gone', () =>
  withSandbox(async (sandbox) => {
    const bundle = ownBundle(sandbox, 'ulimit -n; cat /proc/self/oom_score_adj', (config) => {
      if (config.process) {
        config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 77, hard: 88 }];
        config.process.oomScoreAdj = 250;
      }
    });
    assert.equal(expectSuccess(await sandbox.runBundle(bundle)).stdout, '77\n250\n');
  }));

test('joined by path: the user namespace of another container', () =>
  withSandbox(async (sandbox) => {
    const bundle = ownBundle(sandbox, 'exec sleep 1000');
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['run', '-d', '--bundle', bundle.directory, id]));
    const { pid } = await sandbox.state(id);
    const second = sandbox.script(
      'readlink /proc/self/ns/user; readlink /proc/self/ns/net; id -u',
      (config) => {
        if (config.linux) {
          config.linux.namespaces = [
            { type: 'user', path: `/proc/${pid}/ns/user` },
            { type: 'network', path: `/proc/${pid}/ns/net` },
            { type: 'mount' },
            { type: 'pid' },
            { type: 'uts' },
            { type: 'ipc' },
          ];
          config.mounts = config.mounts?.filter(({ type }) => type !== 'cgroup') ?? [];
        }
      },
    );
    execFileSync('chown', ['-R', '-h', `${first}:${first}`, second.rootfs]);
    chmodSync(second.directory, 0o711);
    const result = expectSuccess(await sandbox.runBundle(second));
    assert.ok(result.stdout.includes(readlinkSync(`/proc/${pid}/ns/user`)));
    assert.ok(result.stdout.endsWith('0\n'));
  }));

test('exec with a terminal, as another user, in a user namespace', () =>
  withSandbox(async (sandbox) => {
    const bundle = ownBundle(sandbox, 'exec sleep 1000');
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['run', '-d', '--bundle', bundle.directory, id]));
    const plain = await sandbox.tsoci(['exec', '-u', '5:6', '-g', '7', id, 'id']);
    assert.match(expectSuccess(plain).stdout, /uid=5 gid=6 groups=6,7|uid=5 gid=6.*7/);
    const { output } = await onTerminal(sandbox, [
      'exec',
      '-t',
      '-u',
      '5:6',
      id,
      'sh',
      '-c',
      'stat -c %u $(tty)',
    ]);
    assert.equal(output.trim(), '5');
  }));

test('mappings that make no sense', () =>
  withSandbox(async (sandbox) => {
    const refuse = async (change: ConfigChange, message: RegExp) => {
      expectRefusal(await sandbox.run(['true'], change), message);
      assert.deepEqual(sandbox.leftovers(), []);
    };
    await refuse(
      mapped((config) => {
        if (config.linux) delete config.linux.uidMappings;
      }),
      /linux\.uidMappings.*missing/,
    );
    await refuse((config) => {
      if (config.linux) config.linux.uidMappings = mappings;
    }, /uidMappings.*user namespace/);
    await refuse(
      mapped((config) => {
        if (config.linux) config.linux.uidMappings = [...mappings, ...mappings];
      }),
      /uidMappings/,
    );
    await refuse(
      mapped((config) => {
        if (config.process) config.process.user = { uid: 70_000, gid: 0 };
      }),
      /process\.user.*(mapped|invalid argument)/,
    );
  }));

test('the map is what the config says, with several lines', () =>
  withSandbox(async (sandbox) => {
    const lines = [
      { containerID: 0, hostID: first, size: 10 },
      { containerID: 100, hostID: first + 500, size: 1 },
      { containerID: 1000, hostID: first + 1000, size: 5 },
    ];
    const bundle = ownBundle(sandbox, 'cat /proc/self/uid_map', (config) => {
      if (config.linux) config.linux.uidMappings = lines;
    });
    const seen = expectSuccess(await sandbox.runBundle(bundle))
      .stdout.trim()
      .split('\n')
      .map((line) => line.trim().split(/ +/).map(Number));
    assert.deepEqual(
      seen,
      lines.map(({ containerID, hostID, size }) => [containerID, hostID, size]),
    );
    assert.ok(readFileSync('/proc/self/uid_map', 'utf8').length > 0);
  }));

test.run();
