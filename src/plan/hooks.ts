import type { Hook } from '../bundle/config.ts';
import type { Compilation } from './compilation.ts';
import type { Phase } from './operations.ts';

/** Hooks that run in the container's namespaces are the stub's; the others are the launcher's (config.md, POSIX-platform Hooks). */
export function planHooks(
  compilation: Compilation,
  phase: Phase,
  name: 'createContainer' | 'startContainer',
): void {
  const hooks: readonly Hook[] = compilation.config.hooks?.[name] ?? [];
  for (const [index, hook] of hooks.entries()) {
    compilation.plan.add(phase, `/hooks/${name}/${index}`, 'hook', {
      path: hook.path,
      args: hook.args?.length ? hook.args : [hook.path],
      environment: hook.env ?? [],
      timeout: hook.timeout ?? 0,
    });
  }
}
