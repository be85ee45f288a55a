import { type HookFiles, hookFiles } from '../spec/annotations.ts';
import type { Hook } from '../spec/config.ts';
import { hookTimeout } from '../spec/hook-timeout.ts';
import type { Compilation } from './compilation.ts';
import { NO_SLOT, type Phase } from './operations.ts';
import { environmentOf, lastOfEach } from './process/environment.ts';

/**
 * What a hook gets beside the environment that the plan has: nothing, the runtime's own, HOME where it is missing.
 */
export const hookAdds = { nothing: 0, caller: 1, home: 2 } as const;

/** Bytes of a stream of a hook in the container that go to the file of an annotation; what follows is lost. */
export const hookOutputLimit = 1024 * 1024;

/** One byte more is told, by which the runtime knows that there was more. */
export const hookOutputTold = hookOutputLimit + 1;

/**
 * What a hook says comes to the runtime through the stub, and the runtime writes it. The hook itself has pipes alone:
 * a program of the image could open a file again by /proc/self/fd and write anywhere in it.
 */
function toldOf({ stdout, stderr }: HookFiles) {
  const apart = stdout !== stderr;
  const told = (path: string | undefined): number => (path === undefined ? 0 : hookOutputTold);
  return { output: told(stdout), errors: apart ? told(stderr) : 0, apart };
}

type PlannedHooks = 'createContainer' | 'startContainer';

/**
 * With `env` a hook gets exactly that. Without, one that comes from the host gets the runtime's environment, and one
 * that comes from the container the program's.
 */
function environmentFor(compilation: Compilation, name: PlannedHooks, { env }: Hook) {
  if (env !== undefined) return { environment: lastOfEach(env), adds: hookAdds.nothing };
  if (name === 'createContainer') return { environment: [], adds: hookAdds.caller };
  const { process } = compilation.config;
  return { environment: process === undefined ? [] : environmentOf(process), adds: hookAdds.home };
}

/**
 * Hooks that run in the container's namespaces are the stub's; the others are the launcher's (config.md,
 * POSIX-platform Hooks).
 */
function planHooks(compilation: Compilation, phase: Phase, name: PlannedHooks, root: number): void {
  const { config, plan } = compilation;
  const hooks: readonly Hook[] = config.hooks?.[name] ?? [];
  for (const [index, hook] of hooks.entries()) {
    plan.add(phase, `/hooks/${name}/${index}`, 'hook', {
      path: hook.path,
      args: hook.args?.length ? hook.args : [hook.path],
      ...environmentFor(compilation, name, hook),
      root,
      timeout: hookTimeout(hook) ?? 0,
      ...toldOf(hookFiles(config.annotations)),
    });
  }
}

/** They are programs of the host, and start in the container's root directory, as callers of runc are used to. */
export function planCreateHooks(compilation: Compilation): void {
  const { config, ownMounts, plan, request } = compilation;
  if (ownMounts || !config.hooks?.createContainer?.length) {
    planHooks(compilation, 'rootfs', 'createContainer', compilation.root);
    return;
  }
  const slot = plan.slot();
  plan.add('rootfs', '/root/path', 'open-path', { slot, path: request.rootfs });
  planHooks(compilation, 'rootfs', 'createContainer', slot);
}

/**
 * They are programs of the image, and are confined as its process is: nothing of the image ever runs beside a process
 * that could still get around the filter, so the filter is loaded before them.
 */
export function planStartHooks(compilation: Compilation): void {
  planHooks(compilation, 'seal', 'startContainer', NO_SLOT);
}
