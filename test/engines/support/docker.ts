import type { ChildProcess } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import type { CommandOptions, CommandResult } from '../../integration/support/runtime.ts';
import { expectSuccess } from '../../integration/support/sandbox.ts';
import { until } from '../../integration/support/wait.ts';
import { cgroupParent } from './cgroup-manager.ts';
import { engineRuntime } from './engine-runtime.ts';
import { makeRootfsArchive } from './image.ts';
import { Laboratory } from './laboratory.ts';
import { atTerminal, type Step } from './terminal.ts';

export const image = 'tsoci-test';

/** dockerd in a directory of its own, without a network of its own, and the docker client. */
export class Docker extends Laboratory {
  readonly environment = {
    DOCKER_HOST: `unix://${this.path('docker.sock')}`,
    DOCKER_CONFIG: this.path('client'),
    DOCKER_BUILDKIT: '0',
  };
  #counter = 0;
  /** The daemon is told which runtime to call; otherwise it calls the first `runc` in its PATH. */
  #told = true;
  #daemon: ChildProcess | undefined;

  static async open(options: readonly string[] = [], before = '', told = true): Promise<Docker> {
    const engine = new Docker('docker');
    engine.#told = told;
    await engine.start(options, before);
    const archive = makeRootfsArchive(engine.directory);
    const changes = ['--change', 'CMD ["sh"]', '--change', 'ENV PATH=/usr/bin:/bin'];
    await engine.ok(['import', ...changes, archive, image]);
    return engine;
  }

  /** Options beside these; `before` is a shell command that runs in the daemon's own mount namespace first. */
  async start(options: readonly string[] = [], before = ''): Promise<void> {
    writeFileSync(this.path('daemon.json'), '{}');
    const files = ['--config-file', this.path('daemon.json'), '--pidfile', this.path('docker.pid')];
    const directories = ['--data-root', this.path('data'), '--exec-root', this.path('exec')];
    const machine = ['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver', 'vfs'];
    const runtime = this.#told
      ? ['--add-runtime', `tested=${engineRuntime}`, '--default-runtime', 'tested']
      : [];
    runtime.push('--cgroup-parent', cgroupParent(this.name));
    const socket = ['--host', this.environment.DOCKER_HOST];
    const argv = ['dockerd', ...files, ...directories, ...machine, ...runtime, ...socket, ...options];
    // It wants to write a key there, whatever it is told.
    const script = `mkdir -p /etc/docker; mount -t tmpfs tmpfs /etc/docker; ${before} exec "$@"`;
    this.#daemon = await this.daemon(
      ['unshare', '--mount', '--propagation', 'slave', 'sh', '-ec', script, 'sh', ...argv],
      async () => (await this.docker(['version'])).code === 0,
    );
  }

  /** The daemon dies without a word. */
  async crash(): Promise<void> {
    if (this.#daemon !== undefined) await this.end(this.#daemon, 'SIGKILL');
    // Its containerd dies with it. Where nobody collects the dead, a daemon would take these for signs of life.
    for (const file of ['docker.pid', 'exec/containerd/containerd.pid'])
      rmSync(this.path(file), { force: true });
  }

  override async close(): Promise<readonly string[]> {
    const { stdout } = await this.docker(['ps', '--all', '--quiet']);
    const left = stdout.trim().split('\n').filter(Boolean);
    if (left.length > 0) await this.docker(['rm', '--force', ...left]);
    return [...left.map((id) => `container ${id}`), ...(await super.close())];
  }

  docker(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.command(['docker', ...args], { env: { ...process.env, ...this.environment }, ...options });
  }

  /** Runs a docker command that must succeed; gives what it printed. */
  async ok(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return expectSuccess(await this.docker(args, options)).stdout;
  }

  /** Runs a command in a container that is removed afterwards. */
  run(args: readonly string[], options: readonly string[] = []): Promise<CommandResult> {
    return this.docker(['run', '--rm', '--network', 'none', ...options, image, ...args]);
  }

  /** Runs a shell script in a container; gives what it printed, and throws unless it succeeded. */
  async output(script: string, options: readonly string[] = []): Promise<string> {
    return expectSuccess(await this.run(['sh', '-c', script], options)).stdout;
  }

  /** Starts a container and gives its name. */
  async running(script: string, options: readonly string[] = []): Promise<string> {
    const name = `box-${this.#counter++}`;
    await this.ok([
      'run',
      '--detach',
      '--name',
      name,
      '--network',
      'none',
      ...options,
      image,
      'sh',
      '-c',
      script,
    ]);
    return name;
  }

  /** Sits in front of `docker run --interactive --tty`. */
  terminal(args: readonly string[], steps: readonly Step[]): Promise<{ code: number; output: string }> {
    const argv = ['docker', 'run', '--rm', '--interactive', '--tty', '--network', 'none', image, ...args];
    return atTerminal(argv, steps, this.environment);
  }

  terminalExec(name: string, args: readonly string[], steps: readonly Step[]) {
    return atTerminal(['docker', 'exec', '--interactive', '--tty', name, ...args], steps, this.environment);
  }

  /** A field of `docker inspect`, as a Go template. */
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

  async remove(...names: readonly string[]): Promise<void> {
    await this.ok(['rm', '--force', '--volumes', ...names]);
  }
}
