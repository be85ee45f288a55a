import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { CommandOptions, CommandResult } from '../../integration/support/runtime.ts';
import { expectSuccess } from '../../integration/support/sandbox.ts';
import { until } from '../../integration/support/wait.ts';
import { bySystemd, cgroupParent } from './cgroup-manager.ts';
import { engineRuntime } from './engine-runtime.ts';
import { makeRootfsArchive } from './image.ts';
import { Laboratory } from './laboratory.ts';
import { atTerminal, type Step } from './terminal.ts';

export const image = 'localhost/tsoci-test';

/**
 * Podman's own default limit of open files is above what a machine may allow. Podman 4.3 spells the list of runtimes
 * that need no cgroup without the s.
 */
const configuration = `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "${bySystemd ? 'systemd' : 'cgroupfs'}"
events_logger = "file"
runtime_supports_nocgroups = ["${basename(engineRuntime)}"]
runtime_supports_nocgroup = ["${basename(engineRuntime)}"]
`;

/**
 * Where Podman and Buildah look for runtimes, before PATH; the first that is there is taken, and crun is asked for
 * first.
 */
const fixedDirectories = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin'];

const subordinateIds = 'containers:200000:1000000\n';

/** Podman, Buildah and conmon with storage of their own. */
export class Podman extends Laboratory {
  readonly #environment = {
    CONTAINERS_CONF: this.path('containers.conf'),
    TMPDIR: this.directory,
    BUILDAH_ISOLATION: 'oci',
  };
  /** Absent: nobody is told which runtime to call. */
  readonly #runtime: string | undefined;
  #counter = 0;

  private constructor(runtime: string | undefined) {
    super('podman');
    this.#runtime = runtime;
  }

  /**
   * `link` is what a link named runc leads to in the fixed directories, where no crun is; without it the runtime is
   * told to Podman.
   */
  static async open(link?: string): Promise<Podman> {
    const engine = new Podman(link === undefined ? engineRuntime : undefined);
    writeFileSync(engine.path('containers.conf'), configuration);
    writeFileSync(engine.path('subordinate'), subordinateIds);
    if (link !== undefined) engine.#makeLayer(link);
    const changes = ['--change', 'CMD ["sh"]', '--change', 'ENV PATH=/usr/bin:/bin'];
    await engine.ok(['import', ...changes, makeRootfsArchive(engine.directory), image]);
    return engine;
  }

  get storage(): string[] {
    return ['--root', this.path('root'), '--runroot', this.path('run'), '--storage-driver', 'vfs'];
  }

  /**
   * What lies over the fixed directories: the link, and a whiteout (overlayfs: a character device 0:0) in place of
   * crun.
   */
  #makeLayer(link: string): void {
    // In one of these directories it would be hidden by the link that leads to it.
    const hidden = fixedDirectories.includes(dirname(realpathSync(link)));
    if (hidden) copyFileSync(link, this.path('runtime'));
    mkdirSync(this.path('layer'));
    symlinkSync(hidden ? this.path('runtime') : link, this.path('layer', 'runc'));
    const { status, stderr } = spawnSync('mknod', [this.path('layer', 'crun'), 'c', '0', '0']);
    if (status !== 0) throw new Error(`no whiteout: ${stderr}`);
  }

  /** In a mount namespace of their own, where somebody has subordinate ids. */
  #wrapped(argv: readonly string[]): string[] {
    const file = this.path('subordinate');
    const lay = (directory: string) =>
      `mount -t overlay overlay -o lowerdir=${this.path('layer')}:${directory} ${directory}; `;
    const layers = this.#runtime === undefined ? fixedDirectories.map(lay).join('') : '';
    const script = `${layers}mount --bind ${file} /etc/subuid; mount --bind ${file} /etc/subgid; exec "$@"`;
    return ['unshare', '--mount', '--propagation', 'slave', 'sh', '-ec', script, 'sh', ...argv];
  }

  #podman(args: readonly string[]): string[] {
    const runtime = this.#runtime === undefined ? [] : ['--runtime', this.#runtime];
    return this.#wrapped(['podman', ...this.storage, '--tmpdir', this.path('libpod'), ...runtime, ...args]);
  }

  podman(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.command(this.#podman(args), { env: { ...process.env, ...this.#environment }, ...options });
  }

  /** Runs a podman command that must succeed; gives what it printed. */
  async ok(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return expectSuccess(await this.podman(args, options)).stdout;
  }

  async buildah(args: readonly string[]): Promise<string> {
    const argv = this.#wrapped(['buildah', ...this.storage, ...args]);
    return expectSuccess(await this.command(argv, { env: { ...process.env, ...this.#environment } })).stdout;
  }

  #options(): string[] {
    return ['--network', 'none', '--cgroup-parent', cgroupParent(this.name)];
  }

  run(args: readonly string[], options: readonly string[] = [], command: CommandOptions = {}) {
    return this.podman(['run', '--rm', ...this.#options(), ...options, image, ...args], command);
  }

  /** What a container prints when Podman is called with these supplementary groups. */
  async withGroups(groups: string, options: readonly string[], args: readonly string[]): Promise<string> {
    const argv = this.#podman(['run', '--rm', ...this.#options(), ...options, image, ...args]);
    const env = { ...process.env, ...this.#environment };
    return expectSuccess(await this.command(['setpriv', '--groups', groups, ...argv], { env })).stdout;
  }

  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, ...this.#environment };
  }

  async output(script: string, options: readonly string[] = []): Promise<string> {
    return expectSuccess(await this.run(['sh', '-c', script], options)).stdout;
  }

  /** Starts a container and gives its name. */
  async running(script: string, options: readonly string[] = []): Promise<string> {
    const name = `box-${this.#counter++}`;
    const argv = [
      'run',
      '--detach',
      '--name',
      name,
      ...this.#options(),
      ...options,
      image,
      'sh',
      '-c',
      script,
    ];
    await this.ok(argv);
    return name;
  }

  terminal(args: readonly string[], steps: readonly Step[]): Promise<{ code: number; output: string }> {
    const argv = this.#podman(['run', '--rm', '--interactive', '--tty', ...this.#options(), image, ...args]);
    return atTerminal(argv, steps, this.#environment);
  }

  async inspect(name: string, template: string): Promise<string> {
    return (await this.ok(['inspect', '--format', template, name])).trim();
  }

  async reached(name: string, template: string, wanted: string): Promise<void> {
    await until(
      `${template} of ${name} is ${wanted}`,
      async () => (await this.inspect(name, template)) === wanted,
    );
  }

  async logged(name: string, text: string): Promise<void> {
    await until(`${name} says ${text}`, async () => (await this.ok(['logs', name])).includes(text));
  }

  override async close(): Promise<readonly string[]> {
    const { stdout } = await this.podman(['ps', '--all', '--quiet']);
    const left = stdout.trim().split('\n').filter(Boolean);
    await this.podman(['pod', 'rm', '--force', '--all']);
    await this.podman(['rm', '--force', '--all']);
    return [...left.map((id) => `container ${id}`), ...(await super.close())];
  }
}
