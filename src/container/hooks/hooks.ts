import { Failure, messageOf } from '../../failure.ts';
import { type ChildHost, type ChildResult, readScratch, runChild, withScratch } from '../../host/child.ts';
import { isDirectory } from '../../host/file-types.ts';
import { askUnless } from '../../host/files.ts';
import { signalName } from '../../host/signals.ts';
import { lastOfEach } from '../../plan/process/environment.ts';
import type { Hook } from '../../spec/config.ts';
import { hookTimeout } from '../../spec/hook-timeout.ts';
import { type HookFilesNative, type OpenHookFiles, openHookFiles } from './hook-files.ts';

/** Room for a hook's complaint in an error message. */
const maximumOutput = 4096;

/** What hooks need of the world. */
export interface HookWorld {
  readonly host: ChildHost & { readonly native: HookFilesNative };
  /** For hooks that have none of their own. */
  environment(): readonly string[];
}

/** What is read of the state that hooks are given. */
interface StateRead {
  readonly bundle?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** How one hook ended, and what it said. */
interface HookResult extends ChildResult {
  readonly output: string;
}

/**
 * In the bundle, as callers of runc and crun are used to; when that is gone, as after an engine's clean-up, where the
 * caller is.
 */
function directoryFor({ host }: HookWorld, bundle: string | undefined): { readonly directory?: string } {
  if (bundle === undefined) return {};
  const status = askUnless(['EACCES', 'ELOOP'], 'look at the bundle', bundle, () =>
    host.native.status(bundle, true),
  );
  return isDirectory(status) ? { directory: bundle } : {};
}

/** A session of its own, so that a time-out ends its children as well. */
async function runProcess(world: HookWorld, hook: Hook, input: string): Promise<HookResult> {
  const { native } = world.host;
  const { bundle, annotations } = JSON.parse(input) as StateRead;
  const files = openHookFiles(native, annotations);
  try {
    const state = native.sealedBytes(new TextEncoder().encode(input), 'tsoci-state');
    try {
      return await runWith(world, hook, { state, files, bundle });
    } finally {
      native.close(state);
    }
  } finally {
    files.close();
  }
}

interface HookStreams {
  readonly state: number;
  readonly files: OpenHookFiles;
  readonly bundle: string | undefined;
}

/** What does not go to a file is kept for the error message. */
function runWith(world: HookWorld, hook: Hook, { state, files, bundle }: HookStreams): Promise<HookResult> {
  const { host } = world;
  const seconds = hookTimeout(hook);
  return withScratch(host.native, 'tsoci-hook', async (output) => {
    const result = await runChild(
      host,
      {
        file: hook.path,
        argv: hook.args?.length ? hook.args : [hook.path],
        environment: lastOfEach(hook.env ?? world.environment()),
        descriptors: [state, files.stdout ?? output, files.stderr ?? output],
        ...directoryFor(world, bundle),
        newSession: true,
      },
      seconds === undefined ? undefined : seconds * 1000,
    );
    return { ...result, output: readScratch(host.native, output, maximumOutput).trim() };
  });
}

function reasonOf(hook: Hook, result: HookResult): string | undefined {
  const said = result.output === '' ? '' : `: ${result.output}`;
  if (result.timedOut) return `timed out after ${hook.timeout} s${said}`;
  if (result.signal !== undefined) return `ended by ${signalName(result.signal)}${said}`;
  return result.code === 0 ? undefined : `exit status ${result.code}${said}`;
}

/**
 * Runs hooks of the runtime's namespaces one after another (config.md, POSIX-platform Hooks).
 *
 * Throws `Failure` (`hook`) for the first that fails; the later ones are not run then.
 */
export async function runHooks(
  world: HookWorld,
  hooks: readonly Hook[] | undefined,
  name: string,
  state: string,
): Promise<void> {
  for (const [index, hook] of (hooks ?? []).entries()) {
    const failure = await tryHook(world, hook, { name, index }, state);
    if (failure !== undefined) throw failure;
  }
}

/** Runs all poststop hooks; one that fails is a warning, and the others run all the same (runtime.md, Lifecycle). */
export async function runPoststopHooks(
  world: HookWorld,
  hooks: readonly Hook[],
  state: string,
  warn: (message: string) => void,
): Promise<void> {
  for (const [index, hook] of hooks.entries()) {
    const failure = await tryHook(world, hook, { name: 'poststop', index }, state);
    if (failure !== undefined) warn(failure.message);
  }
}

async function tryHook(
  world: HookWorld,
  hook: Hook,
  { name, index }: { readonly name: string; readonly index: number },
  state: string,
): Promise<Failure | undefined> {
  const pointer = `/hooks/${name}/${index}`;
  const named = `hooks.${name}[${index}] (${hook.path})`;
  let reason: string | undefined;
  try {
    reason = reasonOf(hook, await runProcess(world, hook, state));
  } catch (cause) {
    return new Failure('hook', `${named}: ${messageOf(cause)}`, { pointer, cause });
  }
  return reason === undefined ? undefined : new Failure('hook', `${named}: ${reason}`, { pointer });
}
