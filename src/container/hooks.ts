import type { Hook } from '../bundle/config.ts';
import { Failure, messageOf } from '../failure.ts';
import type { Native } from '../host/native.ts';

const O_RDONLY = 0;
const O_CLOEXEC = 0o2000000;

/** Room for a hook's complaint in an error message. */
const maximumOutput = 4096;

/** How one hook ended: its exit code or signal, and what it said. */
interface HookResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly output: string;
}

/** What hooks need of the machine. */
export type HookNative = Pick<Native, 'sealedBytes' | 'scratchFile' | 'open' | 'read' | 'close'>;

/**
 * The process is started by `node:child_process`, loaded only here: most containers have no hooks. Its streams are memory files:
 * with pipes, Node would make our own standard streams non-blocking, and with them the container's.
 */
async function runProcess(native: HookNative, hook: Hook, input: string): Promise<HookResult> {
  const state = native.sealedBytes(new TextEncoder().encode(input), 'tsoci-state');
  try {
    const output = native.scratchFile('tsoci-hook');
    try {
      const result = await spawnAndWait(hook, state, output);
      return { ...result, output: readBeginning(native, output).trim() };
    } finally {
      native.close(output);
    }
  } finally {
    native.close(state);
  }
}

/** From the start, wherever the hook stopped writing. */
function readBeginning(native: HookNative, file: number): string {
  const descriptor = native.open(`/proc/self/fd/${file}`, O_RDONLY | O_CLOEXEC, 0);
  try {
    return new TextDecoder().decode(native.read(descriptor, maximumOutput));
  } finally {
    native.close(descriptor);
  }
}

async function spawnAndWait(hook: Hook, input: number, output: number): Promise<Omit<HookResult, 'output'>> {
  const { spawn } = await import('node:child_process');
  const environment = Object.fromEntries((hook.env ?? []).map((line) => splitVariable(line)));
  return new Promise((resolve, reject) => {
    const child = spawn(hook.path, hook.args?.slice(1) ?? [], {
      argv0: hook.args?.[0] ?? hook.path,
      env: environment,
      stdio: [input, output, output],
      // A session of its own, so that a time-out ends its children as well.
      detached: true,
    });
    let timedOut = false;
    const timer = hook.timeout === undefined ? undefined : setTimeout(expire, hook.timeout * 1000);
    function expire(): void {
      timedOut = true;
      endGroup(child.pid);
    }
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, timedOut });
    });
  });
}

/** Ends a hook and all that it started and that did not leave its process group. */
function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function splitVariable(line: string): [string, string] {
  const at = line.indexOf('=');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

function reasonOf(hook: Hook, result: HookResult): string | undefined {
  const said = result.output === '' ? '' : `: ${result.output}`;
  if (result.timedOut) return `timed out after ${hook.timeout} s${said}`;
  if (result.signal !== null) return `ended by ${result.signal}${said}`;
  return result.code === 0 ? undefined : `exit status ${result.code}${said}`;
}

/**
 * Runs hooks of the runtime's namespaces one after another (config.md, POSIX-platform Hooks).
 *
 * Throws `Failure` (`hook`) for the first that fails; the later ones are not run then.
 */
export async function runHooks(
  native: HookNative,
  hooks: readonly Hook[] | undefined,
  name: string,
  state: string,
): Promise<void> {
  for (const [index, hook] of (hooks ?? []).entries()) {
    const failure = await tryHook(
      native,
      hook,
      `/hooks/${name}/${index}`,
      `hooks.${name}[${index}] (${hook.path})`,
      state,
    );
    if (failure !== undefined) throw failure;
  }
}

/** Runs all poststop hooks; one that fails is a warning, and the others run all the same (runtime.md, Lifecycle). */
export async function runPoststopHooks(
  native: HookNative,
  hooks: readonly Hook[],
  state: string,
  warn: (message: string) => void,
): Promise<void> {
  for (const [index, hook] of hooks.entries()) {
    const failure = await tryHook(
      native,
      hook,
      `/hooks/poststop/${index}`,
      `hooks.poststop[${index}] (${hook.path})`,
      state,
    );
    if (failure !== undefined) warn(failure.message);
  }
}

async function tryHook(
  native: HookNative,
  hook: Hook,
  pointer: string,
  named: string,
  state: string,
): Promise<Failure | undefined> {
  let reason: string | undefined;
  try {
    reason = reasonOf(hook, await runProcess(native, hook, state));
  } catch (cause) {
    return new Failure('hook', `${named}: ${messageOf(cause)}`, { pointer, cause });
  }
  return reason === undefined ? undefined : new Failure('hook', `${named}: ${reason}`, { pointer });
}
