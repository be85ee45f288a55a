/** Root filesystems that change under the runtime's hands (CVE-2021-30465 and its kin). */
import { strict as assert } from 'node:assert';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { callFrom, hideCall } from '../support/caller-in-python.ts';
import { parseMountinfo } from '../support/mountinfo.ts';
import { compileProbe } from '../support/probe.ts';
import { runtimeKind } from '../support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from '../support/sandbox.ts';

const test = suite(`security: races (${runtimeKind})`);

/** How long each race is run, in milliseconds. */
const time = 2500;
/** And at least this often, however slow the machine. */
const enough = 4;

/**
 * How often for what comes out wrong only now and then; on a slow machine less often, but at least a few times. The
 * stub, which is raced, is the same on Node: there it is only to be seen that it is started in the same way.
 */
const [many, few] = runtimeKind === 'node' ? [8, 8] : [300, 60];
const longTime = 12_000;

/** Tries many times, and on until all that has to be seen was seen. */
async function raceOften(round: () => Promise<void>, seenAll: () => boolean = () => true): Promise<void> {
  let tries = 0;
  for (const end = Date.now() + longTime; tries < few || !seenAll() || (tries < many && Date.now() < end); ) {
    await round();
    tries++;
  }
}

/** Exchanges two names forever: a directory or a file, and a link in its place. */
const swapper = compileProbe(
  'swapper',
  `
#include <fcntl.h>
#include <stdio.h>
int main(int count, char **names) {
    for (;;)
        for (int i = 1; i + 1 < count; i += 2)
            renameat2(AT_FDCWD, names[i], AT_FDCWD, names[i + 1], RENAME_EXCHANGE);
}
`,
);

function swap(sandbox: Sandbox, ...names: string[]): ChildProcess {
  const child = spawn(swapper, names, { stdio: 'ignore' });
  sandbox.endsWith(child);
  return child;
}

test('targets that turn into links to the host and back while they are made, mounted on, masked', () =>
  withSandbox(async (sandbox) => {
    const prey = sandbox.directory();
    writeFileSync(join(prey, 'secret'), 'of the host\n');
    const script =
      'cat /proc/self/mountinfo; cat /a/secret /a/new/secret /b /c/* 2>/dev/null; touch /a/new/mark /c/mark 2>/dev/null; true';
    const bundle = sandbox.script(script, (config) => {
      config.mounts?.push(
        { destination: '/a/new/deep', type: 'tmpfs', source: 'raced' },
        { destination: '/b', type: 'none', source: '/etc/hostname', options: ['bind'] },
        { destination: '/c', type: 'tmpfs', source: 'raced', options: ['tmpcopyup'] },
      );
      if (config.linux) {
        config.linux.devices = [{ path: '/a/device', type: 'c', major: 1, minor: 3 }];
        config.linux.maskedPaths?.push('/a/masked', '/b');
        config.linux.readonlyPaths?.push('/c');
      }
      if (config.process) config.process.cwd = '/a/cwd/here';
      if (config.root) config.root.readonly = false;
    });
    const inRoot = (name: string) => join(bundle.rootfs, name);
    mkdirSync(inRoot('a'));
    mkdirSync(inRoot('c'));
    writeFileSync(inRoot('b'), '');
    for (const name of ['a', 'c']) symlinkSync(prey, inRoot(`${name}-link`));
    symlinkSync(join(prey, 'secret'), inRoot('b-link'));
    swap(sandbox, ...['a', 'b', 'c'].flatMap((name) => [inRoot(name), inRoot(`${name}-link`)]));
    let worked = 0;
    let refused = 0;
    for (const end = Date.now() + time; Date.now() < end || worked + refused < enough; ) {
      const result = await sandbox.runBundle(bundle);
      assert.ok(!result.stdout.includes('of the host'), 'it read a file of the host');
      if (result.code === 0) {
        worked++;
        // Its own mounts lie in its own root, whatever they are called there.
        const mounts = parseMountinfo(result.stdout.slice(0, result.stdout.lastIndexOf(' - ')));
        assert.ok(mounts.length > 10);
      } else {
        refused++;
        expectRefusal(result, /\w/);
      }
      assert.deepEqual(readdirSync(prey), ['secret'], 'something was made on the host');
    }
    assert.equal(readFileSync(join(prey, 'secret'), 'utf8'), 'of the host\n');
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(prey));
    assert.ok(worked > 0, `${worked} worked, ${refused} were refused`);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('/proc that turns into a link and back: never written outside of a true procfs', () =>
  withSandbox(async (sandbox) => {
    const bundle = sandbox.script('stat -f -c %t /proc; cat /proc/sys/net/ipv4/ip_forward', (config) => {
      if (config.linux) config.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
      if (config.process) config.process.oomScoreAdj = 600;
    });
    const inRoot = (name: string) => join(bundle.rootfs, name);
    for (const name of ['fake/sys/net/ipv4', 'fake/self/attr']) mkdirSync(inRoot(name), { recursive: true });
    const decoys = ['fake/sys/net/ipv4/ip_forward', 'fake/self/oom_score_adj', 'fake/self/attr/exec'];
    for (const name of decoys) writeFileSync(inRoot(name), 'decoy');
    symlinkSync('fake', inRoot('proc-link'));
    swap(sandbox, inRoot('proc'), inRoot('proc-link'));
    let worked = 0;
    for (const end = Date.now() + time; Date.now() < end || worked < enough; ) {
      const result = await sandbox.runBundle(bundle);
      if (result.code === 0 && result.stdout.startsWith('9fa0')) worked++;
      else if (result.code !== 0 && result.stdout === '') expectRefusal(result, /\w/);
      for (const name of decoys) assert.equal(readFileSync(inRoot(name), 'utf8'), 'decoy', name);
    }
    // Positive control: now and then it comes out right.
    assert.ok(worked > 0);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

/** A volume that others change while a container is made: `name` in it turns into a link to `to` and back. */
function swappedVolume(sandbox: Sandbox, name: string, to: string): string {
  const volume = sandbox.directory();
  mkdirSync(join(volume, name));
  symlinkSync(to, join(volume, `${name}-link`));
  swap(sandbox, join(volume, name), join(volume, `${name}-link`));
  return volume;
}

test('a link into procfs that turns into a directory when it is looked at again: nothing is mounted in procfs', () =>
  withSandbox(async (sandbox) => {
    const volume = swappedVolume(sandbox, 'x', '/proc/sys');
    const bundle = sandbox.script('cat /proc/self/mountinfo', (config) => {
      config.mounts?.push({ destination: '/volume', type: 'none', source: volume, options: ['rbind'] });
      // Each is a try of its own.
      for (let index = 0; index < 8; index++)
        config.mounts?.push({ destination: '/volume/x', type: 'tmpfs', source: `raced-${index}` });
      mkdirSync(join(volume, 'y'), { recursive: true });
    });
    let refused = 0;
    await raceOften(async () => {
      const result = await sandbox.runBundle(bundle);
      if (result.code !== 0) {
        refused++;
        expectRefusal(result, /procfs through a symbolic link|inside the root/);
        return;
      }
      for (const { target, type } of parseMountinfo(result.stdout))
        assert.ok(type !== 'tmpfs' || !target.startsWith('/proc/sys'), `a tmpfs on ${target}`);
    });
    // Positive control: it was raced.
    assert.ok(refused > 0, 'no link was ever seen');
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('an overlay with many layers on a place that turns into a link: no mount lacks what restricts it', () =>
  withSandbox(async (sandbox) => {
    const volume = swappedVolume(sandbox, 'x', '/var');
    const layers = Array.from({ length: 12 }, () => sandbox.directory());
    const bundle = sandbox.script('cat /proc/self/mountinfo', (config) => {
      config.mounts?.push({ destination: '/volume', type: 'none', source: volume, options: ['rbind'] });
      for (let index = 0; index < 12; index++)
        config.mounts?.push({
          destination: '/volume/x',
          type: 'overlay',
          source: `raced-${index}`,
          // More than fsconfig(2) takes.
          options: [`lowerdir=${layers.join(':')}`, 'nosuid', 'nodev', 'noexec'],
        });
    });
    const places = new Set<string>();
    await raceOften(async () => {
      const result = await sandbox.runBundle(bundle);
      if (result.code !== 0) {
        expectRefusal(result, /\w/);
        return;
      }
      const overlays = parseMountinfo(result.stdout).filter(({ type }) => type === 'overlay');
      assert.equal(overlays.length, 12);
      for (const { target, options } of overlays) {
        // The directory goes on changing names, with what is mounted on it.
        places.add(target.startsWith('/volume/') ? 'the volume' : target);
        for (const option of ['nosuid', 'nodev', 'noexec'])
          assert.ok(options.includes(option), `the overlay on ${target} has ${options}`);
      }
    });
    // Positive control: they came to lie in both places.
    assert.deepEqual([...places].sort(), ['/var', 'the volume']);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

/** fchmodat2(2), which is there since Linux 6.6. */
const hideChmodOfDescriptors = hideCall(452);

test('a device that trades names with a file while its owner and mode are set: the file keeps its own', () =>
  withSandbox(async (sandbox) => {
    const devices = 12;
    const bundle = sandbox.script('true', (config) => {
      if (config.linux)
        config.linux.devices = Array.from({ length: devices }, (_, index) => ({
          path: `/a/device-${index}`,
          type: 'c',
          major: 1,
          minor: 3,
          fileMode: 0o666,
          uid: 1000,
          gid: 1000,
        }));
    });
    const names = Array.from({ length: devices }, (_, index) =>
      ['device', 'file'].map((what) => join(bundle.rootfs, 'a', `${what}-${index}`)),
    );
    mkdirSync(join(bundle.rootfs, 'a'));
    for (const [device = '', file = ''] of names) {
      execFileSync('mknod', ['-m', '600', device, 'c', '1', '3']);
      writeFileSync(file, '', { mode: 0o600 });
    }
    swap(sandbox, ...names.flat());
    let rounds = 0;
    const seen = new Set<string>();
    await raceOften(async () => {
      const older = (rounds++ & 1) === 1;
      const words = ['run', '--bundle', bundle.directory, sandbox.id()];
      const result = await (older ? callFrom(sandbox, hideChmodOfDescriptors, words) : sandbox.tsoci(words));
      if (result.code !== 0) expectRefusal(result, /device-|file-|root/);
      for (const path of names.flat()) {
        const descriptor = openSync(path, 'r');
        const status = fstatSync(descriptor);
        closeSync(descriptor);
        const given = `${(status.mode & 0o777).toString(8)} ${status.uid}`;
        if (status.isFile()) assert.equal(given, '600 0', path);
        else if (given === '666 1000') seen.add(older ? 'an older kernel' : 'this kernel');
      }
      for (const path of names.flat()) {
        const descriptor = openSync(path, 'r');
        if (fstatSync(descriptor).isCharacterDevice()) {
          fchmodSync(descriptor, 0o600);
          fchownSync(descriptor, 0, 0);
        }
        closeSync(descriptor);
      }
    });
    // Positive control: owners and modes were set all the while.
    assert.equal(seen.size, 2);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('/proc and /sys that get other names after they were mounted: what hides parts of them goes along', () =>
  withSandbox(async (sandbox) => {
    const script = 'cat /proc/self/mountinfo 2>/dev/null || cat /proc-other/self/mountinfo';
    const bundle = sandbox.script(script, (config) => {
      config.linux?.maskedPaths?.push('/sys/kernel');
    });
    const names = ['proc', 'proc-other', 'sys', 'sys-other'].map((name) => join(bundle.rootfs, name));
    for (const name of names) mkdirSync(name, { recursive: true });
    swap(sandbox, ...names);
    const masked = ['kcore', 'keys', 'timer_list'].filter((name) => existsSync(`/proc/${name}`));
    assert.ok(masked.length > 0);
    const seen = new Set<string>();
    let refused = 0;
    const round = async () => {
      const result = await sandbox.runBundle(bundle);
      if (result.code !== 0) {
        refused++;
        expectRefusal(result, /\w/);
        return;
      }
      const mounts = parseMountinfo(result.stdout);
      for (const { id, type, root, target } of mounts) {
        if (root !== '/' || (type !== 'proc' && type !== 'sysfs')) continue;
        seen.add(target);
        // By the mount that it lies on: names change while this list is made.
        const on = (name: string) =>
          mounts.find((mount) => mount.parent === id && mount.target.endsWith(`/${name}`));
        if (type === 'proc') {
          assert.ok(on('sys')?.options.includes('ro'), `${target}/sys can be written`);
          for (const name of masked) assert.ok(on(name), `${target}/${name} can be seen`);
        } else assert.ok(on('kernel')?.options.includes('ro'), `${target}/kernel can be seen`);
      }
    };
    await raceOften(round, () => seen.size === 4);
    // Positive control: they were found under both names.
    assert.deepEqual([...seen].sort(), ['/proc', '/proc-other', '/sys', '/sys-other'], `${refused} refused`);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('a read-only tmpfs and a remount on places that turn into links: no other mount is changed, none is forgotten', () =>
  withSandbox(async (sandbox) => {
    const volume = swappedVolume(sandbox, 'x', '/tmp');
    const tmpfs = (source: string, options: string[]) => ({
      destination: '/volume/x',
      type: 'tmpfs',
      source,
      options,
    });
    const bundle = sandbox.script('cat /proc/self/mountinfo', (config) => {
      config.mounts?.push(
        { destination: '/volume', type: 'none', source: volume, options: ['rbind'] },
        tmpfs('sealed', ['ro']),
        tmpfs('remounted', []),
        { destination: '/volume/x', type: 'none', options: ['remount', 'nosuid', 'noexec'] },
        tmpfs('plain', []),
      );
      if (config.root) config.root.readonly = false;
    });
    const places = new Set<string>();
    const round = async () => {
      const mounts = parseMountinfo(expectSuccess(await sandbox.runBundle(bundle)).stdout);
      for (const { source, target, options } of mounts) {
        if (source === 'sealed') assert.ok(options.includes('ro'), `${target} ${options}`);
        if (source === 'remounted') assert.ok(options.includes('noexec'), `${target} ${options}`);
        if (source === 'plain') {
          assert.ok(!options.includes('ro') && !options.includes('noexec'), `${target} ${options}`);
          places.add(target.startsWith('/volume/') ? 'the volume' : target);
        }
      }
      for (const source of ['sealed', 'remounted', 'plain'])
        assert.ok(
          mounts.some((mount) => mount.source === source),
          source,
        );
    };
    await raceOften(round, () => places.size === 2);
    assert.deepEqual([...places].sort(), ['/tmp', 'the volume']);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('tmpcopyup of files that trade names: none gets the owner and the set-user-ID of another', () =>
  withSandbox(async (sandbox) => {
    const pairs = 2;
    const script = 'for file in /c/*; do stat -c "%a %u" $file; cat $file; done | paste -d " " - -';
    const bundle = sandbox.script(script, (config) => {
      config.mounts?.push({ destination: '/c', type: 'tmpfs', source: 'raced', options: ['tmpcopyup'] });
    });
    const directory = join(bundle.rootfs, 'c');
    mkdirSync(directory);
    for (let index = 0; index < pairs; index++) {
      const [good, evil] = [join(directory, `${index}-a`), join(directory, `${index}-b`)];
      writeFileSync(good, 'good\n');
      chmodSync(good, 0o4755);
      writeFileSync(evil, 'evil\n');
      chmodSync(evil, 0o644);
      chownSync(evil, 1000, 1000);
    }
    swap(
      sandbox,
      ...readdirSync(directory)
        .sort()
        .map((name) => join(directory, name)),
    );
    const seen = new Set<string>();
    await raceOften(async () => {
      const result = await sandbox.runBundle(bundle);
      if (result.code !== 0) expectRefusal(result, /copying/);
      else for (const line of result.stdout.trim().split('\n')) seen.add(line);
    });
    assert.deepEqual([...seen].sort(), ['4755 0 good', '644 1000 evil']);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test.run();
