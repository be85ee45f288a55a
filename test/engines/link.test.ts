/**
 * The truest test of a replacement: a link named `runc` that leads to tsoci, first in PATH, and nothing told to
 * anybody. The others in this directory name the runtime to each engine.
 */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cgroupsNamed } from '../integration/support/leftovers.ts';
import { expectSuccess } from '../integration/support/sandbox.ts';
import { until } from '../integration/support/wait.ts';
import { Containerd } from './support/containerd.ts';
import { Docker, image } from './support/docker.ts';
import { engineRuntime, isOurs } from './support/engine-runtime.ts';
import { engineSuite } from './support/engine-suite.ts';
import { processesNaming } from './support/laboratory.ts';

const directory = mkdtempSync(join(tmpdir(), 'tsoci-link-'));
symlinkSync(engineRuntime, join(directory, 'runc'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

/** For the daemon and what it starts. */
const firstInPath = `export PATH=${directory}:$PATH;`;

/** Debian's client; another one may come before it in PATH, and speak to newer daemons only. */
const client = '/usr/bin/docker';

const docker = engineSuite(
  'Docker, by a link named runc,',
  ['dockerd=docker.io', `${client}=docker.io`, 'containerd'],
  () => Docker.open([], firstInPath, false),
);

/** Records of running containers, wherever the daemon keeps them. */
function records(engine: Docker): string[] {
  const root = engine.path('exec/runtime-runc/moby');
  return existsSync(root)
    ? readdirSync(root).map((id) => readFileSync(join(root, id, 'state.json'), 'utf8'))
    : [];
}

docker('run and exec: the runtime that is called is the one behind the link', async (engine) => {
  const name = await engine.running('sleep 1000');
  const [record] = records(engine);
  if (isOurs) assert.equal(typeof JSON.parse(record ?? '{}').schema, 'number', record);
  assert.equal(await engine.inspect(name, '{{.HostConfig.Runtime}}'), 'runc');
  assert.equal(await engine.ok(['exec', '--user', 'user', name, 'id', '-u']), '1000\n');
  assert.equal(await engine.output('echo hello; id -u', ['--user', '1000']), 'hello\n1000\n');
  await engine.remove(name);
});

/** Builds with BuildKit, without a network. */
async function build(engine: Docker, dockerfile: string, options: readonly string[] = []) {
  const context = engine.path(`build-${Math.random().toString(36).slice(2)}`);
  mkdirSync(context);
  writeFileSync(join(context, 'Dockerfile'), dockerfile);
  const environment = { ...process.env, ...engine.environment, DOCKER_BUILDKIT: '1' };
  const argv = [client, 'build', '--network', 'none', '--progress', 'plain', ...options, context];
  return { argv, environment, run: () => engine.command(argv, { env: environment }) };
}

docker('BuildKit: a RUN as a user that writes to /dev/stdout and /dev/stderr', async (engine) => {
  const text = `FROM ${image}\nUSER 1000:1000\nRUN echo to-stdout > /dev/stdout && echo to-stderr > /dev/stderr && id -u\n`;
  const { stderr } = expectSuccess(await (await build(engine, text)).run());
  assert.match(stderr, /to-stdout/);
  assert.match(stderr, /to-stderr/);
});

docker('BuildKit: cache and tmpfs mounts; what a cache holds is there in the next build', async (engine) => {
  const step = (command: string) =>
    `FROM ${image}\nRUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch ${command}\n`;
  expectSuccess(
    await (
      await build(engine, step('echo kept > /cache/file && grep " /scratch tmpfs " /proc/mounts'))
    ).run(),
  );
  const { stderr } = expectSuccess(await (await build(engine, step('cat /cache/file && echo again'))).run());
  assert.match(stderr, /kept/);
});

docker('BuildKit: a failing RUN fails the build with its status', async (engine) => {
  const { code, stderr } = await (await build(engine, `FROM ${image}\nRUN exit 7\n`)).run();
  assert.notEqual(code, 0);
  assert.match(stderr, /exit code: 7/);
});

docker('BuildKit: a build that is cancelled in the middle leaves nothing', async (engine) => {
  const mark = `tsoci-cancelled-${process.pid}`;
  const { argv, environment } = await build(engine, `FROM ${image}\nRUN echo ${mark}; sleep 987654\n`);
  const before = cgroupsNamed('buildkit').length;
  const child = spawn(argv[0] as string, argv.slice(1), { env: environment, stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await until('the step runs', async () => processesNaming('987654').length > 0, 30);
  child.kill('SIGINT');
  await ended;
  await until('the step has ended', async () => processesNaming('987654').length === 0, 20);
  await until('its cgroup is gone', async () => cgroupsNamed('buildkit').length <= before, 20);
  const root = engine.path('data/buildkit/executor/runc');
  if (existsSync(root))
    await until(
      'its state is gone',
      async () => !readdirSync(root).some((name) => !name.startsWith('@')),
      20,
    );
});

docker.run();

const containerd = engineSuite('containerd, by a link named runc,', ['containerd', 'ctr=containerd'], () => {
  // The daemon and its shims inherit it.
  process.env['PATH'] = `${directory}:${process.env['PATH']}`;
  return Containerd.open(false);
});

containerd('its default: run, exec, delete, by the runtime behind the link', async (engine) => {
  const id = await engine.running(['sleep', '1000']);
  const record = readFileSync(engine.path('runtime', engine.name, id, 'state.json'), 'utf8');
  if (isOurs) assert.equal(typeof JSON.parse(record).schema, 'number', record);
  const script = ['sh', '-c', 'sleep 0.2; echo inside; exit 4'];
  const exec = await engine.ctr(['tasks', 'exec', '--exec-id', 'one', id, ...script]);
  assert.deepEqual([exec.code, exec.stdout], [4, 'inside\n']);
  await engine.remove(id);
  const { code, stdout } = await engine.run(['sh', '-c', 'echo hello; exit 7']);
  assert.deepEqual([code, stdout], [7, 'hello\n']);
});

containerd.run();
