/** Cgroups below a container's scope, as callers of crun ask for them: where systemd is PID 1, with cgroup v2. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { ConfigChange } from './support/bundle.ts';
import { pureV2, savedCgroup } from './support/cgroup-of.ts';
import { logged, patient, read, save, whyNoCriu, writable } from './support/checkpoints.ts';
import { runCommand, runtimeKind } from './support/runtime.ts';
import { expectRefusal, expectSuccess, Sandbox, withSandbox } from './support/sandbox.ts';
import { testWhere } from './support/skip.ts';
import { until } from './support/wait.ts';

const test = suite(`cgroups below a scope (${runtimeKind})`);
const here = pureV2 && existsSync('/run/systemd/system') && existsSync('/run/dbus/system_bus_socket');
const why = 'not a machine with systemd and cgroup v2 alone';
const mebibyte = 1024 * 1024;
const driver = ['--systemd-cgroup'];
const subgroup = { 'run.oci.systemd.subgroup': 's' };
const delegated = { ...subgroup, 'run.oci.delegate-cgroup': 'd' };

// Of the whole machine, as systemd mounts it; runc 1.1, which other tests ask beside us, mounts it without.
if (here) execFileSync('mount', ['-o', 'remount,nsdelegate,memory_recursiveprot', '/sys/fs/cgroup']);

interface Wish {
  readonly annotations?: Record<string, string>;
  /** With a user namespace, whose root this user of the host is. */
  readonly root?: number;
  readonly namespace?: boolean;
}

/** A limit, a private cgroup namespace unless told otherwise, and the cgroup to be written in /sys/fs/cgroup. */
const wish =
  ({ annotations = delegated, root, namespace = true }: Wish = {}): ConfigChange =>
  (config) => {
    Object.assign(config, { annotations });
    const { linux } = config;
    if (linux === undefined) return;
    linux.resources = { ...linux.resources, memory: { limit: 64 * mebibyte }, pids: { limit: 30 } };
    linux.namespaces = (linux.namespaces ?? []).filter(({ type }) => type !== 'cgroup');
    if (namespace) linux.namespaces.push({ type: 'cgroup' });
    const mount = config.mounts?.find(({ destination }) => destination === '/sys/fs/cgroup');
    if (mount?.options) mount.options = mount.options.filter((option) => option !== 'ro');
    if (root === undefined) return;
    linux.namespaces.push({ type: 'user' });
    const map = [{ containerID: 0, hostID: root, size: 65536 }];
    Object.assign(linux, { uidMappings: map, gidMappings: map });
  };

async function running(sandbox: Sandbox, change: ConfigChange) {
  const id = sandbox.id();
  const { directory } = sandbox.bundle(['sleep', '1000'], change);
  // The root of a user namespace has to reach it.
  chmodSync(directory, 0o755);
  expectSuccess(await sandbox.tsoci([...driver, 'create', '--bundle', directory, id]));
  expectSuccess(await sandbox.tsoci([...driver, 'start', id]));
  const scope = `/sys/fs/cgroup/system.slice/tsoci-${id}.scope`;
  const file = (...path: string[]) => readFileSync(join(scope, ...path), 'utf8').trim();
  const inside = async (script: string) =>
    expectSuccess(await sandbox.tsoci(['exec', id, 'sh', '-c', `{ ${script}; } 2>&1`])).stdout.trim();
  return { id, scope, file, inside };
}

testWhere(test, here, why, 'a subgroup is the container’s cgroup: limits, exec, pause, kill and delete', () =>
  withSandbox(async (sandbox) => {
    const { id, scope, file, inside } = await running(sandbox, wish({ annotations: subgroup }));
    const { pid } = await sandbox.state(id);
    assert.deepEqual([file('cgroup.procs'), file('s/cgroup.procs')], ['', String(pid)]);
    assert.equal(file('s/memory.max'), String(64 * mebibyte));
    assert.match(await inside('cat /proc/self/cgroup'), /^0::\/$/);
    expectSuccess(await sandbox.tsoci(['update', '--memory', '40M', '--pids-limit', '20', id]));
    assert.deepEqual([file('s/memory.max'), file('memory.max')], Array(2).fill(String(40 * mebibyte)));
    expectSuccess(await sandbox.tsoci(['pause', id]));
    assert.equal(file('s/cgroup.freeze'), '1');
    expectSuccess(await sandbox.tsoci(['resume', id]));
    const { stdout } = expectSuccess(await sandbox.tsoci(['ps', '--format', 'json', id]));
    assert.deepEqual(JSON.parse(stdout), [pid]);
    expectSuccess(await sandbox.tsoci(['kill', '--all', id, 'KILL']));
    await sandbox.stopped(id);
    expectSuccess(await sandbox.tsoci(['delete', id]));
    await until('the scope is gone', () => !existsSync(scope));
  }),
);

const attack = [
  'cat /proc/self/cgroup',
  '(echo max > /sys/fs/cgroup/memory.max) || true',
  '(echo max > /sys/fs/cgroup/pids.max) || true',
  'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max',
  'mkdir /sys/fs/cgroup/d/x && echo 0 > /sys/fs/cgroup/d/x/cgroup.procs && cat /proc/self/cgroup',
].join('; ');

for (const [what, more] of [
  ['', {}],
  [' with a user namespace', { root: 100_000 }],
] as const)
  testWhere(
    test,
    here,
    why,
    `what is delegated can be managed, what limits it cannot be changed${what}`,
    () =>
      withSandbox(async (sandbox) => {
        const { id, scope, file, inside } = await running(sandbox, wish(more));
        const { pid } = await sandbox.state(id);
        assert.deepEqual([file('s/cgroup.procs'), file('s/d/cgroup.procs')], ['', String(pid)]);
        assert.match(file('s/cgroup.subtree_control'), /\bmemory\b.*\bpids\b/);
        const lines = (await inside(attack)).split('\n');
        assert.equal(lines[0], '0::/d', 'exec is where the container’s process is');
        assert.equal(lines.filter((line) => /not permitted|denied/i.test(line)).length, 2, lines.join('\n'));
        assert.deepEqual(lines.slice(-3), [String(64 * mebibyte), '30', '0::/d/x']);
        if (!('root' in more))
          assert.equal(
            await inside('echo 9999360 > /sys/fs/cgroup/d/memory.max; echo done'),
            'done',
            'its own',
          );
        expectSuccess(await sandbox.tsoci(['update', '--memory', '40M', id]));
        assert.equal(file('s/memory.max'), String(40 * mebibyte));
        expectSuccess(await sandbox.tsoci(['pause', id]));
        assert.match(file('s/d/cgroup.events'), /frozen 1/);
        expectSuccess(await sandbox.tsoci(['resume', id]));
        const stats = expectSuccess(await sandbox.tsoci(['events', '--stats', id])).stdout;
        assert.equal(JSON.parse(stats).data.pids.limit, 30);
        expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
        await until('the scope is gone', () => !existsSync(scope));
      }),
  );

testWhere(
  test,
  here,
  why,
  'without a cgroup namespace it shows what is delegated alone, with either driver',
  () =>
    withSandbox(async (sandbox) => {
      const { id, scope, inside } = await running(sandbox, wish({ namespace: false }));
      assert.equal(await inside('cat /proc/self/cgroup'), `0::${scope.slice('/sys/fs/cgroup'.length)}/s/d`);
      assert.equal(
        await inside('cat /sys/fs/cgroup/memory.max; ls -d /sys/fs/cgroup/d 2>/dev/null; true'),
        'max',
      );
      expectSuccess(await sandbox.tsoci(['delete', '--force', id]));
      const plain = await sandbox.running(wish());
      const look = await sandbox.tsoci([
        'exec',
        plain,
        'cat',
        '/proc/self/cgroup',
        '/sys/fs/cgroup/memory.max',
      ]);
      assert.equal(expectSuccess(look).stdout, `0::/d\n${64 * mebibyte}\n`);
      assert.match(savedCgroup(sandbox, plain).delegated ?? '', /\/d$/);
    }),
);

const crun = existsSync('/usr/bin/crun');

testWhere(test, here && crun, `${why}, or crun is not there`, 'inside it looks as with crun', () =>
  withSandbox(async (sandbox) => {
    const beside = new Sandbox(['/usr/bin/crun']);
    // tsoci hands down what crun knows no limits of as well.
    const script = `${attack}; ls /sys/fs/cgroup/d | grep -v "^misc\\|^rdma"`;
    try {
      const shown = await Promise.all(
        [sandbox, beside].map(async (each) => {
          const { directory } = each.script(`{ ${script}; } 2>&1`, (config) => {
            config.ociVersion = '1.0.2';
            wish()(config);
          });
          return expectSuccess(await each.tsoci([...driver, 'run', '--bundle', directory, each.id()])).stdout;
        }),
      );
      assert.equal(shown[0], shown[1]);
    } finally {
      await beside.close();
    }
  }),
);

testWhere(test, here, why, 'names that are none are refused by their place, and change nothing', () =>
  withSandbox(async (sandbox) => {
    for (const annotations of [
      { 'run.oci.systemd.subgroup': '../x' },
      { 'run.oci.delegate-cgroup': '' },
    ] as Record<string, string>[]) {
      const { directory } = sandbox.bundle(['true'], wish({ annotations }));
      const result = await sandbox.tsoci([...driver, 'run', '--bundle', directory, sandbox.id()]);
      expectRefusal(
        result,
        new RegExp(`annotations.*${Object.keys(annotations)[0]}.*name of one cgroup`, 's'),
      );
    }
    assert.deepEqual(sandbox.leftovers(), []);
  }),
);

testWhere(test, here, why, 'exec from a cgroup namespace of its own: systemd moves who may not enter', () =>
  withSandbox(async (sandbox) => {
    const nested = ['systemd-run', '--scope', '--quiet', 'unshare', '--cgroup'];
    for (const [annotations, place] of [
      [{}, '/'],
      [delegated, '/d'],
    ] as const) {
      const { id } = await running(sandbox, wish({ annotations }));
      const saved = savedCgroup(sandbox, id);
      const own = `echo $$ > ${saved.delegated ?? saved.unified?.path}/cgroup.procs`;
      const alone = await runCommand([...nested, 'sh', '-c', own]);
      assert.notEqual(alone.code, 0, 'positive control: nobody enters from there by themselves');
      const words = ['--root', sandbox.root, 'exec', id, 'cat', '/proc/self/cgroup'];
      const result = await runCommand([...nested, ...sandbox.runtime, ...words]);
      assert.equal(expectSuccess(result).stdout, `0::${place}\n`);
    }
  }),
);

const noCriu = here ? whyNoCriu() : why;

testWhere(test, noCriu === undefined, noCriu ?? '', 'checkpoint and restore keep the place', () =>
  withSandbox(async (sandbox) => {
    const id = sandbox.id();
    const { directory } = sandbox.script('while :; do cat /proc/self/cgroup; sleep 0.2; done', (config) => {
      writable(config);
      wish()(config);
    });
    const first = await logged(sandbox, [...driver, 'run', '--detach', '--bundle', directory, id]);
    expectSuccess(first.result);
    await until('it runs', () => read(first.log).includes('0::/d'));
    const images = await save(sandbox, id);
    expectSuccess(await sandbox.tsoci(['delete', '--force', id], patient));
    const words = [...driver, 'restore', '--detach', '--image-path', images, '--bundle', directory, id];
    const { result, log } = await logged(sandbox, words);
    expectSuccess(result);
    await until('it goes on', () => read(log).includes('0::'));
    const saved = savedCgroup(sandbox, id);
    const { pid } = await sandbox.state(id);
    assert.equal(
      readFileSync(`${saved.delegated}/cgroup.procs`, 'utf8').split('\n').includes(String(pid)),
      true,
    );
    assert.match(readFileSync(`${saved.unified?.path}/cgroup.subtree_control`, 'utf8'), /memory/);
    assert.equal(readFileSync(`${saved.unified?.path}/memory.max`, 'utf8').trim(), String(64 * mebibyte));
    assert.match(read(log), /^0::\/d$/m);
    const exec = await sandbox.tsoci(['exec', id, 'cat', '/proc/self/cgroup']);
    assert.equal(expectSuccess(exec).stdout, '0::/d\n');
  }),
);

test.run();
