import type { Hook } from '../bundle/config.ts';
import { Failure, messageOf } from '../failure.ts';
import type { ContainerRecord } from './record.ts';
import type { Status } from './types.ts';

/** The state that hooks read on standard input, and that seccomp agents get (runtime.md, State). */
export function stateDocument(record: ContainerRecord, status: Status, pid: number): string {
  return JSON.stringify({
    ociVersion: record.ociVersion,
    id: record.id,
    status,
    ...(status !== 'stopped' && { pid }),
    bundle: record.bundle,
    ...(record.annotations && { annotations: record.annotations }),
  });
}

/** Room for a hook's complaint in an error message. */
const maximumOutput = 4096;

/** How one hook ended: its exit code or signal, and what it said. */
interface HookResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly output: string;
}

/** Loaded only here: most containers have no hooks, and starting a process this way costs milliseconds. */
async function runProcess(hook: Hook, input: string): Promise<HookResult> {
  const { spawn } = await import('node:child_process');
  const environment = Object.fromEntries((hook.env ?? []).map((line) => splitVariable(line)));
  return new Promise((resolve, reject) => {
    const child = spawn(hook.path, hook.args?.slice(1) ?? [], {
      argv0: hook.args?.[0] ?? hook.path,
      env: environment,
      stdio: ['pipe', 'pipe', 'pipe'],
      // A session of its own, so that a time-out ends its children as well.
      detached: true,
    });
    let output = '';
    let timedOut = false;
    const collect = (chunk: Buffer): void => {
      if (output.length < maximumOutput) output += chunk.toString();
    };
    const timer = hook.timeout === undefined ? undefined : setTimeout(expire, hook.timeout * 1000);
    function expire(): void {
      timedOut = true;
      endGroup(child.pid);
    }
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    // A hook need not read its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    // Not `close`: a hook may leave a daemon behind that keeps the pipes open.
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      setImmediate(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ code, signal, timedOut, output: output.slice(0, maximumOutput).trim() });
      });
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
  hooks: readonly Hook[] | undefined,
  name: string,
  state: string,
): Promise<void> {
  for (const [index, hook] of (hooks ?? []).entries()) {
    const failure = await tryHook(
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
  hooks: readonly Hook[],
  state: string,
  warn: (message: string) => void,
): Promise<void> {
  for (const [index, hook] of hooks.entries()) {
    const failure = await tryHook(
      hook,
      `/hooks/poststop/${index}`,
      `hooks.poststop[${index}] (${hook.path})`,
      state,
    );
    if (failure !== undefined) warn(failure.message);
  }
}

async function tryHook(
  hook: Hook,
  pointer: string,
  named: string,
  state: string,
): Promise<Failure | undefined> {
  let reason: string | undefined;
  try {
    reason = reasonOf(hook, await runProcess(hook, state));
  } catch (cause) {
    return new Failure('hook', `${named}: ${messageOf(cause)}`, { pointer, cause });
  }
  return reason === undefined ? undefined : new Failure('hook', `${named}: ${reason}`, { pointer });
}
