/** Podman without root: everything, the runtime included, runs as an ordinary user in a user namespace. */
import { strict as assert } from 'node:assert';
import { chmodSync, chownSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CommandResult } from '../integration/support/runtime.ts';
import { expectSuccess } from '../integration/support/sandbox.ts';
import { until } from '../integration/support/wait.ts';
import { engineRuntime, isOurs } from './support/engine-runtime.ts';
import { engineSuite } from './support/engine-suite.ts';
import { makeRootfsArchive } from './support/image.ts';
import { Laboratory } from './support/laboratory.ts';

/** nobody: every machine has it, and it has no subordinate ids of its own. */
const user = 65_534;
const firstSubordinate = 400_000;

const configuration = `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

class RootlessPodman extends Laboratory {
  readonly #runtime = isOurs ? this.path('libexec/tsoci') : engineRuntime;

  static async open(): Promise<RootlessPodman> {
    const engine = new RootlessPodman('podman-rootless');
    // The checkout may lie where an ordinary user does not get.
    if (isOurs) cpSync(dirname(engineRuntime), engine.path('libexec'), { recursive: true });
    writeFileSync(engine.path('containers.conf'), configuration);
    writeFileSync(engine.path('subordinate'), `nobody:${firstSubordinate}:65536\n`);
    for (const [name, mode] of [
      ['home', 0o755],
      ['run', 0o700],
    ] as const) {
      mkdirSync(engine.path(name));
      chownSync(engine.path(name), user, user);
      chmodSync(engine.path(name), mode);
    }
    const archive = makeRootfsArchive(engine.directory);
    expectSuccess(
      await engine.podman(['import', '--change', 'ENV PATH=/usr/bin:/bin', archive, 'localhost/test']),
    );
    return engine;
  }

  /** @param groups the user's supplementary groups */
  podman(args: readonly string[], groups = ''): Promise<CommandResult> {
    const file = this.path('subordinate');
    const script = `mount --bind ${file} /etc/subuid; mount --bind ${file} /etc/subgid; cd ${this.path('home')}; exec "$@"`;
    const identity = ['setpriv', '--reuid', String(user), '--regid', String(user)];
    identity.push(...(groups === '' ? ['--clear-groups'] : ['--groups', groups]));
    const environment = [
      `HOME=${this.path('home')}`,
      `XDG_RUNTIME_DIR=${this.path('run')}`,
      `CONTAINERS_CONF=${this.path('containers.conf')}`,
      'PATH=/usr/bin:/bin:/usr/sbin:/sbin',
    ];
    const podman = ['podman', '--storage-driver', 'vfs', '--runtime', this.#runtime, ...args];
    return this.command([
      ...['unshare', '--mount', '--propagation', 'slave', 'sh', '-ec', script, 'sh'],
      ...[...identity, 'env', '--ignore-environment', ...environment, ...podman],
    ]);
  }

  override async close(): Promise<readonly string[]> {
    const left = (await this.podman(['ps', '--all', '--quiet'])).stdout.trim().split('\n').filter(Boolean);
    await this.podman(['rm', '--force', '--all', '--time', '0']);
    // Podman's own process that keeps the user namespace.
    await this.podman(['system', 'migrate']);
    return [...left.map((id) => `container ${id}`), ...(await super.close())];
  }
}

const needs = ['podman', 'conmon', 'newuidmap=uidmap', 'setpriv=util-linux'];
const test = engineSuite('Podman without root', needs, () => RootlessPodman.open());

const ofTest = ['--network', 'none', 'localhost/test'];

test('run: root inside is the user outside, the others are subordinate ids', async (engine) => {
  const script = 'id -u; cat /proc/self/uid_map; touch /tmp/x && chown 1000 /tmp/x && stat -c %u /tmp/x';
  const { stdout } = expectSuccess(await engine.podman(['run', '--rm', ...ofTest, 'sh', '-c', script]));
  assert.match(
    stdout,
    new RegExp(`^0\\n\\s+0\\s+${user}\\s+1\\n\\s+1\\s+${firstSubordinate}\\s+65536\\n1000\\n$`),
  );
  assert.equal((await engine.podman(['run', '--rm', ...ofTest, 'sh', '-c', 'exit 9'])).code, 9);
  assert.equal((await engine.podman(['run', '--rm', ...ofTest, 'missing'])).code, 127);
});

test('run --detach, exec, logs, stop', async (engine) => {
  const loop = 'trap "exit 6" TERM; echo up; while :; do sleep 0.05; done';
  expectSuccess(await engine.podman(['run', '--detach', '--name', 'box', ...ofTest, 'sh', '-c', loop]));
  await until('it is up', async () => (await engine.podman(['logs', 'box'])).stdout === 'up\n');
  assert.equal((await engine.podman(['exec', '--user', 'user', 'box', 'id', '-u'])).stdout, '1000\n');
  expectSuccess(await engine.podman(['stop', 'box']));
  const inspected = await engine.podman(['inspect', '--format', '{{.State.ExitCode}}', 'box']);
  assert.equal(expectSuccess(inspected).stdout, '6\n');
  expectSuccess(await engine.podman(['rm', 'box']));
});

test('--group-add keep-groups: what a group of the user may read is read inside', async (engine) => {
  const file = engine.path('of-the-group');
  writeFileSync(file, 'for the group\n');
  chownSync(file, 0, 4711);
  chmodSync(file, 0o640);
  const options = ['run', '--rm', '--volume', `${file}:/file:ro`];
  const read = [...ofTest, 'cat', '/file'];
  const kept = await engine.podman([...options, '--group-add', 'keep-groups', ...read], '4711');
  assert.equal(expectSuccess(kept).stdout, 'for the group\n');
  const gone = await engine.podman([...options, ...read], '4711');
  assert.match(gone.stderr, /Permission denied/);
});

test.run();
