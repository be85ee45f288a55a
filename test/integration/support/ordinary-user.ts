/**
 * Runs the runtime as an ordinary user who exists only for a test: a name in /etc/passwd and subordinate ids are put
 * there in a mount namespace of the command's own.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle } from './bundle.ts';
import { type CommandOptions, type CommandResult, runCommand, runtimeCommand } from './runtime.ts';
import type { Sandbox } from './sandbox.ts';

export const userId = 54_321;
export const groupId = 54_322;
/** First of 65,536 subordinate ids. */
export const firstSubordinate = 900_000;

/** Why no ordinary user can run the runtime here; undefined when one can. */
export function whyNot(): string | undefined {
  const file = runtimeCommand.at(-1) ?? '';
  const read = ['--reuid', String(userId), '--regid', String(groupId), '--clear-groups', 'test', '-r', file];
  if (spawnSync('setpriv', read).status !== 0) return `an ordinary user cannot read ${file}`;
  const make = [
    '--reuid',
    String(userId),
    '--regid',
    String(groupId),
    '--clear-groups',
    'unshare',
    '-U',
    'true',
  ];
  if (spawnSync('setpriv', make).status !== 0) return 'ordinary users may not make user namespaces here';
  return undefined;
}

export class OrdinaryUser {
  /** The state directory. */
  readonly root: string;
  readonly #files: string;
  readonly #sandbox: Sandbox;

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
    this.#files = sandbox.directory();
    chmodSync(this.#files, 0o755);
    const line = `tsoci-test:x:${userId}:${groupId}::/nonexistent:/bin/sh\n`;
    writeFileSync(join(this.#files, 'passwd'), readFileSync('/etc/passwd', 'utf8') + line);
    for (const name of ['subuid', 'subgid'])
      writeFileSync(join(this.#files, name), `tsoci-test:${firstSubordinate}:65536\n`);
    this.root = this.ownDirectory();
  }

  ownDirectory(): string {
    const directory = this.#sandbox.directory();
    execFileSync('chown', [`${userId}:${groupId}`, directory]);
    return directory;
  }

  /** Gives a bundle to the user. */
  own(bundle: Bundle): Bundle {
    execFileSync('chown', ['-R', '-h', `${userId}:${groupId}`, bundle.directory]);
    return bundle;
  }

  /**
   * What to execute for any command, as the user.
   * @param before a shell command that root runs first, in the command's own mount namespace
   */
  argv(command: readonly string[], before = ':'): readonly string[] {
    const binds = ['passwd', 'subuid', 'subgid']
      .map(
        (name) =>
          `{ [ -e /etc/${name} ] || : > /etc/${name}; } && mount --bind ${this.#files}/${name} /etc/${name}`,
      )
      .join(' && ');
    const become = `exec setpriv --reuid ${userId} --regid ${groupId} --clear-groups --inh-caps=-all -- "$@"`;
    return ['unshare', '-m', 'sh', '-c', `${binds} && ${before} && ${become}`, 'sh', ...command];
  }

  /** Any command, as the user; see {@link argv}. */
  command(argv: readonly string[], options: CommandOptions = {}, before?: string): Promise<CommandResult> {
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent', ...options.env };
    return runCommand(this.argv(argv, before), { ...options, env });
  }

  tsoci(args: readonly string[], options: CommandOptions = {}, before?: string): Promise<CommandResult> {
    return this.command([...runtimeCommand, '--root', this.root, ...args], options, before);
  }
}
