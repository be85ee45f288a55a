/** All six kinds of hooks: their order, what they read, the namespaces they see, and what their failure does. */
import { strict as assert } from 'node:assert';
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Hook } from '../../src/spec/config.ts';
import type { ConfigChange } from './support/bundle.ts';
import { runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, type Sandbox, withSandbox } from './support/sandbox.ts';
import { until } from './support/wait.ts';

const test = suite(`hooks (${runtimeKind})`);

const kinds = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;
type Kind = (typeof kinds)[number];

const shell = (script: string, more: Partial<Hook> = {}): Hook => ({
  path: '/bin/sh',
  args: ['sh', '-c', script],
  env: ['PATH=/usr/bin:/bin'],
  ...more,
});

const hooking =
  (hooks: Partial<Record<Kind, Hook[]>>): ConfigChange =>
  (config) => {
    config.hooks = hooks as typeof config.hooks & object;
    if (config.root) config.root.readonly = false;
  };

/** A log on the host, and one in the container for the hook that runs there. */
class Log {
  readonly path: string;

  constructor(sandbox: Sandbox) {
    this.path = join(sandbox.directory(), 'log');
    writeFileSync(this.path, '');
  }

  /** A hook that notes its name and the state that it reads. */
  noting(name: string): Hook {
    return shell(`echo "${name} $(cat)" >> ${this.path}`);
  }

  lines(): string[] {
    return readFileSync(this.path, 'utf8').split('\n').filter(Boolean);
  }

  names(): string[] {
    return this.lines().map((line) => line.split(' ')[0] ?? '');
  }
}

test('each kind runs in its place, in order, with the state on standard input', () =>
  withSandbox(async (sandbox) => {
    const log = new Log(sandbox);
    const hooks = Object.fromEntries(
      kinds.map((kind) => [kind, [log.noting(kind), log.noting(`${kind}-2`)]]),
    );
    const bundle = sandbox.bundle(['sh', '-c', 'echo program >> /log; exec sleep 1000'], (config) => {
      hooking({ ...hooks, startContainer: [shell('echo "startContainer $(cat)" >> /log')] })(config);
      config.annotations = { key: 'value "quoted"' };
    });
    const inside = join(bundle.rootfs, 'log');
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id]));
    assert.deepEqual(log.names(), [
      'prestart',
      'prestart-2',
      'createRuntime',
      'createRuntime-2',
      'createContainer',
      'createContainer-2',
    ]);
    assert.ok(!existsSync(inside));
    const { pid } = await sandbox.state(id);
    expectSuccess(await sandbox.tsoci(['start', id]));
    assert.deepEqual(log.names().slice(6), ['poststart', 'poststart-2']);
    await until('the program notes itself', () => readFileSync(inside, 'utf8').endsWith('program\n'));
    const [first = '', second] = readFileSync(inside, 'utf8').split('\n');
    assert.match(first, /^startContainer \{/);
    assert.equal(second, 'program');
    expectSuccess(await sandbox.tsoci(['kill', id, 'KILL']));
    await sandbox.stopped(id);
    assert.equal(log.lines().length, 8);
    expectSuccess(await sandbox.tsoci(['delete', id]));
    assert.deepEqual(log.names().slice(8), ['poststop', 'poststop-2']);

    const common = {
      ociVersion: '1.3.0',
      id,
      bundle: bundle.directory,
      annotations: { key: 'value "quoted"' },
    };
    const statuses = {
      prestart: 'created',
      createRuntime: 'creating',
      createContainer: 'creating',
      poststart: 'running',
    };
    for (const line of [...log.lines(), first]) {
      const name = (line.split(' ')[0] ?? '').replace('-2', '');
      const state = JSON.parse(line.slice(line.indexOf('{')));
      if (name === 'poststop') assert.deepEqual(state, { ...common, status: 'stopped' });
      else if (name === 'startContainer') {
        // config.md: created. Its pid is that of the runtime's namespace.
        assert.deepEqual({ ...state, status: '' }, { ...common, pid, status: '' });
        assert.ok(['created', 'creating'].includes(state.status));
      } else assert.deepEqual(state, { ...common, pid, status: statuses[name as keyof typeof statuses] });
    }
  }));

test('the namespaces that each kind sees', () =>
  withSandbox(async (sandbox) => {
    const log = new Log(sandbox);
    const look = (name: string) =>
      shell(
        `echo "${name} $(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/net) $(hostname) $(test -e ${log.path} && echo host)" >> ${log.path}`,
      );
    const bundle = sandbox.bundle(
      ['sleep', '1000'],
      hooking({
        prestart: [look('prestart')],
        createRuntime: [look('createRuntime')],
        createContainer: [look('createContainer')],
        startContainer: [
          shell(
            'echo "startContainer $(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/net) $(hostname) $(ls -d /bin/busybox)" > /log',
          ),
        ],
        poststart: [look('poststart')],
        poststop: [look('poststop')],
      }),
    );
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id]));
    expectSuccess(await sandbox.tsoci(['start', id]));
    const { pid } = await sandbox.state(id);
    const theirs = [readlinkSync(`/proc/${pid}/ns/mnt`), readlinkSync(`/proc/${pid}/ns/net`)];
    const own = [readlinkSync('/proc/self/ns/mnt'), readlinkSync('/proc/self/ns/net')];
    expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
    for (const line of log.lines()) {
      const [name, mount, network, , host] = line.split(' ');
      const inContainer = name === 'createContainer';
      assert.deepEqual([mount, network], inContainer ? theirs : own, name);
      // createContainer: in the container's mount namespace, before the root is changed (config.md).
      assert.equal(host, 'host', name);
    }
    const [, mount, network, hostname, program] = readFileSync(join(bundle.rootfs, 'log'), 'utf8')
      .trim()
      .split(' ');
    assert.deepEqual([mount, network, hostname, program], [...theirs, 'tsoci', '/bin/busybox']);
  }));

test('a createContainer hook sees the mounts that the container will have', () =>
  withSandbox(async (sandbox) => {
    const log = new Log(sandbox);
    const bundle = sandbox.bundle(['true'], hooking({}));
    const config = JSON.parse(readFileSync(join(bundle.directory, 'config.json'), 'utf8'));
    config.hooks = {
      createContainer: [
        shell(
          `grep -c " ${bundle.rootfs}/proc " /proc/self/mountinfo >> ${log.path}; ls ${bundle.rootfs}/dev >> ${log.path}`,
        ),
      ],
    };
    writeFileSync(join(bundle.directory, 'config.json'), JSON.stringify(config));
    expectSuccess(await sandbox.runBundle(bundle));
    assert.equal(log.lines()[0], '1');
    assert.ok(log.lines().includes('null'));
  }));

for (const [kind, enter, place] of [
  // As by nvidia-cdi-hook, which is in the container's mount namespace already.
  ['createContainer', '', '/proc/$pid/root$root'],
  // As by nvidia-container-cli, which enters it by the pid.
  ['createRuntime', 'nsenter -t $pid -m ', '$root'],
] as const)
  test(`a ${kind} hook puts a library into the container, as those of GPUs do`, () =>
    withSandbox(async (sandbox) => {
      const library = join(sandbox.directory(), 'libgpu.so.1');
      writeFileSync(library, 'of the host\n');
      // It is told of nothing but the state: the bundle's config.json says where the root is. What it mounts is in
      // the container's mount namespace alone.
      const script = [
        'set -e',
        `state=$(cat); bundle=$(echo "$state" | sed 's/.*"bundle":"\\([^"]*\\)".*/\\1/'); pid=$(echo "$state" | sed 's/.*"pid":\\([0-9]*\\).*/\\1/')`,
        'root=$bundle/$(tr -d " \\n" <"$bundle/config.json" | sed \'s/.*"root":{[^}]*"path":"\\([^"]*\\)".*/\\1/\')',
        `test "$(${enter}readlink /proc/self/ns/mnt)" = "$(readlink /proc/$pid/ns/mnt)"`,
        `mkdir -p "$root/gpu" && : > "$root/gpu/libgpu.so.1"`,
        `${enter}mount --bind ${library} "${place}/gpu/libgpu.so.1"`,
        'ln -s libgpu.so.1 "$root/gpu/libgpu.so"',
      ].join('\n');
      const hook = shell(script, { env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'] });
      const bundle = sandbox.script(
        'cat /gpu/libgpu.so; grep -c " /gpu/libgpu.so.1 " /proc/self/mountinfo',
        (config) => {
          if (config.root) Object.assign(config.root, { path: 'rootfs', readonly: false });
          hooking({ [kind]: [hook] })(config);
        },
      );
      assert.equal(expectSuccess(await sandbox.runBundle(bundle)).stdout, 'of the host\n1\n');
      assert.equal(
        readFileSync(join(bundle.rootfs, 'gpu/libgpu.so.1'), 'utf8'),
        '',
        'the host has the place alone',
      );
    }));

test('prestart and createRuntime run after the namespaces are there, before the program can be reached', () =>
  withSandbox(async (sandbox) => {
    const log = new Log(sandbox);
    // What a network plugin does: take the pid from the state and work in its network namespace.
    const script = `pid=$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/'); readlink /proc/$pid/ns/net >> ${log.path}; nsenter -t $pid -n ip link set lo mtu 1234 && echo set >> ${log.path}`;
    const id = await sandbox.running(
      hooking({ createRuntime: [shell(script, { env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'] })] }),
    );
    const { pid } = await sandbox.state(id);
    assert.equal(log.lines()[0], readlinkSync(`/proc/${pid}/ns/net`));
    assert.equal(log.lines()[1], 'set');
    const { stdout } = expectSuccess(await sandbox.tsoci(['exec', id, 'cat', '/sys/class/net/lo/mtu']));
    assert.equal(stdout, '1234\n');
  }));

test('arguments and environment are the hook’s own, and nothing else', () =>
  withSandbox(async (sandbox) => {
    const log = new Log(sandbox);
    const script = `tr '\\0' '\\n' < /proc/self/environ >> ${log.path}; echo "$0 $1" >> ${log.path}`;
    const hook: Hook = {
      path: '/bin/sh',
      args: ['other-name', '-c', script, 'zero', 'one two'],
      env: ['A=1', 'B=x=y'],
    };
    expectSuccess(await sandbox.run(['true'], hooking({ prestart: [hook], createContainer: [hook] })));
    assert.deepEqual(log.lines(), ['A=1', 'B=x=y', 'zero one two', 'A=1', 'B=x=y', 'zero one two']);
  }));

test('a failing hook before the program: create or start fails, names it, undoes everything; poststop runs', () =>
  withSandbox(async (sandbox) => {
    for (const kind of ['prestart', 'createRuntime', 'createContainer'] as const) {
      const log = new Log(sandbox);
      const bundle = sandbox.bundle(
        ['true'],
        hooking({
          [kind]: [log.noting('before'), shell('echo complaint >&2; exit 17'), log.noting('never')],
          poststop: [log.noting('poststop')],
        }),
      );
      const id = sandbox.id();
      const result = await sandbox.tsoci(['create', '--bundle', bundle.directory, id]);
      expectRefusal(result, new RegExp(`hooks\\.${kind}\\[1\\] \\(/bin/sh\\).*exit status 17`));
      assert.match(result.stderr, /complaint/);
      assert.deepEqual(log.names(), ['before', 'poststop'], kind);
      assert.deepEqual(sandbox.leftovers(), []);
    }
  }));

test('a failing startContainer hook stops the container', () =>
  withSandbox(async (sandbox) => {
    const change = hooking({ startContainer: [shell('exit 3')] });
    const bundle = sandbox.bundle(['sh', '-c', 'echo began > /began'], change);
    const id = sandbox.id();
    expectSuccess(await sandbox.tsoci(['create', '--bundle', bundle.directory, id]));
    expectRefusal(await sandbox.tsoci(['start', id]), /hooks\.startContainer\[0\].*exit status 3/);
    assert.equal((await sandbox.state(id)).status, 'stopped');
    assert.ok(!existsSync(join(bundle.rootfs, 'began')));
    expectRefusal(await sandbox.runBundle(bundle), /hooks\.startContainer\[0\].*exit status 3/);
    assert.ok(!existsSync(join(bundle.rootfs, 'began')));
  }));

test('a failing poststart hook destroys the container (runtime.md, Lifecycle)', () =>
  withSandbox(async (sandbox) => {
    const log = new Log(sandbox);
    const change = hooking({
      poststart: [shell('exit 4'), log.noting('never')],
      poststop: [log.noting('poststop')],
    });
    const id = await sandbox.created(['sleep', '1000'], change);
    expectRefusal(await sandbox.tsoci(['start', id]), /hooks\.poststart\[0\].*exit status 4/);
    expectRefusal(await sandbox.tsoci(['state', id]), /does not exist/);
    assert.deepEqual(log.names(), ['poststop']);
    expectRefusal(await sandbox.run(['sleep', '1000'], change), /hooks\.poststart\[0\]/);
    assert.deepEqual(log.names(), ['poststop', 'poststop']);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('a failing poststop hook is a warning, and the others run', () =>
  withSandbox(async (sandbox) => {
    const log = new Log(sandbox);
    const result = await sandbox.run(
      ['true'],
      hooking({ poststop: [shell('exit 5'), log.noting('second')] }),
    );
    assert.equal(expectSuccess(result).code, 0);
    assert.match(result.stderr, /warning.*hooks\.poststop\[0\].*exit status 5/);
    assert.deepEqual(log.names(), ['second']);
  }));

test('a hook that takes longer than its timeout is ended, with its children', () =>
  withSandbox(async (sandbox) => {
    for (const kind of [
      'prestart',
      'createRuntime',
      'createContainer',
      'startContainer',
      'poststart',
    ] as const) {
      const began = Date.now();
      const mark = `987${process.pid % 1000}`;
      const result = await sandbox.run(
        ['sleep', '1000'],
        hooking({ [kind]: [shell(`sleep ${mark}; true`, { timeout: 1 })] }),
      );
      expectRefusal(result, new RegExp(`hooks\\.${kind}\\[0\\].*timed out after 1 s`));
      assert.ok(Date.now() - began >= 1000);
      assert.ok(Date.now() - began < 20_000);
      const { execFileSync } = await import('node:child_process');
      const left = execFileSync('sh', ['-c', `ps -eo args | grep -c "^sleep ${mark}" || true`], {
        encoding: 'utf8',
      });
      assert.equal(left.trim(), '0', kind);
    }
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('hooks that cannot be executed, and hooks killed by a signal', () =>
  withSandbox(async (sandbox) => {
    for (const kind of ['prestart', 'createRuntime', 'createContainer', 'startContainer'] as const) {
      const missing = await sandbox.run(['true'], hooking({ [kind]: [{ path: '/no/such/hook' }] }));
      expectRefusal(
        missing,
        new RegExp(`hooks\\.${kind}\\[0\\] \\(/no/such/hook\\).*(no such file|ENOENT)`, 'i'),
      );
      const killed = await sandbox.run(['true'], hooking({ [kind]: [shell('kill -KILL $$')] }));
      expectRefusal(killed, new RegExp(`hooks\\.${kind}\\[0\\].*(SIGKILL|signal 9)`));
    }
    const relative = await sandbox.run(['true'], hooking({ prestart: [{ path: 'relative' }] }));
    expectRefusal(relative, /hooks\.prestart\[0\]\.path.*absolute/);
    assert.deepEqual(sandbox.leftovers(), []);
  }));

test('a hook that reads nothing, writes much, or leaves a child behind', () =>
  withSandbox(async (sandbox) => {
    for (const script of [
      'exit 0',
      'head -c 300000 /dev/zero | tr "\\0" x',
      'exec <&-; exit 0',
      '(sleep 20 &) ; exit 0',
      'head -c 300000 /dev/zero | tr "\\0" y >&2',
    ]) {
      const began = Date.now();
      const result = await sandbox.run(
        ['echo', 'fine'],
        hooking({
          createRuntime: [shell(script)],
          createContainer: [shell(script)],
          poststart: [shell(script)],
        }),
      );
      assert.match(expectSuccess(result).stdout, /fine/, script);
      assert.ok(Date.now() - began < 15_000, script);
    }
  }));

test('hooks change nothing about the standard streams that the container gets', () =>
  withSandbox(async (sandbox) => {
    const hook = shell('true');
    const change = hooking({ prestart: [hook], createContainer: [hook], poststart: [hook] });
    const { stdout } = expectSuccess(
      await sandbox.run(['sh', '-c', 'cd /proc/self/fdinfo; grep -h flags 0 1 2'], change),
    );
    for (const line of stdout.trim().split('\n'))
      assert.equal(Number.parseInt(line.split('\t')[1] ?? '', 8) & 0o4000, 0, line);
    assert.equal(stdout.trim().split('\n').length, 3);
  }));

test('a large state is no hindrance, with hooks that read it and without any', () =>
  withSandbox(async (sandbox) => {
    const large: ConfigChange = (config) => {
      config.annotations = { big: 'x'.repeat(700_000) };
    };
    const id = await sandbox.running(large);
    assert.equal((await sandbox.state(id)).status, 'running');
    expectSuccess(await sandbox.run(['true'], large));
  }));

test('a large state reaches a hook whole', () =>
  withSandbox(async (sandbox) => {
    const log = new Log(sandbox);
    const result = await sandbox.run(['true'], (config) => {
      hooking({
        createRuntime: [shell(`wc -c >> ${log.path}`)],
        createContainer: [shell(`wc -c >> ${log.path}`)],
      })(config);
      config.annotations = { big: 'x'.repeat(500_000) };
    });
    expectSuccess(result);
    for (const line of log.lines()) assert.ok(Number(line) > 500_000);
    assert.equal(log.lines().length, 2);
  }));

test.run();
