/** Callers in odd shapes: a small Python program changes its own process and becomes the runtime. */
import { type CommandOptions, type CommandResult, runCommand } from './runtime.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * Runs `tsoci ARGS` from a process that first ran `code` (Python; os, signal, fcntl, resource and sys are imported).
 * Descriptors that it makes inheritable stay open.
 */
export function asCaller(
  sandbox: Sandbox,
  code: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const program = `import os, signal, fcntl, resource, sys\n${code}\nos.execv(sys.argv[1], sys.argv[1:])`;
  return runCommand(
    ['/usr/bin/python3', '-c', program, ...sandbox.runtime, '--root', sandbox.root, ...args],
    options,
  );
}
