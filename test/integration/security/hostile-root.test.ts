/**
 * Root filesystems that try to lead the runtime out (security.md): symbolic links where it makes, mounts or writes
 * something. A directory and a file of the host, the prey, must come out as they were.
 */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Bundle, ConfigChange } from '../support/bundle.ts';
import { mountsNaming } from '../support/leftovers.ts';
import { runtimeKind } from '../support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from '../support/sandbox.ts';
import { onTerminal } from '../support/terminal.ts';

const test = suite(`security: hostile root filesystems (${runtimeKind})`);

/** What an attacker would like to reach on the host. */
class Prey {
  readonly directory: string;
  readonly #before: string;

  constructor(sandbox: Sandbox) {
    this.directory = sandbox.directory();
    writeFileSync(join(this.directory, 'secret'), 'of the host\n');
    this.#before = this.#look();
  }

  /** Throws unless everything is as it was. */
  check(): void {
    assert.equal(this.#look(), this.#before, 'the host was touched');
    assert.deepEqual(mountsNaming(this.directory), [], 'something is mounted on the host');
  }

  #look(): string {
    const secret = statSync(join(this.directory, 'secret'));
    const names = readdirSync(this.directory, { recursive: true }).join();
    return [
      names,
      readFileSync(join(this.directory, 'secret'), 'utf8'),
      secret.mode,
      secret.uid,
      secret.ino,
    ].join();
  }
}

/** Links to the prey: absolute, and by more `..` than there are directories. */
const roads = (path: string) => [path, `${'../'.repeat(40)}${path.slice(1)}`];

/** Puts a link in the place of `name`. */
function plant(bundle: Bundle, name: string, target: string): void {
  rmSync(join(bundle.rootfs, name), { recursive: true, force: true });
  symlinkSync(target, join(bundle.rootfs, name));
}

/** Runs it; it may be refused with a message, or work, but the prey stays whole. */
async function attack(sandbox: Sandbox, prey: Prey, bundle: Bundle): Promise<string | undefined> {
  const result = await sandbox.runBundle(bundle);
  prey.check();
  assert.doesNotMatch(result.stdout, /of the host/);
  if (result.code === 0) return result.stdout;
  expectRefusal(result, /\w/);
  return undefined;
}

const mounting =
  (destination: string, type: string, options: string[] = [], source = 'x'): ConfigChange =>
  (config) => {
    config.mounts?.push({ destination, type, source, options });
  };

const withoutMounts =
  (...targets: string[]): ConfigChange =>
  (config) => {
    config.mounts =
      config.mounts?.filter(({ destination }) => !targets.some((each) => destination.startsWith(each))) ?? [];
  };

test('mount targets that are links, as a whole, in the middle, dangling', () =>
  withSandbox(async (sandbox) => {
    const prey = new Prey(sandbox);
    const hostLink = join(sandbox.directory(), 'link');
    symlinkSync('/etc/hostname', hostLink);
    for (const road of roads(prey.directory)) {
      for (const [planted, target, destination] of [
        ['way', road, '/way'],
        ['way', road, '/way/new/directory'],
        ['way', `${road}/dangling`, '/way'],
        ['way', `${road}/secret`, '/way'],
      ] as const) {
        const bundle = sandbox.script(
          'grep -c " /way" /proc/self/mountinfo; cat /way/* /way 2>/dev/null; true',
          mounting(destination, 'tmpfs', ['mode=700']),
        );
        plant(bundle, planted, target);
        await attack(sandbox, prey, bundle);
        for (const options of [['bind'], ['bind', 'dest-nofollow']]) {
          const file = sandbox.script(
            'cat /way 2>/dev/null; true',
            mounting(destination, 'none', options, '/etc/hostname'),
          );
          plant(file, planted, target);
          await attack(sandbox, prey, file);
        }
        // The link that is made is no way to make it elsewhere.
        const copied = sandbox.script(
          'true',
          mounting(destination, 'none', ['bind', 'copy-symlink'], hostLink),
        );
        plant(copied, planted, target);
        await attack(sandbox, prey, copied);
      }
    }
  }));

test('positive control: links that stay inside are followed', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.script(
      'ls -d /real/target; grep -o " /real/target " /proc/self/mountinfo',
      mounting('/way/target', 'tmpfs'),
    );
    plant(bundle, 'way', '../../../../real');
    assert.equal(expectSuccess(await sandbox.runBundle(bundle)).stdout, '/real/target\n /real/target \n');
  }));

test('/proc and /sys that are links: nothing is mounted or written through them', () =>
  withSandbox(async (sandbox) => {
    const prey = new Prey(sandbox);
    for (const name of ['proc', 'sys']) {
      for (const target of [...roads(prey.directory), 'tmp', '/tmp/fake']) {
        const bundle = sandbox.script('stat -f -c %t /proc/', (config) => {
          if (config.linux) config.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
        });
        plant(bundle, name, target);
        for (const decoy of [
          'tmp/sys/net/ipv4',
          'tmp/fake/sys/net/ipv4',
          'tmp/self/attr',
          'tmp/fake/self/attr',
        ])
          mkdirSync(join(bundle.rootfs, decoy), { recursive: true });
        for (const file of ['tmp/sys/net/ipv4/ip_forward', 'tmp/fake/sys/net/ipv4/ip_forward'])
          writeFileSync(join(bundle.rootfs, file), 'decoy');
        const result = await sandbox.runBundle(bundle);
        prey.check();
        expectRefusal(result, new RegExp(`\\(/${name}\\).*symbolic link`));
        for (const file of ['tmp/sys/net/ipv4/ip_forward', 'tmp/fake/sys/net/ipv4/ip_forward'])
          assert.equal(readFileSync(join(bundle.rootfs, file), 'utf8'), 'decoy');
      }
    }
  }));

test('without a /proc mount, a fake one in the root is neither believed nor written', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.script('cat /proc/sys/net/ipv4/ip_forward', (config) => {
      withoutMounts('/proc')(config);
      if (config.linux) {
        config.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
        config.linux.maskedPaths = [];
        config.linux.readonlyPaths = [];
      }
      if (config.root) config.root.readonly = false;
      if (config.process) config.process.oomScoreAdj = 500;
    });
    for (const [path, text] of [
      ['sys/net/ipv4/ip_forward', 'decoy'],
      ['self/oom_score_adj', 'decoy'],
      ['self/attr/exec', 'decoy'],
      ['self/setgroups', 'decoy'],
    ] as const) {
      mkdirSync(join(bundle.rootfs, 'proc', path, '..'), { recursive: true });
      writeFileSync(join(bundle.rootfs, 'proc', path), text);
    }
    assert.equal(expectSuccess(await sandbox.runBundle(bundle)).stdout, 'decoy');
    assert.equal(readFileSync(join(bundle.rootfs, 'proc/self/oom_score_adj'), 'utf8'), 'decoy');
  }));

test('mounts on and below /proc that are not procfs', () =>
  withSandbox(async (sandbox) => {
    for (const [destination, type, options] of [
      ['/proc', 'tmpfs', []],
      ['/proc/', 'tmpfs', []],
      ['/./proc', 'tmpfs', []],
      ['/x/../proc', 'tmpfs', []],
      ['/proc/self', 'tmpfs', []],
      ['/proc/sys', 'none', ['bind']],
      ['/proc/self/attr', 'none', ['bind']],
      ['/proc', 'none', ['bind']],
    ] as const)
      expectRefusal(
        await sandbox.run(['true'], mounting(destination, type, [...options], '/tmp')),
        /mounts\[7\].*\/proc/,
      );
    // By a link in the root it would be the same.
    for (const [target, destination] of [
      ['proc', '/way/self'],
      ['proc/self', '/way/attr'],
      ['/proc/sys', '/way'],
      ['../../../proc', '/way/sys/net'],
    ] as const) {
      const bundle = sandbox.bundle(['true'], mounting(destination, 'tmpfs'));
      plant(bundle, 'way', target);
      expectRefusal(await sandbox.runBundle(bundle), /mounts\[7\] \(\/way.*procfs/);
    }
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('/dev without a tmpfs: links in the places of devices and of /dev itself', () =>
  withSandbox(async (sandbox) => {
    const prey = new Prey(sandbox);
    const secret = join(prey.directory, 'secret');
    for (const road of roads(secret)) {
      const bundle = sandbox.script('stat -c "%F %t:%T" /dev/null', withoutMounts('/dev'));
      for (const name of ['null', 'zero', 'tty', 'ptmx', 'fd', 'stdin']) plant(bundle, `dev/${name}`, road);
      await attack(sandbox, prey, bundle);
    }
    for (const road of roads(prey.directory)) {
      const bundle = sandbox.script('ls /dev/', withoutMounts('/dev'));
      plant(bundle, 'dev', road);
      await attack(sandbox, prey, bundle);
      const mounted = sandbox.script('ls /dev/');
      plant(mounted, 'dev', road);
      await attack(sandbox, prey, mounted);
    }
  }));

test('devices of the config below links', () =>
  withSandbox(async (sandbox) => {
    const prey = new Prey(sandbox);
    for (const road of roads(prey.directory)) {
      for (const path of ['/way/device', '/way/new/device', '/way']) {
        const bundle = sandbox.bundle(['true'], (config) => {
          if (config.linux)
            config.linux.devices = [
              { path, type: 'c', major: 1, minor: 3, fileMode: 0o666, uid: 77, gid: 77 },
            ];
          if (config.root) config.root.readonly = false;
        });
        plant(bundle, 'way', path === '/way' ? `${road}/secret` : road);
        await attack(sandbox, prey, bundle);
      }
    }
  }));

test('a replaced /dev/null masks nothing: masks come from the real one', () =>
  withSandbox(async (sandbox) => {
    const prey = new Prey(sandbox);
    for (const road of roads(join(prey.directory, 'secret'))) {
      const bundle = sandbox.script('cat /masked; stat -c %t:%T /masked', (config) => {
        withoutMounts('/dev')(config);
        if (config.linux) config.linux.maskedPaths = ['/masked'];
        if (config.root) config.root.readonly = false;
      });
      writeFileSync(join(bundle.rootfs, 'masked'), 'masked\n');
      plant(bundle, 'dev/null', road);
      const output = await attack(sandbox, prey, bundle);
      if (output !== undefined) assert.equal(output, '1:3\n');
    }
  }));

test('masked and read-only paths that are links to the host', () =>
  withSandbox(async (sandbox) => {
    const prey = new Prey(sandbox);
    for (const road of roads(prey.directory)) {
      for (const field of ['maskedPaths', 'readonlyPaths'] as const) {
        const bundle = sandbox.script('cat /way /way/secret 2>/dev/null; true', (config) => {
          if (config.linux) config.linux[field] = ['/way', '/way/secret'];
        });
        plant(bundle, 'way', road);
        await attack(sandbox, prey, bundle);
        writeFileSync(join(prey.directory, 'secret'), 'of the host\n', { flag: 'r+' });
      }
    }
  }));

test('/dev/console that is a link, with a terminal', () =>
  withSandbox(async (sandbox) => {
    const prey = new Prey(sandbox);
    for (const road of roads(join(prey.directory, 'secret'))) {
      const bundle = sandbox.script(
        'echo through > /dev/console; [ -L /dev/console ] && echo link; true',
        (config) => {
          config.mounts = config.mounts?.filter(({ destination }) => destination !== '/dev') ?? [];
          if (config.process) config.process.terminal = true;
        },
      );
      mkdirSync(join(bundle.rootfs, 'dev/pts'), { recursive: true });
      plant(bundle, 'dev/console', road);
      const output = await attack(sandbox, prey, bundle);
      if (output !== undefined) assert.equal(output, 'through\n');
    }
  }));

test('a terminal whose devpts is a fake', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.script('echo no', (config) => {
      config.mounts = config.mounts?.filter(({ destination }) => !destination.startsWith('/dev')) ?? [];
      if (config.process) config.process.terminal = true;
    });
    mkdirSync(join(bundle.rootfs, 'dev/pts'));
    writeFileSync(join(bundle.rootfs, 'dev/pts/ptmx'), '');
    execFileSync('mknod', [join(bundle.rootfs, 'dev/pts/0'), 'c', '1', '3']);
    const args = ['run', '--bundle', bundle.directory, sandbox.id()];
    const { code, output } = await onTerminal(sandbox, args);
    assert.equal(code, 1);
    assert.match(output, /process\.terminal.*ptmx/);
  }));

test('a working directory that has to be made below a link', () =>
  withSandbox(async (sandbox) => {
    const prey = new Prey(sandbox);
    for (const road of roads(prey.directory)) {
      for (const cwd of ['/way/new', '/way']) {
        const bundle = sandbox.script('pwd', (config) => {
          if (config.process) config.process.cwd = cwd;
        });
        plant(bundle, 'way', road);
        await attack(sandbox, prey, bundle);
      }
    }
  }));

test('tmpcopyup copies nothing of the host', () =>
  withSandbox(async (sandbox) => {
    const prey = new Prey(sandbox);
    for (const road of roads(prey.directory)) {
      const whole = sandbox.script(
        'cat /way/* /way/*/* 2>/dev/null; true',
        mounting('/way', 'tmpfs', ['tmpcopyup']),
      );
      plant(whole, 'way', road);
      await attack(sandbox, prey, whole);
      const within = sandbox.script(
        '[ -L /within/link ] && cat /within/* /within/link/* 2>/dev/null; true',
        mounting('/within', 'tmpfs', ['tmpcopyup']),
      );
      mkdirSync(join(within.rootfs, 'within'));
      symlinkSync(road, join(within.rootfs, 'within/link'));
      await attack(sandbox, prey, within);
    }
  }));

test('/etc/passwd that is a link, a FIFO, a device or a directory does not hang HOME, nor fetch it from the host', () =>
  withSandbox(async (sandbox) => {
    const prey = new Prey(sandbox);
    writeFileSync(join(prey.directory, 'passwd'), 'root:x:0:0::/home-of-the-host:\n');
    const plants: Record<string, (path: string) => void> = {
      link: (path) => symlinkSync(join(prey.directory, 'passwd'), path),
      above: (path) => symlinkSync(`${'../'.repeat(40)}${prey.directory.slice(1)}/passwd`, path),
      fifo: (path) => execFileSync('mkfifo', [path]),
      zero: (path) => execFileSync('mknod', [path, 'c', '1', '5']),
      directory: (path) => mkdirSync(path),
      circle: (path) => symlinkSync('passwd', path),
    };
    for (const [name, put] of Object.entries(plants)) {
      const bundle = sandbox.script('echo $HOME');
      const passwd = join(bundle.rootfs, 'etc/passwd');
      rmSync(passwd);
      put(passwd);
      const result = await sandbox.runBundle(bundle, [], { timeout: 20_000 });
      assert.equal(result.stdout, '/\n', `${name}: ${result.stderr}`);
    }
  }));

test('a root filesystem whose programs are links to the host’s', () =>
  withSandbox(async (sandbox) => {
    const program = join(sandbox.directory(), 'program');
    writeFileSync(program, '#!/bin/sh\necho of the host\n', { mode: 0o755 });
    for (const road of roads(program)) {
      const bundle = sandbox.bundle(['/program']);
      plant(bundle, 'program', road);
      expectRefusal(await sandbox.runBundle(bundle), /no such file or directory/);
    }
  }));

test.run();
