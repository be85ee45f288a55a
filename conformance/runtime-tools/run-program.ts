import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type CommandResult, runCommand } from '../support/command.ts';
import { unmountBelow } from '../support/host-mounts.ts';

/** Programs that use the same cgroups by name, and so cannot run beside each other. */
export const usesFixedCgroups = (program: string): boolean =>
  /^(?:linux_cgroups|delete_resources|delete_only_create_resources)/.test(basename(program));

/**
 * Runs one validation program with a state directory and a temporary directory of its own, and removes what it left:
 * containers, mounts and files.
 *
 * @param tools - Where runtime-tools was built; programs expect to be started there.
 */
export async function runProgram(
  program: string,
  tools: string,
  runtime: string,
  scratch: string,
  timeout: number,
): Promise<CommandResult> {
  const directory = mkdtempSync(join(scratch, 'p-'));
  // Containers with a user namespace come through here as nobody.
  chmodSync(directory, 0o755);
  const temporary = join(directory, 'tmp');
  mkdirSync(temporary);
  const state = join(directory, 'state');
  // The programs name no state directory: a runtime in between does.
  const between = join(directory, 'runtime');
  writeFileSync(between, `#!/bin/sh\nexec '${runtime}' --root '${state}' "$@"\n`, { mode: 0o755 });
  try {
    return await runCommand([program], { cwd: tools, env: { RUNTIME: between, TMPDIR: temporary }, timeout });
  } finally {
    await removeContainers(between);
    unmountBelow(directory);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function removeContainers(runtime: string): Promise<void> {
  const { stdout } = await runCommand([runtime, 'list', '-q']);
  for (const id of stdout.split('\n').filter((line) => line !== ''))
    await runCommand([runtime, 'delete', '--force', id]);
}
