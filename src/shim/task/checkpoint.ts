import { Failure } from '../../failure.ts';
import { asFailure } from '../../host/files.ts';
import { decodeMessage, type MessageOf } from '../../protobuf.ts';
import { answerError } from './answer-error.ts';
import { contextOf } from './create.ts';
import type { any } from './messages.ts';
import { checkpointOptions } from './restore.ts';
import type { Shim } from './shim.ts';
import type { Task } from './task.ts';

const modes = ['soft', 'full', 'strict', 'ignore'] as const;
const longestLog = 16 << 20;

function modeOf(name: string): (typeof modes)[number] {
  const mode = modes.find((each) => each === name);
  if (mode !== undefined) return mode;
  if (name === '') return 'soft';
  throw new Failure('invalid', `the cgroups mode "${name}" is unknown: ${modes.join(', ')} are known`);
}

/**
 * Checkpoint: saves the container's processes to a directory. Without options it goes on running. Throws
 * `StatusError`.
 */
export async function checkpointTask(
  shim: Shim,
  task: Task,
  path: string,
  given: MessageOf<typeof any> | undefined,
): Promise<void> {
  try {
    const options = decodeMessage(checkpointOptions, given?.value ?? new Uint8Array(0));
    const workPath = options.work_path || task.options.criuWork || `${task.bundle}/work`;
    await saveTask(shim, task, workPath, {
      leaveRunning: options.exit !== true,
      preDump: false,
      ...(options.parent_path && { parentPath: options.parent_path }),
      tcpSkipInFlight: false,
      imagePath: path || options.image_path || task.options.criuImages,
      workPath,
      tcpEstablished: options.open_tcp === true,
      extUnixSk: options.external_unix_sockets === true,
      shellJob: options.terminal === true,
      fileLocks: options.file_locks === true,
      lazyPages: false,
      autoDedup: false,
      linkRemap: false,
      emptyNs: options.empty_namespaces ?? [],
      manageCgroupsMode: modeOf(options.cgroups_mode ?? ''),
    });
  } catch (error) {
    throw answerError('OCI runtime checkpoint failed', error);
  }
  shim.publisher.publish('/tasks/checkpointed', { container_id: task.id, checkpoint: path });
}

type CheckpointOptions = Parameters<Shim['containers']['checkpoint']>[2];

/** On failure CRIU's log is kept where it survives the directory of the images. */
async function saveTask(shim: Shim, task: Task, work: string, options: CheckpointOptions): Promise<void> {
  const { native } = shim.host;
  try {
    // Whoever waits for its end reaps it.
    await shim.containers.checkpoint(contextOf(task, task.init), task.id, options);
  } catch (thrown) {
    const error = asFailure(thrown);
    const log = `${task.bundle}/criu-dump.log`;
    try {
      const text = native.readFile(`${work}/dump.log`, longestLog);
      if (native.status(log, false) !== undefined) native.unlink(log);
      native.createFile(log, text, 0o600, false);
    } catch {
      // Without a log there is nothing to keep.
      throw error;
    }
    if (!(error instanceof Failure)) throw error;
    throw new Failure(error.code, `${error.message} path= ${log}`, {
      cause: error.cause,
      ...(error.hint !== undefined && { hint: error.hint }),
    });
  }
}
