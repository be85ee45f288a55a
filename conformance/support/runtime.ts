/** The runtime under test. */
import { runCommand } from './command.ts';

export interface Runtime {
  /** Short name: `tsoci`, `runc`, `crun`, or the first word of its `--version`. */
  readonly name: string;
  readonly version: string;
  /** The executable and options that come before everything else. */
  readonly command: readonly string[];
}

/** Asks a runtime who it is. Throws when it cannot be run. */
export async function identifyRuntime(path: string): Promise<Runtime> {
  const { code, stdout, stderr } = await runCommand([path, '--version']);
  if (code !== 0) throw new Error(`${path} --version: exit ${code}: ${stderr.trim()}`);
  const [line = ''] = stdout.split('\n');
  const [, name = line, version = ''] = /^(\S+)(?: version)? (.+)$/.exec(line) ?? [];
  return { name, version, command: [path] };
}
