/** Podman, Buildah, and conmon alone. */
import { strict as assert } from 'node:assert';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testConfig } from '../integration/support/bundle.ts';
import { compileTell } from '../integration/support/probe.ts';
import type { CommandResult } from '../integration/support/runtime.ts';
import { expectSuccess } from '../integration/support/sandbox.ts';
import { ServiceManager } from '../integration/support/service-manager.ts';
import { until } from '../integration/support/wait.ts';
import { cgroupParent } from './support/cgroup-manager.ts';
import { engineRuntime } from './support/engine-runtime.ts';
import { engineSuite } from './support/engine-suite.ts';
import { makeTestRootfs } from './support/image.ts';
import { image, Podman } from './support/podman.ts';

const test = engineSuite('Podman', ['podman', 'conmon'], () => Podman.open());

const refused = (result: CommandResult, code: number, message: RegExp): void => {
  assert.match(result.stderr, message);
  assert.equal(result.code, code, result.stderr);
};

/** runc has nothing of what crun's users know. */
const testLikeCrun = (name: string, body: (engine: Podman) => Promise<void>): void => {
  if (!engineRuntime.endsWith('/runc')) test(name, body);
};

const loop = 'trap "echo got the signal; exit 6" TERM; echo up; while :; do sleep 0.05; done';

test('run: output, status, streams, standard input, a terminal', async (engine) => {
  const { code, stdout, stderr } = await engine.run(['sh', '-c', 'echo out; echo err >&2; exit 9']);
  assert.deepEqual([code, stdout, stderr], [9, 'out\n', 'err\n']);
  const echoed = await engine.run(['cat'], ['--interactive'], { input: 'from outside\n' });
  assert.equal(expectSuccess(echoed).stdout, 'from outside\n');
  const steps = [{ expect: '# ', type: 'tty; sleep 0.5; stty size; exit 5\n' }];
  const session = await engine.terminal(['sh'], steps);
  assert.match(session.output, /\/dev\/pts\/0\r\n30 100\r\n/);
  assert.equal(session.code, 5);
});

test('run: 127 for a missing command, 126 for what may not be run or mounted', async (engine) => {
  refused(
    await engine.run(['missing']),
    127,
    /executable file not found in \$PATH.*command that was not found/,
  );
  refused(await engine.run(['/missing']), 127, /no such file or directory/);
  refused(await engine.run(['/etc/not-executable']), 126, /permission denied/);
  writeFileSync(engine.path('file'), '');
  refused(
    await engine.run(['true'], ['--volume', `${engine.path('file')}:/etc`]),
    126,
    /\/etc.*not a directory/,
  );
});

test('limits, capabilities, seccomp, user, read-only root, tmpfs, volumes, init', async (engine) => {
  const limits = ['--memory', '64m', '--cpus', '0.5', '--pids-limit', '20'];
  const read = 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max';
  assert.equal(await engine.output(read, limits), '67108864\n50000\n20\n');
  assert.match(
    await engine.output('grep CapEff /proc/self/status', ['--cap-drop', 'all']),
    /\t0000000000000000/,
  );
  assert.match(await engine.output('cat /proc/self/status'), /Seccomp:\t2\n/);
  assert.match(await engine.output('id', ['--user', 'user']), /^uid=1000\(user\) gid=1000\(user\)/);
  refused(await engine.run(['touch', '/x'], ['--read-only']), 1, /Read-only file system/);
  assert.equal(await engine.output('touch /t/x && echo ok', ['--tmpfs', '/t']), 'ok\n');
  assert.match(await engine.output('ps', ['--init']), /^ +1 root +\/\S+ -- /m);
  await engine.output('echo kept > /v/file', ['--volume', 'first:/v']);
  assert.equal(await engine.output('cat /v/file', ['--volume', 'first:/v:ro']), 'kept\n');
  const name = await engine.running(loop);
  await engine.logged(name, 'up');
  await engine.ok(['rm', '--force', name]);
});

test('user namespaces: --uidmap and --userns=auto', async (engine) => {
  const read = 'cat /proc/self/uid_map; touch /tmp/x && stat -c %u /tmp/x; id -u';
  assert.match(await engine.output(read, ['--uidmap', '0:100000:65536']), /^\s+0\s+100000\s+65536\n0\n0\n$/);
  assert.match(await engine.output(read, ['--userns=auto']), /^\s+0\s+[2-9]\d{5}\s+\d+\n0\n0\n$/);
});

test('exec, top, stats, pause, logs, stop, start, restart, kill, wait', async (engine) => {
  const name = await engine.running(loop);
  await engine.logged(name, 'up');
  const result = await engine.podman([
    'exec',
    '--user',
    'user',
    '--env',
    'A=b',
    name,
    'sh',
    '-c',
    'id -u; echo $A; exit 5',
  ]);
  assert.deepEqual([result.code, result.stdout], [5, '1000\nb\n']);
  const echoed = await engine.podman(['exec', '--interactive', name, 'cat'], { input: 'in\n' });
  assert.equal(expectSuccess(echoed).stdout, 'in\n');
  refused(await engine.podman(['exec', name, 'missing']), 127, /executable file not found in \$PATH/);
  refused(await engine.podman(['exec', name, '/etc/not-executable']), 126, /permission denied/);
  assert.match(await engine.ok(['top', name, 'pid', 'comm']), /^1 +sh/m);
  assert.match(await engine.ok(['stats', '--no-stream', '--format', '{{.PIDs}}', name]), /^[12]\n$/);
  await engine.ok(['pause', name]);
  assert.equal(await engine.inspect(name, '{{.State.Status}}'), 'paused');
  await engine.ok(['unpause', name]);
  await engine.ok(['stop', name]);
  assert.equal(await engine.inspect(name, '{{.State.Status}} {{.State.ExitCode}}'), 'exited 6');
  assert.equal(await engine.ok(['logs', name]), 'up\ngot the signal\n');
  await engine.ok(['start', name]);
  await engine.ok(['restart', '--time', '5', name]);
  await engine.ok(['kill', name]);
  assert.equal(await engine.ok(['wait', name]), '137\n');
  await engine.ok(['rm', '--force', name]);
});

testLikeCrun('--cgroups=disabled: the process stays in the cgroups of whoever called', async (engine) => {
  const where = 'cat /proc/self/cgroup';
  const own = await engine.output(where);
  assert.match(own, new RegExp(cgroupParent(engine.name)));
  const disabled = await engine.podman([
    'run',
    '--rm',
    '--network',
    'none',
    '--cgroups=disabled',
    image,
    'sh',
    '-c',
    where,
  ]);
  assert.doesNotMatch(expectSuccess(disabled).stdout, /libpod|conmon.*\/tsoci/);
  assert.doesNotMatch(disabled.stdout, new RegExp(cgroupParent(engine.name)));
  const name = 'without-cgroups';
  await engine.ok([
    'run',
    '--detach',
    '--name',
    name,
    '--network',
    'none',
    '--cgroups=disabled',
    image,
    'sh',
    '-c',
    loop,
  ]);
  await engine.logged(name, 'up');
  assert.equal(await engine.ok(['exec', name, 'echo', 'in']), 'in\n');
  await engine.ok(['stop', name]);
  assert.equal(await engine.inspect(name, '{{.State.ExitCode}}'), '6');
  await engine.ok(['rm', name]);
});

test('--sdnotify=container: what the container says gets to the service manager, and nothing before', async (engine) => {
  const children: ChildProcess[] = [];
  const manager = await ServiceManager.listen({
    directory: () => engine.path(),
    endsWith: (child) => children.push(child),
  });
  try {
    const name = 'notifies';
    const script = 'echo up; until test -e /go; do sleep 0.05; done; /tell READY=1; exec sleep 1000';
    const volume = ['--volume', `${compileTell()}:/tell:ro`];
    const options = ['--detach', '--name', name, '--network', 'none', '--sdnotify=container', ...volume];
    const run = engine.podman(['run', ...options, image, 'sh', '-c', script], {
      env: { ...engine.environment, NOTIFY_SOCKET: manager.address },
    });
    await until('it exists', async () => (await engine.podman(['container', 'exists', name])).code === 0);
    await engine.logged(name, 'up');
    const isReady = () => manager.notices.some(({ text }) => text.split('\n').includes('READY=1'));
    assert.equal(isReady(), false);
    await engine.ok(['exec', name, 'touch', '/go']);
    await until('it is ready', isReady);
    manager.pass();
    expectSuccess(await run);
    await engine.ok(['rm', '--force', '--time', '0', name]);
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
});

testLikeCrun('--group-add keep-groups: the groups of whoever called stay', async (engine) => {
  const groups = 'sed -n "s/^Groups:[[:space:]]*//p" /proc/self/status';
  const kept = await engine.withGroups('0,4711,4712', ['--group-add', 'keep-groups'], ['sh', '-c', groups]);
  assert.equal(kept.trim(), '0 4711 4712');
  const gone = await engine.withGroups('0,4711,4712', [], ['sh', '-c', groups]);
  assert.doesNotMatch(gone, /4711/);
});

test(
  'pods: two containers share what a pod shares',
  async (engine) => {
    await engine.ok(['pod', 'create', '--name', 'two', '--network', 'none', '--hostname', 'shared']);
    const run = (name: string, script: string) =>
      engine.ok(['run', '--detach', '--pod', 'two', '--name', name, image, 'sh', '-c', script]);
    await run('first', 'while :; do echo hello from first | nc -l -p 8080; done');
    await run('second', 'until nc 127.0.0.1 8080 </dev/null; do sleep 0.1; done; hostname; sleep 1000');
    await engine.logged('second', 'shared');
    assert.match(await engine.ok(['logs', 'second']), /^hello from first\nshared\n$/m);
    assert.match(
      await engine.ok(['pod', 'ps', '--format', '{{.Name}} {{.Status}} {{.NumberOfContainers}}']),
      /^two Running 3$/m,
    );
    await engine.ok(['pod', 'stop', '--time', '1', 'two']);
    await engine.ok(['pod', 'rm', '--force', 'two']);
  },
  ['catatonit'],
);

test(
  'play kube: a small pod, with an environment, a limit and an init container',
  async (engine) => {
    const file = engine.path('pod.yaml');
    writeFileSync(
      file,
      `apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  hostNetwork: true
  restartPolicy: Never
  volumes: [{name: shared, emptyDir: {}}]
  initContainers:
  - name: before
    image: ${image}:latest
    imagePullPolicy: Never
    command: [sh, -c, "echo from before > /shared/file"]
    volumeMounts: [{name: shared, mountPath: /shared}]
  containers:
  - name: main
    image: ${image}:latest
    imagePullPolicy: Never
    env: [{name: COLOUR, value: red}]
    command: [sh, -c, "cat /shared/file; echo $COLOUR; cat /sys/fs/cgroup/memory/memory.limit_in_bytes; exec sleep 1000"]
    volumeMounts: [{name: shared, mountPath: /shared}]
    resources: {limits: {memory: 32Mi}}
`,
    );
    await engine.ok(['play', 'kube', file]);
    await engine.logged('web-main', '33554432');
    assert.equal(await engine.ok(['logs', 'web-main']), 'from before\nred\n33554432\n');
    await engine.ok(['play', 'kube', '--down', file]);
  },
  ['catatonit'],
);

test(
  'buildah: from, run, config, commit; bud',
  async (engine) => {
    const runtime = ['--runtime', engineRuntime];
    const box = (await engine.buildah(['from', '--pull-never', image])).trim();
    await engine.buildah(['run', ...runtime, '--network', 'none', box, 'sh', '-c', 'id -u > /made']);
    await engine.buildah(['config', '--cmd', 'cat /made', box]);
    await engine.buildah(['commit', box, 'localhost/by-hand']);
    await engine.buildah(['rm', box]);
    assert.equal(await engine.ok(['run', '--rm', '--network', 'none', 'localhost/by-hand']), '0\n');
    const context = engine.path('context');
    mkdirSync(context);
    writeFileSync(
      join(context, 'Dockerfile'),
      `FROM ${image}\nRUN echo built > /made\nCMD ["cat", "/made"]\n`,
    );
    await engine.buildah([
      'bud',
      ...runtime,
      '--network',
      'none',
      '--pull-never',
      '--tag',
      'localhost/built',
      context,
    ]);
    assert.equal(await engine.ok(['run', '--rm', '--network', 'none', 'localhost/built']), 'built\n');
  },
  ['buildah'],
);

test('conmon alone, with a bundle made by hand', async (engine) => {
  const bundle = engine.path('bundle');
  makeTestRootfs(join(bundle, 'rootfs'));
  const id = `${engine.name}-by-hand`;
  const config = testConfig(['sh', '-c', 'echo out; echo err >&2; exit 4'], (each) => {
    if (each.linux) each.linux.cgroupsPath = `/${engine.name}/${id}`;
  });
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  const [root, exits, log] = [engine.path('conmon-root'), engine.path('exits'), engine.path('conmon.log')];
  mkdirSync(exits);
  const files = ['--bundle', bundle, '--container-pidfile', engine.path('box.pid'), '--exit-dir', exits];
  files.push('--socket-dir-path', engine.directory);
  const runtime = ['--runtime', engineRuntime, '--runtime-arg', `--root=${root}`];
  expectSuccess(
    await engine.command([
      'conmon',
      '--cid',
      id,
      '--cuuid',
      id,
      ...runtime,
      ...files,
      '--log-path',
      `k8s-file:${log}`,
    ]),
  );
  await until('create is done', () => existsSync(engine.path('box.pid')));
  expectSuccess(await engine.command([engineRuntime, '--root', root, 'start', id]));
  await until('conmon tells the end', () => existsSync(join(exits, id)));
  assert.equal(readFileSync(join(exits, id), 'utf8'), '4');
  assert.match(readFileSync(log, 'utf8'), / stdout F out\n/);
  assert.match(readFileSync(log, 'utf8'), / stderr F err\n/);
  expectSuccess(await engine.command([engineRuntime, '--root', root, 'delete', id]));
});

test.run();
