/** Who the program is. */

import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NO_SLOT, type Operation } from '../../src/plan/operations.ts';
import { execute, failWith, find, namespaceFlag, native, shell, step, succeed } from './support/stub.ts';
import { mount, stubSuite } from './support/stub-suite.ts';

const { test, bench, run } = stubSuite('the stub: identity', 1);

/** The directory becomes the root, without mounts. */
const enterRoot = (path: string): Operation[] => [
  step('prepare', 'open-path', { slot: 0, path }),
  step('pivot', 'enter-root', { slot: 0 }),
];

const CAP_KILL = 1n << 5n;
const CAP_CHOWN = 1n;

test('becomes the user with these groups, capabilities and mask', () => {
  const output = succeed(
    run([
      step('identity', 'bounding-set', { keep: CAP_KILL | CAP_CHOWN }),
      step('identity', 'umask', { mask: 0o27 }),
      step('identity', 'user', { uid: 1234, gid: 55, groups: [7, 8], setGroups: true }),
      step('identity', 'capabilities', {
        effective: CAP_KILL,
        permitted: CAP_KILL | CAP_CHOWN,
        inheritable: CAP_KILL,
        ambient: CAP_KILL,
      }),
      step('identity', 'no-new-privileges', {}),
      ...shell('umask; grep -E "Uid|Gid|Groups|Cap|NoNew" /proc/self/status'),
    ]),
  );
  assert.match(output, /^0027\nUid:(\t1234){4}\nGid:(\t55){4}\nGroups:\t7 8 \n/);
  assert.match(
    output,
    /CapInh:\t0+20\nCapPrm:\t0+20\nCapEff:\t0+20\nCapBnd:\t0+21\nCapAmb:\t0+20\nNoNewPrivs:\t1/,
  );
});

test('gives away streams that are the caller’s alone, and nothing else', () => {
  const directory = join(bench.directory, 'streams');
  mkdirSync(directory, { recursive: true });
  const file = (name: string, uid: number) => {
    writeFileSync(join(directory, name), '');
    chownSync(join(directory, name), uid, 77);
    return join(directory, name);
  };
  const O_WRONLY = 1;
  const device = statSync('/dev/null');
  const O_PATH = 0o10000000;
  const rows: readonly (readonly [name: string, path: string, flags: number, owner: string])[] = [
    ['own, written', file('own', 0), O_WRONLY, '1234:77'],
    ['of the other root, written', file('root', 555), O_WRONLY, '1234:77'],
    ['own, read', file('read', 0), 0, '0:77'],
    ['own, a handle only', file('handle', 0), O_PATH, '0:77'],
    ['of somebody else', file('else', 666), O_WRONLY, '666:77'],
    ['the user’s already', file('user', 1234), O_WRONLY, '1234:77'],
    ['a device', '/dev/null', O_WRONLY, `${device.uid}:${device.gid}`],
    ['a directory', directory, 0, '0:0'],
  ];
  for (const [name, path, flags, owner] of rows) {
    const descriptor = native.open(path, flags, 0);
    const outcome = run([step('identity', 'streams', { uid: 1234, root: 555 }), ...shell('true')], {
      input: descriptor,
    });
    native.close(descriptor);
    succeed(outcome);
    const { uid, gid } = statSync(path);
    assert.equal(`${uid}:${gid}`, owner, name);
  }
});

test('refuses an ambient capability that is not inheritable', () => {
  const capabilities = { effective: CAP_KILL, permitted: CAP_KILL, inheritable: 0n, ambient: CAP_KILL };
  failWith(
    run([step('identity', 'capabilities', capabilities), ...shell('true')]),
    1,
    /ambient capability 5/,
  );
});

test('an attempt at the working directory leaves a refusal to the next one', () => {
  const directory = join(bench.directory, 'private');
  mkdirSync(directory, { recursive: true });
  chmodSync(bench.directory, 0o755);
  chmodSync(directory, 0o700);
  const enter = (attempt: boolean, path = directory) =>
    step('identity', 'working-directory', { path, attempt });
  assert.equal(succeed(run([enter(true), enter(false, '/no/such'), ...shell('pwd')])), `${directory}\n`);
  failWith(run([enter(false, '/no/such'), ...shell('pwd')]), 2, /no\/such/);
  failWith(run([enter(true, '/no/such'), ...shell('pwd')]), 2, /no\/such/);
  const nobody = step('identity', 'become', { uid: 65534, gid: 65534, groups: 1 });
  failWith(run([nobody, enter(true), enter(false), ...shell('pwd')]), 13, /private/);
  assert.equal(succeed(run([nobody, enter(true), enter(false, '/'), ...shell('pwd')])), '/\n');
});

test('a working directory outside the root is refused (CVE-2024-21626)', () => {
  const root = join(bench.directory, 'jail');
  mkdirSync(join(root, 'proc'), { recursive: true });
  execFileSync('cp', ['/bin/busybox', join(root, 'sh')]);
  const leaked = native.open('/', 0, 0);
  const outcome = bench.run({
    operations: [
      step('namespaces', 'clone', { flags: namespaceFlag.mount, cgroup: NO_SLOT }),
      step('rootfs', 'propagation', { type: 1 << 18, recursive: true }),
      step('rootfs', 'open-tree', { slot: 1, path: root, recursive: false, noFollow: false }),
      step('rootfs', 'mount-root', { tree: 1, directory: NO_SLOT, path: root, privateParent: true }),
      mount('proc', '/proc', { root: 1 }),
      step('pivot', 'pivot', { root: 1, mode: 0, hidden: [] }),
      // The caller's own: of ours none is left by now.
      step('identity', 'working-directory', { path: '/proc/self/fd/3', attempt: false }),
      find('/sh'),
      step('exec', 'execute', { args: ['sh', '-c', 'pwd'], environment: [], preserve: 1 }),
    ],
    preserved: [leaked],
    slots: 2,
  });
  native.close(leaked);
  failWith(outcome, 1, /outside the container's root/);
});

test('nothing but sockets may be open when the identity begins: the stub looks itself', () => {
  const attempt = (descriptor: number) =>
    run(
      [
        step('identity', 'umask', { mask: 0o22 }),
        step('ready', 'close-slot', { slot: 0 }),
        ...shell('echo went on'),
      ],
      { inherited: [descriptor], slots: 1 },
    );
  const [socket, other] = native.socketPair();
  assert.equal(succeed(attempt(socket)), 'went on\n', 'positive control');
  const leaked = native.open('/', 0, 0);
  const outcome = attempt(leaked);
  failWith(outcome, 0, /descriptor 5 is still open/);
  assert.equal(outcome.output, '');
  for (const descriptor of [socket, other, leaked]) native.close(descriptor);
});
test('finds HOME, and keeps one that is given', () => {
  const home = (uid: number, environment: string[] = []) =>
    succeed(
      run([
        step('identity', 'home-directory', { uid }),
        ...shell('echo $HOME', ['PATH=/bin', ...environment]),
      ]),
    ).trim();
  assert.equal(home(0), '/root');
  assert.equal(home(4_000_000_000), '/');
  assert.equal(home(0, ['HOME=/own']), '/own');
  assert.equal(succeed(run(shell('echo $HOME', ['PATH=/bin']))).trim(), '/');
});

test('reads an odd /etc/passwd without harm', () => {
  const root = join(bench.directory, 'passwd-root');
  mkdirSync(join(root, 'etc'), { recursive: true });
  mkdirSync(join(root, 'proc'), { recursive: true });
  execFileSync('cp', ['/bin/busybox', join(root, 'sh')]);
  const home = (content: string | undefined) => {
    rmSync(join(root, 'etc/passwd'), { force: true, recursive: true });
    if (content !== undefined) writeFileSync(join(root, 'etc/passwd'), content);
    const outcome = run([
      ...enterRoot(root),
      step('identity', 'home-directory', { uid: 1000 }),
      find('/sh'),
      execute(['sh', '-c', 'echo $HOME']),
    ]);
    return succeed(outcome).trim();
  };
  assert.equal(home('a:x:0:0::/root:/bin/sh\nu:x:1000:1000::/home/u:/bin/sh\n'), '/home/u');
  assert.equal(home('u:x:1000:1000::/home/u:/bin/sh'), '/home/u', 'no newline at the end');
  assert.equal(home('u:x:1000:1000::/home/u'), '/home/u', 'no shell');
  assert.equal(home(`${'#'.repeat(9000)}\nu:x:1000:1000::/home/u:\n`), '/home/u', 'a long line before');
  assert.equal(home(`#${'x:'.repeat(4090)}\n\n:::\nu:x:1000:1000::/home/u:\n`), '/home/u');
  assert.equal(
    home(`${'x'.repeat(40_000)}:x:1000:1000:${'y'.repeat(40_000)}:/long:\nu:x:1000:1000::/home/u:\n`),
    '/long',
    'fields of any length',
  );
  assert.equal(
    home(`u:x:1000:1000::/${'h'.repeat(5000)}:\nu:x:1000:1000::/home/u:\n`),
    '/home/u',
    'what is no path',
  );
  assert.equal(home('u:x:01000000000000:1000::/home/u:\nu:x:+1000:0::/b:\nu:x:-1:0::/c:\n'), '/');
  assert.equal(home('u:x:1000:1000:::\n'), '/', 'empty');
  assert.equal(home(undefined), '/');
  mkdirSync(join(root, 'etc/passwd'));
  assert.equal(
    succeed(
      run([
        ...enterRoot(root),
        step('identity', 'home-directory', { uid: 0 }),
        find('/sh'),
        execute(['sh', '-c', 'echo $HOME']),
      ]),
    ).trim(),
    '/',
  );
  rmSync(join(root, 'etc/passwd'), { recursive: true });
  execFileSync('mkfifo', [join(root, 'etc/passwd')]);
  assert.equal(
    succeed(
      run([
        ...enterRoot(root),
        step('identity', 'home-directory', { uid: 0 }),
        find('/sh'),
        execute(['sh', '-c', 'echo $HOME']),
      ]),
    ).trim(),
    '/',
  );
});

test.run();
