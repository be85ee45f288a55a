import { unknownCapability } from '../../bundle/rules/capabilities.ts';
import { defined } from '../../defined.ts';
import { Failure } from '../../failure.ts';
import { capabilityNames } from '../../spec/capability-names.ts';
import type { Capabilities, Process } from '../../spec/config.ts';
import type { ExecOptions } from '../types.ts';

/**
 * Adds capabilities to those sets that make them usable. Inheritable stays as it is (CVE-2022-29162); ambient grows
 * only within it, for a user who is not root.
 */
function addCapabilities(
  sets: Capabilities | undefined,
  names: readonly string[] | undefined,
): Capabilities | undefined {
  if (names === undefined || names.length === 0) return sets;
  const add = (set: readonly string[] | undefined, more = names): string[] => [
    ...new Set([...(set ?? []), ...more]),
  ];
  const inheritable = names.filter((name) => sets?.inheritable?.includes(name));
  return {
    ...sets,
    bounding: add(sets?.bounding),
    effective: add(sets?.effective),
    permitted: add(sets?.permitted),
    ...(inheritable.length > 0 && { ambient: add(sets?.ambient, inheritable) }),
  };
}

/** What a person should know of `exec --cap`; config.json says the same of a capability that nobody knows. */
export function capabilityWarnings(names: readonly string[] | undefined): string[] {
  const unknown = (names ?? []).filter((name) => !(capabilityNames as readonly string[]).includes(name));
  if (unknown.length === 0) return [];
  return unknown.map((name) => `--cap: ${unknownCapability(name)}`);
}

/**
 * The container's own process with the command line's options laid over it.
 *
 * Throws `Failure` (`invalid`) when there is nothing to execute, and for a cwd that cannot be one.
 */
export function mergeProcess(own: Process | undefined, options: ExecOptions): Process {
  if (options.args === undefined || options.args.length === 0) {
    throw new Failure('invalid', 'no command to execute', {
      hint: 'Put it after the container id, or name a JSON file with --process',
    });
  }
  if (options.cwd !== undefined && !options.cwd.startsWith('/')) {
    throw new Failure('invalid', `cwd "${options.cwd}" is not an absolute path`, { pointer: '/process/cwd' });
  }
  const base: Process = own ?? { cwd: '/' };
  const { user, noNewPrivileges, apparmorProfile, selinuxLabel } = options;
  const capabilities = addCapabilities(base.capabilities, options.capabilities);
  const merged: Process = {
    ...base,
    args: options.args,
    terminal: options.tty,
    cwd: options.cwd ?? base.cwd,
    env: [...(base.env ?? []), ...(options.env ?? [])],
    user: {
      ...base.user,
      ...defined({ uid: user?.uid, gid: user?.gid, additionalGids: options.additionalGids }),
    },
    ...defined({ capabilities, noNewPrivileges, apparmorProfile, selinuxLabel }),
  };
  // The size of the container's own terminal is not that of a new one.
  if (!options.tty) return merged;
  const { consoleSize: _size, ...rest } = merged;
  return rest;
}
