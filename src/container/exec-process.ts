import type { Capabilities, Process } from '../bundle/config.ts';
import { Failure } from '../failure.ts';
import { capabilityNames } from '../plan/capability-names.ts';
import type { ExecOptions } from './types.ts';

/** Adds capabilities to those sets that make them usable; ambient and inheritable stay as they are (CVE-2022-29162). */
function addCapabilities(
  sets: Capabilities | undefined,
  names: readonly string[] | undefined,
): Capabilities | undefined {
  if (names === undefined || names.length === 0) return sets;
  for (const name of names) {
    if ((capabilityNames as readonly string[]).includes(name)) continue;
    throw new Failure('invalid', `capability "${name}" is unknown`, {
      pointer: '/process/capabilities',
      hint: 'capabilities(7) lists them, for instance CAP_NET_ADMIN',
    });
  }
  const add = (set: readonly string[] | undefined): string[] => [...new Set([...(set ?? []), ...names])];
  return {
    ...sets,
    bounding: add(sets?.bounding),
    effective: add(sets?.effective),
    permitted: add(sets?.permitted),
  };
}

/**
 * The container's own process with the command line's options laid over it.
 *
 * Throws `Failure` (`invalid`) when there is nothing to execute, and for a cwd or a capability that can't be one.
 */
export function mergeProcess(own: Process | undefined, options: ExecOptions): Process {
  if (options.args === undefined || options.args.length === 0) {
    throw new Failure('invalid', 'no command to execute', {
      hint: 'put it after the container id, or name a JSON file with --process',
    });
  }
  if (options.cwd !== undefined && !options.cwd.startsWith('/')) {
    throw new Failure('invalid', `cwd "${options.cwd}" is not an absolute path`, { pointer: '/process/cwd' });
  }
  const base: Process = own ?? { cwd: '/' };
  const { user } = options;
  const capabilities = addCapabilities(base.capabilities, options.capabilities);
  const merged: Process = {
    ...base,
    args: options.args,
    terminal: options.tty,
    cwd: options.cwd ?? base.cwd,
    env: [...(base.env ?? []), ...(options.env ?? [])],
    user: {
      ...base.user,
      ...(user && { uid: user.uid }),
      ...(user?.gid !== undefined && { gid: user.gid }),
      ...(options.additionalGids && { additionalGids: options.additionalGids }),
    },
    ...(capabilities && { capabilities }),
    ...(options.noNewPrivileges !== undefined && { noNewPrivileges: options.noNewPrivileges }),
    ...(options.apparmorProfile !== undefined && { apparmorProfile: options.apparmorProfile }),
    ...(options.selinuxLabel !== undefined && { selinuxLabel: options.selinuxLabel }),
  };
  // The size of the container's own terminal is not that of a new one.
  if (!options.tty) return merged;
  const { consoleSize: _size, ...rest } = merged;
  return rest;
}
