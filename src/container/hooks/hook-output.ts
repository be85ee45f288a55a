import { Failure } from '../../failure.ts';
import { ask } from '../../host/files.ts';
import type { Native } from '../../host/native.ts';
import type { HookListener } from '../../launch/conversation.ts';
import type { OperationNote } from '../../launch/operation-note.ts';
import { hookOutputLimit, hookOutputTold } from '../../plan/hooks.ts';
import { type Annotations, type HookFiles, hookFiles } from '../../spec/annotations.ts';
import { pathOf } from '../../spec/pointer.ts';
import { type HookFilesNative, type OpenHookFiles, openHookFiles } from './hook-files.ts';

/** What it needs of the world. */
export interface HookOutputWorld {
  readonly host: { readonly native: HookFilesNative & Pick<Native, 'write'> };
  warn(message: string): void;
}

/**
 * Where annotations have what hooks inside the container say: the stub tells it, and it is written here. Of each hook
 * and stream as much as `hookOutputLimit` says; a warning tells when there was more.
 */
export class HookOutput {
  readonly #world: HookOutputWorld;
  readonly #files: OpenHookFiles;
  readonly #paths: HookFiles;
  readonly #told = new Map<string, number>();

  private constructor(world: HookOutputWorld, annotations: Annotations) {
    this.#world = world;
    this.#paths = hookFiles(annotations);
    this.#files = openHookFiles(world.host.native, annotations);
  }

  /**
   * Opens the files, where annotations name some and `hooked` says that a hook may write to them.
   *
   * Throws as `openHookFiles` does.
   */
  static open(world: HookOutputWorld, annotations: Annotations, hooked: boolean): HookOutput | undefined {
    const { stdout, stderr } = hookFiles(annotations);
    if (!hooked || (stdout ?? stderr) === undefined) return undefined;
    return new HookOutput(world, annotations);
  }

  /** Throws `Failure`: `system` when the file takes no more, `internal` for what the plan has not told. */
  readonly said: HookListener = (hook, { stream, bytes }) => {
    const [file, path] = [this.#files[stream], this.#paths[stream]];
    const key = `${hook.from} ${stream}`;
    const before = this.#told.get(key) ?? 0;
    const told = before + bytes.length;
    if (file === undefined || path === undefined || told > hookOutputTold) throw untold(hook);
    this.#told.set(key, told);
    const { native } = this.#world.host;
    ask('write the output of hooks to', path, () =>
      native.write(file, bytes.subarray(0, hookOutputLimit - before)),
    );
    if (told > hookOutputLimit)
      this.#world.warn(
        `${pathOf(hook.from)} (${hook.subject}) said more than ${hookOutputLimit} bytes: the rest is not in "${path}"`,
      );
  };

  close(): void {
    this.#files.close();
  }
}

function untold({ from }: OperationNote): Failure {
  return new Failure('internal', `the stub told more of ${pathOf(from)} than its plan says`);
}
