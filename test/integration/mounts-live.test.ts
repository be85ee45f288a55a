/** Mounts of a container that exists: `mounts add`, `mounts remove`, seen from inside and from the host. */
import { strict as assert } from 'node:assert';
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Mount } from '../../src/spec/config.ts';
import type { Bundle, ConfigChange } from './support/bundle.ts';
import { hostMounts, type MountLine, parseMountinfo } from './support/mountinfo.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { until } from './support/wait.ts';

const test = suite(`mounts of a container that exists (${runtimeKind})`);

const bind = (destination: string, source: string, ...options: string[]): Mount => ({
  destination,
  source,
  options: ['rbind', ...options],
});
const tmpfs = (destination: string, ...options: string[]): Mount => ({
  destination,
  type: 'tmpfs',
  source: 'tmpfs',
  options,
});

/** A running container, and what the tests ask of it. */
class Scene {
  readonly id: string;
  readonly bundle: Bundle;
  readonly #sandbox: Sandbox;

  private constructor(sandbox: Sandbox, bundle: Bundle, id: string) {
    this.#sandbox = sandbox;
    this.bundle = bundle;
    this.id = id;
  }

  static async create(sandbox: Sandbox, change: ConfigChange = () => undefined): Promise<Scene> {
    const bundle = sandbox.bundle(['sleep', '1000'], (config) => {
      if (config.root) config.root.readonly = false;
      change(config);
    });
    const scene = new Scene(sandbox, bundle, sandbox.id());
    expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, scene.id]));
    return scene;
  }

  static async running(sandbox: Sandbox, change?: ConfigChange): Promise<Scene> {
    const scene = await Scene.create(sandbox, change);
    expectSuccess(await sandbox.tsoci(['start', scene.id]));
    return scene;
  }

  /** `mounts add` or `mounts remove` of a list in a file. */
  mounts(action: 'add' | 'remove', list: unknown) {
    const file = join(this.#sandbox.directory(), 'list.json');
    writeFileSync(file, JSON.stringify(list));
    return this.#sandbox.tsoci(['mounts', action, this.id, file]);
  }

  async exec(script: string): Promise<string> {
    return (await this.#sandbox.tsoci(['exec', this.id, 'sh', '-c', script])).stdout;
  }

  /** Its mounts, by target; the last one of several. */
  async seen(): Promise<Map<string, MountLine>> {
    return new Map((await this.lines()).map((line) => [line.target, line]));
  }

  async lines(): Promise<MountLine[]> {
    const { pid } = await this.#sandbox.state(this.id);
    return parseMountinfo(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'));
  }

  /** Adds, and throws unless that worked. */
  async add(...list: readonly Mount[]): Promise<void> {
    expectSuccess(await this.mounts('add', list));
  }

  async remove(...destinations: readonly string[]): Promise<void> {
    expectSuccess(
      await this.mounts(
        'remove',
        destinations.map((destination) => ({ destination })),
      ),
    );
  }
}

function volume(sandbox: Sandbox): string {
  const directory = sandbox.directory();
  writeFileSync(join(directory, 'file'), 'of the host\n');
  return directory;
}

test('directories, files and file systems come and go, with their options; the host has none of them', () =>
  withSandbox(async (sandbox) => {
    const scene = await Scene.running(sandbox);
    const source = volume(sandbox);
    const before = await scene.lines();
    const host = hostMounts([source, scene.id]);
    const list = [
      bind('/new/place', source, 'ro', 'nosuid', 'nodev'),
      bind('/file', join(source, 'file')),
      tmpfs('/scratch', 'size=64k', 'ro', 'mode=711'),
      tmpfs('/scratch2', 'noexec'),
      { destination: '/queues', type: 'mqueue', source: 'mqueue' },
      { destination: '/devices', type: 'sysfs', source: 'sysfs', options: ['ro'] },
    ];
    expectSuccess(await scene.mounts('add', list));
    const seen = await scene.seen();
    assert.equal(await scene.exec('cat /new/place/file /file'), 'of the host\nof the host\n');
    for (const option of ['ro', 'nosuid', 'nodev'])
      assert.ok(seen.get('/new/place')?.options.includes(option), option);
    assert.ok(seen.get('/file')?.options.includes('rw'));
    assert.ok(seen.get('/scratch')?.options.includes('ro'), 'sealed');
    assert.ok(seen.get('/scratch')?.superOptions.includes('size=64k'));
    assert.equal(await scene.exec('stat -c %a /scratch'), '711\n');
    assert.equal(
      await scene.exec('touch /new/place/x /scratch/x 2>/dev/null; touch /scratch2/x && ls /scratch2'),
      'x\n',
    );
    assert.equal(seen.get('/queues')?.type, 'mqueue');
    assert.equal(seen.get('/devices')?.type, 'sysfs');
    // Of its own network namespace: lo and nothing else.
    assert.equal(await scene.exec('ls /devices/class/net'), 'lo\n');
    assert.deepEqual(hostMounts([source, scene.id]), host);
    expectSuccess(await scene.mounts('remove', list));
    assert.deepEqual(await scene.lines(), before);
    assert.ok(existsSync(join(scene.bundle.rootfs, 'new/place')), 'what was made to mount on stays');
  }));

test('a created and a paused container have their mounts as well; one that has stopped is refused', () =>
  withSandbox(async (sandbox) => {
    const scene = await Scene.create(sandbox);
    await scene.add(tmpfs('/created'));
    expectSuccess(await sandbox.tsoci(['start', scene.id]));
    expectSuccess(await sandbox.tsoci(['pause', scene.id]));
    await scene.add(tmpfs('/paused'));
    await scene.remove('/created');
    expectSuccess(await sandbox.tsoci(['resume', scene.id]));
    const seen = await scene.seen();
    assert.deepEqual([seen.has('/created'), seen.has('/paused')], [false, true]);
    expectSuccess(await sandbox.tsoci(['kill', scene.id, 'KILL']));
    await sandbox.stopped(scene.id);
    for (const action of ['add', 'remove'] as const)
      for (const list of [[tmpfs('/paused')], []])
        expectRefusal(await scene.mounts(action, list), /container not running: .* is stopped/);
    const nobody = await sandbox.tsoci(['mounts', 'add', sandbox.id(), '-'], { input: '[]' });
    expectRefusal(nobody, /does not exist/);
  }));

test('all or nothing: whichever mount fails, those before it are taken off again', () =>
  withSandbox(async (sandbox) => {
    const scene = await Scene.running(sandbox);
    const source = volume(sandbox);
    writeFileSync(join(scene.bundle.rootfs, 'a-file'), '');
    const before = await scene.lines();
    const good = [
      bind('/one', source),
      bind('/two', join(source, 'file')),
      tmpfs('/three', 'ro'),
      // On a mount of the same list.
      tmpfs('/one/file2'),
      tmpfs('/three'),
    ];
    const bad: readonly (readonly [Mount, RegExp])[] = [
      [bind('/a-file', source), /mounts\[\d\] \(\/a-file\).*something else than a directory/],
      [tmpfs('/four', 'sizzle=1'), /mounts\[\d\] \(\/four\).*sizzle/i],
      [bind('/four', '/nowhere/at/all'), /mounts\[\d\] \(\/four\).*no such file or directory/],
      [bind('/proc/self/attr', source), /mounts\[\d\]: .*inside \/proc/],
    ];
    mkdirSync(join(source, 'file2'));
    for (let at = 0; at <= good.length; at++) {
      for (const [mount, words] of bad) {
        expectRefusal(await scene.mounts('add', good.toSpliced(at, 0, mount)), words);
        assert.deepEqual(await scene.lines(), before, `${at} ${mount.destination}`);
      }
    }
    // Positive control: without the bad one it works, and nothing was remembered of what failed.
    expectRefusal(await scene.mounts('remove', good), /"\/one" was not added/);
    await scene.add(...good);
    assert.equal((await scene.lines()).length, before.length + good.length);
  }));

test('what cannot be recorded is taken back', () =>
  withSandbox(async (sandbox) => {
    const scene = await Scene.running(sandbox);
    const before = await scene.lines();
    const obstacle = join(sandbox.root, scene.id, 'state.json.new');
    mkdirSync(obstacle);
    expectRefusal(await scene.mounts('add', [tmpfs('/x'), tmpfs('/x/y')]), /state of container/);
    assert.deepEqual(await scene.lines(), before);
    rmSync(obstacle, { recursive: true });
    await scene.add(tmpfs('/x'));
  }));

test('remove takes off what was added and nothing else', () =>
  withSandbox(async (sandbox) => {
    const scene = await Scene.running(sandbox, (config) => {
      config.mounts?.push({ ...tmpfs('/configured') } as never);
    });
    const before = await scene.lines();
    for (const destination of ['/configured', '/proc', '/proc/kcore', '/', '/nowhere'])
      expectRefusal(
        await scene.mounts('remove', [{ destination }]),
        /mounts\[0\]\.destination: .* was not added by "mounts add"/,
      );
    await scene.add(tmpfs('/configured'), tmpfs('/other'));
    // One that is not there keeps the other from being taken off.
    expectRefusal(
      await scene.mounts('remove', [{ destination: '/other' }, { destination: '/proc' }]),
      /What was added: \/configured, \/other/,
    );
    assert.ok((await scene.seen()).has('/other'));
    expectRefusal(
      await scene.mounts('remove', [{ destination: '/other' }, { destination: '/./other/' }]),
      /is in the list already/,
    );
    await scene.remove('/configured/', '/other');
    assert.deepEqual(await scene.lines(), before, 'the one of config.json is still there');
    expectRefusal(await scene.mounts('remove', [{ destination: '/configured' }]), /Nothing was added/);
  }));

test('of a volume that is shared with the host the host keeps what is mounted in it', () =>
  withSandbox(async (sandbox) => {
    const volume = sandbox.directory();
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', volume]);
    sandbox.onClose(() => execFileSync('umount', ['-R', volume]));
    execFileSync('mount', ['--make-shared', volume]);
    mkdirSync(join(volume, 'below'));
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(volume, 'below')]);
    const before = hostMounts([volume]);
    const scene = await Scene.running(sandbox);
    const list = [bind('/data', volume, 'rshared')];
    expectSuccess(await scene.mounts('add', list));
    assert.ok((await scene.seen()).has('/data/below'), 'positive control: it is the container’s as well');
    expectSuccess(await scene.mounts('remove', list));
    assert.ok(!(await scene.seen()).has('/data'));
    assert.deepEqual(hostMounts([volume]), before);
  }));

test('several on one place go one after the other, and deep ones before what they lie on', () =>
  withSandbox(async (sandbox) => {
    const scene = await Scene.running(sandbox);
    const before = await scene.lines();
    await scene.add(tmpfs('/a', 'size=64k'), tmpfs('/a', 'size=128k'), tmpfs('/a/b'));
    await scene.remove('/a', '/a/b');
    assert.ok((await scene.seen()).get('/a')?.superOptions.includes('size=64k'));
    await scene.remove('/a');
    assert.deepEqual(await scene.lines(), before);
  }));

test('what the container has covered is not what remove takes off; what it has taken off itself is forgotten', () =>
  withSandbox(async (sandbox) => {
    const scene = await Scene.running(sandbox, (config) => {
      for (const set of ['bounding', 'effective', 'permitted'] as const)
        config.process?.capabilities?.[set]?.push('CAP_SYS_ADMIN');
    });
    await scene.add(tmpfs('/covered'), tmpfs('/taken'));
    expectSuccess(await sandbox.tsoci(['exec', scene.id, 'mount', '-t', 'tmpfs', 'own', '/covered']));
    expectSuccess(await sandbox.tsoci(['exec', scene.id, 'umount', '/taken']));
    const before = await scene.lines();
    const both = ['/taken', '/covered'].map((destination) => ({ destination }));
    expectRefusal(await scene.mounts('remove', both), /mounts\[1\] .*is not the mount that was added there/);
    assert.deepEqual(await scene.lines(), before);
    expectSuccess(await sandbox.tsoci(['exec', scene.id, 'umount', '/covered']));
    const { stderr } = expectSuccess(await scene.mounts('remove', both));
    assert.match(stderr, /what was added on "\/taken" was gone: the container has taken it off/);
    assert.doesNotMatch(stderr, /covered/);
    assert.ok(!(await scene.seen()).has('/covered'));
    expectRefusal(await scene.mounts('remove', both), /Nothing was added/);
  }));

test('in a user namespace: ids are those of the container, mapped mounts have theirs', () =>
  withSandbox(async (sandbox) => {
    const map = [
      { containerID: 0, hostID: 0, size: 1 },
      { containerID: 1, hostID: 300_001, size: 999 },
    ];
    const scene = await Scene.running(sandbox, (config) => {
      const linux = config.linux ?? {};
      linux.namespaces = [...(linux.namespaces ?? []), { type: 'user' }];
      linux.uidMappings = map;
      linux.gidMappings = map;
    });
    const source = volume(sandbox);
    chownSync(join(source, 'file'), 5, 5);
    await scene.add(
      bind('/plain', source),
      bind('/mapped', source, 'ridmap'),
      bind('/option', source, 'idmap=uids=@0-0-1#@5-7-1;gids=@0-0-10'),
      tmpfs('/scratch'),
    );
    const owners = await scene.exec(
      'stat -c %u:%g /plain/file /mapped/file /option/file /scratch; touch /scratch/x && echo x',
    );
    assert.equal(owners, '65534:65534\n5:5\n7:5\n0:0\nx\n');
    expectRefusal(await scene.mounts('add', [tmpfs('/y'), bind('/bin/sh', source)]), /not a directory/);
    await scene.remove('/plain', '/mapped', '/option', '/scratch');
    assert.ok(
      ![...(await scene.seen()).keys()].some((target) => /plain|mapped|option|scratch|^\/y/.test(target)),
    );
  }));

test('what is no list, and what only a new container can have, is refused with its place', () =>
  withSandbox(async (sandbox) => {
    const scene = await Scene.running(sandbox);
    const before = await scene.lines();
    for (const [list, words] of [
      [{ destination: '/x' }, /mounts: is an object/],
      [[{ destination: '/x', options: ['bind'] }], /mounts\[0\]\.source: is missing/],
      [[tmpfs('/x'), { destination: '/y', options: ['remount', 'ro'] }], /mounts\[1\].*remount/],
      [[{ destination: '/x', type: 'proc', source: 'proc' }], /"proc" shows the namespaces/],
      [
        [{ destination: '/x', type: 'ext4', source: '/dev/vda' }],
        /look for what it is made of in the container/,
      ],
      [[bind('/x', '/srv', 'idmap=0')], /mounts\[0\]\.options\[1\]: has "0", which is neither/],
    ] as const)
      expectRefusal(await scene.mounts('add', list), words);
    expectRefusal(await sandbox.tsoci(['mounts', 'mount', scene.id, '/dev/null']), /add/);
    expectRefusal(
      await sandbox.tsoci(['mounts', 'add', scene.id, '/nowhere']),
      /read the mounts from "\/nowhere"/,
    );
    assert.deepEqual(await scene.lines(), before);
    // An empty list is nothing to do; a list may come by standard input, and warns as config.json does.
    await scene.add();
    const input = JSON.stringify([{ destination: '/x', source: '/srv', options: ['bind', 'nosiud'] }]);
    const { stderr } = expectSuccess(
      await sandbox.tsoci(['--debug', 'mounts', 'add', scene.id, '-'], { input }),
    );
    assert.match(stderr, /mounts\[0\]\.options\[1\]: "nosiud".*did you mean "nosuid"/);
  }));

test('a container without a mount namespace has none of its own', () =>
  withSandbox(async (sandbox) => {
    const scene = await Scene.running(sandbox, (config) => {
      if (config.linux) {
        config.linux.namespaces = config.linux.namespaces?.filter(({ type }) => type !== 'mount') ?? [];
        config.linux.maskedPaths = [];
        config.linux.readonlyPaths = [];
      }
      config.mounts = [];
    });
    const host = hostMounts([scene.id]);
    expectRefusal(await scene.mounts('add', [tmpfs('/tmp')]), /has no mount namespace/);
    assert.deepEqual(hostMounts([scene.id]), host);
  }));

test('in a mount namespace of others they land in the root of this container', () =>
  withSandbox(async (sandbox) => {
    const holder = spawn('unshare', ['--mount', 'sleep', '1000'], { stdio: 'ignore' });
    sandbox.endsWith(holder);
    const own = readlinkSync('/proc/self/ns/mnt');
    await until('a mount namespace of others', () => {
      const program = readFileSync(`/proc/${holder.pid}/comm`, 'utf8');
      return program === 'sleep\n' && readlinkSync(`/proc/${holder.pid}/ns/mnt`) !== own;
    });
    const scene = await Scene.running(sandbox, (config) => {
      if (config.linux)
        config.linux.namespaces = [{ type: 'mount', path: `/proc/${holder.pid}/ns/mnt` }, { type: 'pid' }];
      delete config.hostname;
    });
    const source = volume(sandbox);
    const host = hostMounts([scene.bundle.directory]);
    await scene.add(bind('/added', source));
    assert.equal(await scene.exec('cat /added/file'), 'of the host\n');
    const theirs = readFileSync(`/proc/${holder.pid}/mountinfo`, 'utf8');
    assert.match(theirs, new RegExp(` ${scene.bundle.rootfs}/added `));
    assert.deepEqual(hostMounts([scene.bundle.directory]), host);
    await scene.remove('/added');
    assert.equal(await scene.exec('ls /added'), '');
  }));

test('plan --mounts shows the steps; a checkpoint is refused while something is added', () =>
  withSandbox(async (sandbox) => {
    const scene = await Scene.running(sandbox);
    const file = join(sandbox.directory(), 'list.json');
    writeFileSync(file, JSON.stringify([bind('/data', '/srv', 'ro'), tmpfs('/scratch')]));
    const { stdout } = expectSuccess(
      await sandbox.tsoci(['plan', '--bundle', scene.bundle.directory, '--mounts', file, '--format', 'json']),
    );
    const kinds = (JSON.parse(stdout) as { operations: { operation: string }[] }).operations.map(
      ({ operation }) => operation,
    );
    assert.deepEqual(kinds, [
      'open-proc',
      'open-tree',
      'join-slot',
      'open-path',
      'bind',
      'mount',
      'tell-mount',
      'tell-mount',
      'finish',
      'unmount',
      'unmount',
    ]);
    if (!existsSync('/usr/sbin/criu')) return;
    await scene.add(tmpfs('/scratch'));
    expectRefusal(
      await sandbox.tsoci(['checkpoint', '--image-path', join(sandbox.directory(), 'images'), scene.id]),
      /mounts that were added \(\/scratch\) cannot be restored/,
    );
  }));

test.run();
