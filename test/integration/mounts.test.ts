/** Mounts as the container sees them in /proc/self/mountinfo and by trying, and what the host sees of them. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Mount } from '../../src/spec/config.ts';
import type { Bundle, ConfigChange } from './support/bundle.ts';
import { hostMounts, type MountLine, parseMountinfo } from './support/mountinfo.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';

const test = suite(`mounts (${runtimeKind})`);

const mounting =
  (...mounts: Mount[]): ConfigChange =>
  (config) => {
    config.mounts = [...(config.mounts ?? []), ...mounts] as typeof config.mounts & object;
  };

/** What the container has mounted, by target. */
async function inside(sandbox: Sandbox, change?: ConfigChange): Promise<Map<string, MountLine>> {
  const { stdout } = expectSuccess(await sandbox.run(['cat', '/proc/self/mountinfo'], change));
  return new Map(parseMountinfo(stdout).map((line) => [line.target, line]));
}

const bind = (destination: string, source: string, ...options: string[]): Mount => ({
  destination,
  source,
  type: 'none',
  options,
});

/** A tmpfs on the host that is shared, unmounted with the sandbox. */
function sharedTmpfs(sandbox: Sandbox): string {
  const directory = sandbox.directory();
  execFileSync('mount', ['-t', 'tmpfs', 'tsoci-test', directory]);
  sandbox.onClose(() => execFileSync('umount', ['-R', '-l', directory]));
  execFileSync('mount', ['--make-shared', directory]);
  return directory;
}

test('the default mounts, their types and options, and none of the host beside them', () =>
  withSandbox(async (sandbox) => {
    const seen = await inside(sandbox);
    for (const [target, type, options] of [
      ['/', 'ext4', ['ro']],
      ['/proc', 'proc', []],
      ['/dev', 'tmpfs', ['nosuid']],
      ['/dev/pts', 'devpts', ['nosuid', 'noexec']],
      ['/dev/shm', 'tmpfs', ['nosuid', 'noexec', 'nodev']],
      ['/dev/mqueue', 'mqueue', ['nosuid', 'noexec', 'nodev']],
      ['/sys', 'sysfs', ['nosuid', 'noexec', 'nodev', 'ro']],
    ] as const) {
      const line = seen.get(target);
      assert.ok(line, target);
      if (target !== '/') assert.equal(line.type, type);
      for (const option of options) assert.ok(line.options.includes(option), `${target} ${option}`);
      assert.deepEqual(
        line.propagation.filter((each) => each.startsWith('shared')),
        [],
        target,
      );
    }
    assert.ok(seen.get('/dev')?.superOptions.includes('mode=755'));
    assert.ok(seen.get('/dev/pts')?.superOptions.includes('ptmxmode=666'));
    const known = /^\/($|proc($|\/)|dev($|\/)|sys($|\/))/;
    assert.deepEqual(
      [...seen.keys()].filter((target) => !known.test(target)),
      [],
    );
    // Nothing lies under the root: what pivot_root(2) replaced is unmounted.
    assert.equal([...seen.values()].filter(({ target }) => target === '/').length, 1);
  }));

test('every option that turns into a flag, and its negation', () =>
  withSandbox(async (sandbox) => {
    const tmpfs = (destination: string, ...options: string[]): Mount => ({
      destination,
      type: 'tmpfs',
      source: 'x',
      options,
    });
    const seen = await inside(
      sandbox,
      mounting(
        tmpfs('/m/flags', 'nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime', 'nosymfollow', 'ro'),
        tmpfs(
          '/m/none',
          'suid',
          'dev',
          'exec',
          'rw',
          'strictatime',
          'diratime',
          'symfollow',
          'defaults',
          'loud',
        ),
        tmpfs('/m/last', 'ro', 'rw', 'nosuid', 'suid', 'noexec'),
        tmpfs('/m/data', 'size=64k,mode=711', 'uid=7', 'gid=8'),
      ),
    );
    const options = (target: string) => [...(seen.get(target)?.options ?? [])].sort().join();
    assert.equal(options('/m/flags'), 'noatime,nodev,nodiratime,noexec,nosuid,nosymfollow,ro');
    assert.equal(options('/m/none'), 'rw');
    assert.equal(options('/m/last'), 'noexec,relatime,rw');
    const data = seen.get('/m/data')?.superOptions ?? [];
    for (const option of ['size=64k', 'mode=711', 'uid=7', 'gid=8']) assert.ok(data.includes(option), option);
  }));

test('an unknown option goes to the filesystem, which refuses it with the place', () =>
  withSandbox(async (sandbox) => {
    const change = mounting({ destination: '/data', type: 'tmpfs', source: 'x', options: ['sizzle=1'] });
    const result = await sandbox.run(['true'], change);
    expectRefusal(result, /mounts\[7\] \(\/data\).*sizzle/i);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('bind mounts of directories and files, from absolute and relative sources', () =>
  withSandbox(async (sandbox) => {
    const source = sandbox.directory();
    writeFileSync(join(source, 'file'), 'of the host\n');
    mkdirSync(join(source, 'sub'));
    const bundle = sandbox.script(
      'cat /a/file /b /c/d/e; echo written > /a/new; echo appended >> /b; touch /r/x 2>&1; touch /rf 2>&1; ls /rel',
      mounting(
        bind('/a', source, 'bind'),
        bind('/b', join(source, 'file'), 'bind'),
        bind('/c/d/e', join(source, 'file'), 'bind', 'ro'),
        bind('/r', source, 'rbind', 'ro'),
        bind('/rf', join(source, 'file'), 'rbind', 'ro'),
        bind('/rel', 'beside', 'bind'),
      ),
    );
    mkdirSync(join(bundle.directory, 'beside'));
    writeFileSync(join(bundle.directory, 'beside/relative'), '');
    // The runtime's working directory must not matter, the bundle's must (config.md, Mounts).
    const result = await sandbox.runBundle(bundle, [], { cwd: '/' });
    const readOnly = (path: string) => `touch: ${path}: Read-only file system\n`;
    assert.equal(
      expectSuccess(result).stdout,
      `${'of the host\n'.repeat(3)}${readOnly('/r/x')}${readOnly('/rf')}relative\n`,
    );
    assert.equal(readFileSync(join(source, 'new'), 'utf8'), 'written\n');
    assert.equal(readFileSync(join(source, 'file'), 'utf8'), 'of the host\nappended\n');
    // What was made to mount on is a file for a file and a directory for a directory.
    assert.ok(statSync(join(bundle.rootfs, 'b')).isFile());
    assert.ok(statSync(join(bundle.rootfs, 'c/d/e')).isFile());
    assert.ok(statSync(join(bundle.rootfs, 'a')).isDirectory());
  }));

test('a bind mount of what is there already leaves it alone underneath', () =>
  withSandbox(async (sandbox) => {
    const source = sandbox.directory();
    const bundle = sandbox.bundle(['ls', '-A', '/etc'], mounting(bind('/etc', source, 'bind')));
    assert.equal(expectSuccess(await sandbox.runBundle(bundle)).stdout, '');
    assert.ok(existsSync(join(bundle.rootfs, 'etc/passwd')));
  }));

test('bind takes one mount, rbind takes those below as well, rro makes all of them read-only', () =>
  withSandbox(async (sandbox) => {
    const source = sharedTmpfs(sandbox);
    mkdirSync(join(source, 'below'));
    execFileSync('mount', ['-t', 'tmpfs', 'tsoci-test', join(source, 'below')]);
    writeFileSync(join(source, 'below/deep'), '');
    const mounts = mounting(
      bind('/one', source, 'bind'),
      bind('/all', source, 'rbind'),
      bind('/ro', source, 'rbind', 'ro'),
      bind('/rro', source, 'rbind', 'rro'),
    );
    const out = await sandbox.output(
      'ls /one/below; echo -; ls /all/below; for d in /ro /ro/below /rro /rro/below; do touch $d/x 2>/dev/null && echo $d writable; done; true',
      mounts,
    );
    assert.equal(out, '-\ndeep\n/ro/below writable\n');
  }));

test('a source that is missing, and one that is no directory', () =>
  withSandbox(async (sandbox) => {
    const missing = await sandbox.run(['true'], mounting(bind('/x', '/nowhere/at/all', 'bind')));
    expectRefusal(missing, /mounts\[7\] \(\/x\).*"\/nowhere\/at\/all".*no such file or directory/i);
    const bundle = sandbox.bundle(['true'], mounting(bind('/bin', '/etc/hostname', 'bind')));
    expectRefusal(await sandbox.runBundle(bundle), /mounts\[7\] \(\/bin\).*not a directory|is a directory/i);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('a symbolic link as source is followed on the host, as target inside the root', () =>
  withSandbox(async (sandbox) => {
    const source = sandbox.directory();
    writeFileSync(join(source, 'file'), 'seen\n');
    const link = join(sandbox.directory(), 'link');
    symlinkSync(source, link);
    const bundle = sandbox.bundle(['cat', '/real/file'], mounting(bind('/alias', link, 'bind')));
    mkdirSync(join(bundle.rootfs, 'real'));
    symlinkSync('/real', join(bundle.rootfs, 'alias'));
    assert.equal(expectSuccess(await sandbox.runBundle(bundle)).stdout, 'seen\n');
  }));

test('tmpcopyup fills the tmpfs with what it covers', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.script(
      'cat /etc/passwd | wc -l; stat -c %a /etc/private; readlink /etc/link; echo new > /etc/new; cat /etc/new',
      mounting({ destination: '/etc', type: 'tmpfs', source: 'x', options: ['tmpcopyup', 'mode=755'] }),
    );
    mkdirSync(join(bundle.rootfs, 'etc/private'), { mode: 0o700 });
    symlinkSync('passwd', join(bundle.rootfs, 'etc/link'));
    assert.equal(expectSuccess(await sandbox.runBundle(bundle)).stdout, '2\n700\npasswd\nnew\n');
    assert.ok(!existsSync(join(bundle.rootfs, 'etc/new')));
  }));

test('tmpcopyup brings file capabilities and ACLs along, for whoever runs the program then', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.bundle(
      ['sleep', '1000'],
      mounting({ destination: '/opt', type: 'tmpfs', source: 'x', options: ['tmpcopyup'] }),
    );
    mkdirSync(join(bundle.rootfs, 'opt/sub'), { recursive: true });
    const file = join(bundle.rootfs, 'opt/sub/ping');
    writeFileSync(file, '', { mode: 0o4755 });
    execFileSync('setcap', ['cap_net_raw+ep', file]);
    execFileSync('setfacl', ['-m', 'u:77:rwx', join(bundle.rootfs, 'opt/sub')]);
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id]));
    const copy = `/proc/${(await sandbox.state(id)).pid}/root/opt/sub`;
    assert.equal(readFileSync('/proc/self/mounts', 'utf8').includes(copy), false);
    assert.match(execFileSync('getcap', [`${copy}/ping`], { encoding: 'utf8' }), /cap_net_raw=ep/);
    assert.equal(statSync(`${copy}/ping`).mode & 0o7777, 0o4755);
    assert.match(execFileSync('getfacl', ['-np', copy], { encoding: 'utf8' }), /^user:77:rwx$/m);
  }));

test('a tmpfs has the permissions of the directory that it covers, unless its options name some', () =>
  withSandbox(async (sandbox) => {
    const tmpfs = (destination: string, ...options: string[]): Mount => ({
      destination,
      type: 'tmpfs',
      source: 'x',
      options,
    });
    const bundle = sandbox.bundle(
      ['stat', '-c', '%n %a', '/kept', '/copied', '/named', '/made', '/link'],
      mounting(
        tmpfs('/kept', 'size=64k'),
        tmpfs('/copied', 'tmpcopyup'),
        tmpfs('/named', 'mode=0711'),
        tmpfs('/made'),
      ),
    );
    for (const [name, mode] of [
      ['kept', 0o1750],
      ['copied', 0o2705],
      ['named', 0o700],
    ] as const) {
      mkdirSync(join(bundle.rootfs, name));
      chmodSync(join(bundle.rootfs, name), mode);
    }
    symlinkSync('kept', join(bundle.rootfs, 'link'));
    assert.equal(
      expectSuccess(await sandbox.runBundle(bundle)).stdout,
      '/kept 1750\n/copied 2705\n/named 711\n/made 1777\n/link 777\n',
    );
  }));

test('remount changes a mount made before', () =>
  withSandbox(async (sandbox) => {
    const seen = await inside(
      sandbox,
      mounting(
        { destination: '/m', type: 'tmpfs', source: 'x', options: ['nosuid'] },
        { destination: '/m', type: 'none', options: ['remount', 'ro', 'nodev'] },
      ),
    );
    assert.deepEqual([...(seen.get('/m')?.options ?? [])].sort(), ['nodev', 'nosuid', 'relatime', 'ro']);
  }));

test('mounts are made in their order: a later one covers an earlier one', () =>
  withSandbox(async (sandbox) => {
    const source = sandbox.directory();
    writeFileSync(join(source, 'mark'), '');
    const tmpfs: Mount = { destination: '/x', type: 'tmpfs', source: 'x' };
    assert.equal(await sandbox.output('ls /x', mounting(bind('/x', source, 'bind'), tmpfs)), '');
    assert.equal(
      await sandbox.output('ls /x /x/y', mounting(tmpfs, bind('/x/y', source, 'bind'))),
      '/x:\ny\n\n/x/y:\nmark\n',
    );
  }));

test('a read-only root cannot be written, mounts on it can', () =>
  withSandbox(async (sandbox) => {
    const script = 'touch /x 2>/dev/null && echo written; touch /dev/shm/y && echo fine';
    assert.equal(await sandbox.output(script), 'fine\n');
    const writable = await sandbox.output(script, (config) => {
      if (config.root) config.root.readonly = false;
    });
    assert.equal(writable, 'written\nfine\n');
  }));

test('propagation: a private and a slave mount tell the host nothing, a slave hears of it, a shared one does both', () =>
  withSandbox(async (sandbox) => {
    const source = sharedTmpfs(sandbox);
    for (const [option, tag, hears, tells] of [
      ['rprivate', undefined, false, false],
      ['rslave', 'master', true, false],
      ['rshared', 'shared', true, true],
      [undefined, 'master', true, false],
    ] as const) {
      for (const name of ['from-host', 'from-inside']) mkdirSync(join(source, name), { recursive: true });
      const options = option === undefined ? ['rbind'] : ['rbind', option];
      const id = await sandbox.running((config) => {
        mounting(bind('/s', source, ...options))(config);
        if (config.root) config.root.readonly = false;
        // As Docker does for its own shared volumes: what is below a slave cannot be a peer of the host's.
        if (tells && config.linux) config.linux.rootfsPropagation = 'shared';
        const sets = config.process?.capabilities;
        for (const set of ['bounding', 'effective', 'permitted'] as const) sets?.[set]?.push('CAP_SYS_ADMIN');
      });
      const exec = async (...args: string[]) =>
        expectSuccess(await sandbox.tsoci(['exec', id, ...args])).stdout;
      const line = parseMountinfo(await exec('cat', '/proc/self/mountinfo')).find(
        ({ target }) => target === '/s',
      );
      assert.equal(line?.propagation[0]?.split(':')[0], tag, option);
      execFileSync('mount', ['-t', 'tmpfs', 'tsoci-test', join(source, 'from-host')]);
      writeFileSync(join(source, 'from-host/mark'), '');
      assert.equal(await exec('ls', '/s/from-host'), hears ? 'mark\n' : '', option);
      execFileSync('umount', [join(source, 'from-host')]);
      await exec('mount', '-t', 'tmpfs', 'x', '/s/from-inside');
      await exec('touch', '/s/from-inside/mark');
      assert.equal(existsSync(join(source, 'from-inside/mark')), tells, option);
      expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
      if (tells) execFileSync('umount', [join(source, 'from-inside')]);
    }
  }));

test('rootfsPropagation is what / has', () =>
  withSandbox(async (sandbox) => {
    const rootOf = async (propagation: 'private' | 'slave' | 'shared' | 'unbindable') => {
      const seen = await inside(sandbox, (config) => {
        if (config.linux) config.linux.rootfsPropagation = propagation;
      });
      return seen.get('/')?.propagation.map((each) => each.split(':')[0]);
    };
    assert.deepEqual(await rootOf('private'), []);
    assert.deepEqual(await rootOf('unbindable'), ['unbindable']);
    assert.ok((await rootOf('shared'))?.includes('shared'));
    assert.ok(!(await rootOf('slave'))?.includes('shared'));
  }));

test('nothing that is mounted in a container is seen on the host', () =>
  withSandbox(async (sandbox) => {
    const before = hostMounts([]);
    await sandbox.running(mounting({ destination: '/m', type: 'tmpfs', source: 'tsoci-seen' }));
    assert.equal(readFileSync('/proc/self/mountinfo', 'utf8').includes('tsoci-seen'), false);
    // Others may mount something meanwhile; what was there is there still.
    const after = hostMounts([]);
    for (const line of before) assert.ok(line.includes('tsoci') || after.includes(line), line);
  }));

test('rootfsPropagation on a shared filesystem: the host sees no mount of the container’s own', () =>
  withSandbox(async (sandbox) => {
    const shared = sharedTmpfs(sandbox);
    for (const propagation of ['shared', 'slave', 'private', 'unbindable', undefined] as const) {
      const bundle = sandbox.bundle(['sleep', '1000'], (config) => {
        if (config.linux && propagation) config.linux.rootfsPropagation = propagation;
      });
      execFileSync('cp', ['-a', `${bundle.directory}/.`, shared]);
      const id = sandbox.id();
      expectSuccess(await sandbox.tsoci(['run', '--detach', '--bundle', shared, id]));
      const seen = parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'));
      assert.deepEqual(
        seen.filter(({ target }) => target.startsWith(shared)).map(({ target }) => target),
        [shared],
        propagation,
      );
      expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    }
  }));

test('a bundle on a filesystem with odd mounts: its own mounts come along', () =>
  withSandbox(async (sandbox) => {
    const bundle: Bundle = sandbox.bundle(['ls', '/sub']);
    mkdirSync(join(bundle.rootfs, 'sub'));
    execFileSync('mount', ['-t', 'tmpfs', 'tsoci-test', join(bundle.rootfs, 'sub')]);
    sandbox.onClose(() => execFileSync('umount', [join(bundle.rootfs, 'sub')]));
    writeFileSync(join(bundle.rootfs, 'sub/mark'), '');
    assert.equal(expectSuccess(await sandbox.runBundle(bundle)).stdout, 'mark\n');
  }));

test('--no-pivot gives the same view', () =>
  withSandbox(async (sandbox) => {
    const usual = await sandbox.output('cut -d" " -f5 /proc/self/mountinfo | sort; ls /');
    const moved = await sandbox.output('cut -d" " -f5 /proc/self/mountinfo | sort; ls /', undefined, [
      '--no-pivot',
    ]);
    assert.equal(moved, usual);
  }));

test('the cgroup mount shows the container’s own cgroup, read-only', () =>
  withSandbox(async (sandbox) => {
    const script =
      'find /sys/fs/cgroup -name cgroup.procs | wc -l; find /sys/fs/cgroup -mindepth 2 -type d | grep -vc unified$; for f in $(find /sys/fs/cgroup -name cgroup.procs); do grep -q "^1$" $f || echo $f; done; mkdir /sys/fs/cgroup/pids/x 2>&1';
    const lines = (await sandbox.run(['sh', '-c', script])).stdout.trim().split('\n');
    assert.ok(Number(lines[0]) >= 1);
    assert.match(lines.at(-1) ?? '', /Read-only file system|No such file/);
  }));

test.run();
