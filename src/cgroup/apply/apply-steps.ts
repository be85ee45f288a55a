import { Failure, messageOf, withCleanup } from '../../failure.ts';
import { hasErrno, isSystemError, type Native } from '../../host/native.ts';
import { O_CLOEXEC, O_DIRECTORY, O_WRONLY } from '../../host/open-flags.ts';
import { obstacleTo } from '../cgroupfs/hand-down.ts';
import { deviceProgram } from '../devices/device-program.ts';
import type { CgroupDeviceProgram, CgroupStep, CgroupWrite } from '../limits/step.ts';
import { hierarchyWith, type SavedCgroup } from '../saved-cgroup.ts';
import { writeFailure } from './explain-write.ts';
import { restoreValue, witnessOf } from './restore-value.ts';

const MAXIMUM = 1024 * 1024;

export interface ApplyOptions {
  /** Keep what each write replaces, and put it back when a later one fails. */
  readonly restoreOnFailure: boolean;
}

/** Steps that were done. One of the two has to be called. */
export interface Applied {
  /** Sentences about steps that a rootless caller cannot do and that were left out. */
  readonly warnings: readonly string[];
  /** Lets go of what was kept for {@link takeBack}. */
  keep(): void;
  /**
   * Puts back what the steps replaced, as far as it was kept (`restoreOnFailure`). Returns what went wrong with that.
   */
  takeBack(): unknown[];
}

/** Steps under way: where they go, and what is known of those that were taken. */
interface Applying {
  readonly native: Native;
  readonly files: ControlFiles;
  readonly cgroup: SavedCgroup;
  readonly options: ApplyOptions;
  readonly undo: Undo[];
  readonly warnings: string[];
}

/**
 * Does the steps in their order.
 * @throws Failure for the first step that fails; with `restoreOnFailure`, the old values are back then
 */
export function applySteps(
  native: Native,
  cgroup: SavedCgroup,
  steps: readonly CgroupStep[],
  options: ApplyOptions,
): Applied {
  const warnings: string[] = [];
  const undo: Undo[] = [];
  const files = new ControlFiles(native);
  const applying: Applying = { native, files, cgroup, options, undo, warnings };
  try {
    for (const step of steps) {
      if (step.kind === 'device-program') applyProgram(applying, step);
      else applyWrite(applying, step);
    }
  } catch (error) {
    files.close();
    throw withCleanup(error, rollBack(undo));
  }
  files.close();
  const keep = (): void => {
    for (const { forget } of undo) forget?.();
  };
  return { warnings, keep, takeBack: () => rollBack(undo) };
}

/** How to take a step back. */
interface Undo {
  restore(): void;
  /** Releases what was kept for it. */
  forget?(): void;
}

function rollBack(undo: readonly Undo[]): unknown[] {
  const failed: unknown[] = [];
  for (const action of [...undo].reverse()) {
    try {
      action.restore();
    } catch (error) {
      failed.push(error);
    }
    action.forget?.();
  }
  return failed;
}

/** The container's directory that has a step's controller; undefined when a rootless create left it out. */
export function directoryOf(
  cgroup: SavedCgroup,
  step: Pick<CgroupStep, 'hierarchy' | 'controller'>,
): string | undefined {
  if (step.hierarchy === 'v2') return cgroup.unified?.path;
  return hierarchyWith(cgroup, step.controller)?.path;
}

function applyWrite(applying: Applying, write: CgroupWrite): void {
  const { native, files, cgroup, options, undo, warnings } = applying;
  const directory = directoryOf(cgroup, write);
  if (directory === undefined) {
    leaveOut(write, warnings);
    return;
  }
  let error: unknown;
  for (const { file, value } of [write, ...(write.alternatives ?? [])]) {
    const path = `${directory}/${file}`;
    const before = options.restoreOnFailure ? readOld(native, `${directory}/${witnessOf(file)}`) : undefined;
    try {
      files.write(path, value);
    } catch (caught) {
      // the first name is the one to complain about
      error ??= caught;
      if (hasErrno(caught, 'ENOENT')) continue;
      error = caught;
      break;
    }
    if (options.restoreOnFailure)
      for (const old of restoreValue(value, file, before).reverse())
        undo.push({ restore: () => native.writeFile(`${directory}/${old.file}`, old.value) });
    return;
  }
  if (hasErrno(error, ...(write.tolerate ?? []))) return;
  throw (
    (hasErrno(error, 'ENOENT') ? obstacleTo(native, cgroup, write) : undefined) ?? writeFailure(write, error)
  );
}

/** Device rules are the one thing that a rootless container may go without: its user has no devices to lose. */
function leaveOut(step: CgroupStep, warnings: string[]): void {
  if (step.controller === 'devices') {
    const text = 'device rules are not applied: no permission for it in a rootless container';
    if (!warnings.includes(text)) warnings.push(text);
    return;
  }
  throw new Failure(
    'unsupported',
    `cannot apply ${step.pointer}: no permission to create a cgroup with the ${step.controller} controller`,
    {
      pointer: step.pointer,
      hint: 'Remove the limit, or have the controller delegated to your user (systemd: Delegate=yes).',
    },
  );
}

function readOld(native: Native, path: string): string | undefined {
  try {
    return native.readText(path, MAXIMUM);
  } catch (error) {
    // write-only files, and missing ones
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

function applyProgram(applying: Applying, step: CgroupDeviceProgram): void {
  const { native, cgroup, options, undo, warnings } = applying;
  const directory = cgroup.unified?.path;
  if (directory === undefined) {
    leaveOut(step, warnings);
    return;
  }
  const open: number[] = [];
  try {
    const target = native.open(directory, O_DIRECTORY | O_CLOEXEC, 0);
    open.push(target);
    const old = native.attachedDevicePrograms(target);
    open.push(...old);
    const program = native.loadDeviceProgram(deviceProgram(step.rules));
    open.push(program);
    replacePrograms(native, target, old, program);
    if (options.restoreOnFailure) keepForUndo(native, undo, open, { target, old, program });
  } catch (error) {
    if (cgroup.rootless && hasErrno(error, 'EPERM', 'EACCES')) {
      leaveOut({ ...step, controller: 'devices' }, warnings);
      return;
    }
    const errno = isSystemError(error) ? error.code : undefined;
    throw new Failure('system', `cannot apply ${step.pointer}: device program: ${messageOf(error)}`, {
      pointer: step.pointer,
      errno,
      cause: error,
    });
  } finally {
    for (const descriptor of open) native.close(descriptor);
  }
}

/**
 * One program is replaced in one step, so that the rules hold at every moment; all of several have to allow an
 * access.
 */
function replacePrograms(native: Native, target: number, old: readonly number[], program: number): void {
  const [only] = old;
  if (old.length === 1 && only !== undefined) {
    native.attachDeviceProgram(target, program, only);
    return;
  }
  native.attachDeviceProgram(target, program, -1);
  for (const other of old) native.detachDeviceProgram(target, other);
}

interface Attached {
  readonly target: number;
  readonly old: readonly number[];
  readonly program: number;
}

/** Moves the descriptors from "close at the end of the step" to "close at the end of the update". */
function keepForUndo(native: Native, undo: Undo[], open: number[], attached: Attached): void {
  const kept = open.splice(0);
  undo.push({
    restore: () => {
      for (const program of attached.old) native.attachDeviceProgram(attached.target, program, -1);
      native.detachDeviceProgram(attached.target, attached.program);
    },
    forget: () => {
      for (const descriptor of kept) native.close(descriptor);
    },
  });
}

/** Keeps the file of the last write open: device rules are a dozen writes to the same one. */
class ControlFiles {
  readonly #native: Native;
  #path = '';
  #descriptor = -1;

  constructor(native: Native) {
    this.#native = native;
  }

  write(path: string, value: string): void {
    if (path !== this.#path) {
      this.close();
      this.#descriptor = this.#native.open(path, O_WRONLY | O_CLOEXEC, 0);
      this.#path = path;
    }
    this.#native.write(this.#descriptor, value);
  }

  close(): void {
    if (this.#descriptor >= 0) this.#native.close(this.#descriptor);
    this.#descriptor = -1;
    this.#path = '';
  }
}
