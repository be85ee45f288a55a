import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CommandResult } from '../../integration/support/runtime.ts';
import { expectSuccess } from '../../integration/support/sandbox.ts';
import { until } from '../../integration/support/wait.ts';
import { bySystemd } from './cgroup-manager.ts';
import { engineRuntime } from './engine-runtime.ts';
import { makeImageArchive } from './image.ts';
import { Laboratory } from './laboratory.ts';

/**
 * `TSOCI_ENGINE_SHIM=1`: containerd's shim is ours as well, and holds the runtime; otherwise its own one calls it for
 * each step.
 */
const usesOurShim = (): boolean => process.env['TSOCI_ENGINE_SHIM'] === '1';

/**
 * What CRI needs to know of us: the documented file, with the runtime that is tested, and systemd where there is one.
 */
const documented = readFileSync(
  resolve(import.meta.dirname, '../../../docs/kubernetes/containerd.toml'),
  'utf8',
)
  .replace('BinaryName = "/usr/local/bin/tsoci"', `BinaryName = "${engineRuntime}"`)
  .replace('SystemdCgroup = true', `SystemdCgroup = ${bySystemd}`)
  .replace('version = 2\n', '');

/** Our shim, by the name that containerd wants one to have. */
function linkShim(lab: Laboratory): string {
  const path = lab.path('containerd-shim-tsoci-v2');
  if (!existsSync(path)) symlinkSync(engineRuntime, path);
  return path;
}

/** Of a type that is not its own, containerd hands on the path of a file with options alone. */
function withShim(lab: Laboratory): string {
  if (!usesOurShim()) return documented;
  linkShim(lab);
  const options = lab.path('shim.toml');
  writeFileSync(options, `Root = "${lab.path('cri-runtime')}"\n`);
  return documented
    .replace('runtime_type = "io.containerd.runc.v2"', 'runtime_type = "io.containerd.tsoci.v2"')
    .replace(/BinaryName = .*/, `ConfigPath = "${options}"`)
    .replace(/SystemdCgroup = .*/, '');
}

const configuration = (lab: Laboratory) => `
version = 2
root = "${lab.path('root')}"
state = "${lab.path('state')}"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "${lab.path('containerd.sock')}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:latest"
  restrict_oom_score_adj = true
  stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".cni]
  conf_dir = "${lab.path('cni')}"
[plugins."io.containerd.grpc.v1.cri".containerd]
  default_runtime_name = "tsoci"
  snapshotter = "overlayfs"
${withShim(lab)}
  Root = "${lab.path('cri-runtime')}"
`;

/** The image that tests run. */
export const image = 'localhost/test:latest';

/** Options of `ctr run` that name the runtime. */
export type RunOptions = readonly string[];

/** containerd in a directory of its own, with the test's images, and `ctr`. */
export class Containerd extends Laboratory {
  readonly socket = this.path('containerd.sock');
  /** What `ctr run` names. */
  ourShim = usesOurShim();
  #counter = 0;
  #daemon: ChildProcess | undefined;

  /** The shim is told which runtime to call; otherwise it calls the first `runc` in its PATH. */
  #told = true;

  static async open(told = true): Promise<Containerd> {
    const engine = new Containerd('containerd');
    engine.#told = told;
    const config = engine.path('config.toml');
    writeFileSync(config, configuration(engine));
    await engine.start();
    const archive = makeImageArchive(engine.directory);
    for (const namespace of [engine.name, 'k8s.io'])
      expectSuccess(
        await engine.ctr(['--namespace', namespace, 'images', 'import', '--all-platforms', archive]),
      );
    return engine;
  }

  async start(): Promise<void> {
    this.#daemon = await this.daemon(
      // It looks for shims in its PATH.
      [
        'env',
        `PATH=${this.directory}:${process.env['PATH']}`,
        'containerd',
        '--config',
        this.path('config.toml'),
      ],
      async () => (await this.ctr(['version'])).code === 0,
    );
  }

  /** The daemon dies without a word; its shims live on. */
  async crash(): Promise<void> {
    if (this.#daemon !== undefined) await this.end(this.#daemon, 'SIGKILL');
  }

  override async close(): Promise<readonly string[]> {
    const { stdout } = await this.ctr(['containers', 'list', '--quiet']);
    const left = stdout.trim().split('\n').filter(Boolean);
    for (const id of left) await this.remove(id);
    const leftovers = [...left.map((id) => `container ${id}`), ...(await super.close())];
    rmSync(`/run/containerd/tsoci/${this.name}`, { recursive: true, force: true });
    return leftovers;
  }

  ctr(args: readonly string[]): Promise<CommandResult> {
    return this.command(['ctr', '--address', this.socket, '--namespace', this.name, ...args]);
  }

  /** The command line of `ctr run`, for a container of that name. */
  runArguments(id: string, options: RunOptions, args: readonly string[]): string[] {
    if (this.ourShim) return ['run', '--runtime', linkShim(this), ...options, image, id, ...args];
    const binary = this.#told ? ['--runc-binary', engineRuntime] : [];
    const runtime = [...binary, '--runc-root', this.path('runtime')];
    return ['run', ...runtime, ...options, image, id, ...args];
  }

  /** Where the runtime keeps the state of this engine's containers. */
  get runtimeRoot(): string {
    return this.ourShim ? `/run/containerd/tsoci/${this.name}` : this.path('runtime', this.name);
  }

  id(): string {
    return `box-${this.#counter++}`;
  }

  /** Runs a command in the foreground and removes the container. */
  run(args: readonly string[], options: RunOptions = []): Promise<CommandResult> {
    return this.ctr(this.runArguments(this.id(), ['--rm', ...options], args));
  }

  /** Starts a container and gives its id. */
  async running(args: readonly string[], options: RunOptions = []): Promise<string> {
    const id = this.id();
    expectSuccess(await this.ctr(this.runArguments(id, ['--detach', ...options], args)));
    return id;
  }

  async status(id: string): Promise<string | undefined> {
    const { stdout } = expectSuccess(await this.ctr(['tasks', 'list']));
    const line = stdout.split('\n').find((each) => each.split(/\s+/)[0] === id);
    return line?.trim().split(/\s+/)[2];
  }

  async reached(id: string, status: string): Promise<void> {
    await until(`${id} is ${status}`, async () => (await this.status(id)) === status);
  }

  /** Ends a container's task and removes both. */
  async remove(id: string): Promise<void> {
    await this.ctr(['tasks', 'kill', '--signal', 'SIGKILL', '--all', id]);
    await until(`${id} is deleted`, async () => {
      await this.ctr(['tasks', 'delete', '--force', id]);
      return (await this.status(id)) === undefined;
    });
    expectSuccess(await this.ctr(['containers', 'delete', id]));
  }
}
