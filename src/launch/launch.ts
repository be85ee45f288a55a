import { Failure, messageOf, withCleanup } from '../failure.ts';
import type { Host } from '../host/host.ts';
import { hasErrno, isSystemError } from '../host/native.ts';
import { encodePlan } from '../plan/encode.ts';
import { NO_SLOT, type Question } from '../plan/operations.ts';
import type { Inherited, Plan } from '../plan/plan.ts';
import { Conversation, unexpected } from './conversation.ts';
import type { Go } from './messages.ts';
import { deathHint, noteOf } from './operation-note.ts';

/** What a launch is made of. */
export interface LaunchRequest {
  readonly plan: Plan;
  /** Our descriptors for everything that the plan inherits. */
  readonly inherited: Readonly<Partial<Record<Inherited, number>>>;
  /** The runtime's own environment, for hooks that the plan gives it to. */
  readonly environment?: readonly string[];
  /** What becomes the process's standard input, output and error instead of our own. */
  readonly streams?: readonly [number, number, number] | undefined;
  /** Collect stamps of every operation. */
  readonly trace: boolean;
  /** Answers a question of the stub about the container process `pid` (for `cgroup`: about stage 0). Throwing ends the launch. */
  answer(question: Question, pid: number): Promise<Omit<Go, 'question'>>;
}

/** A container process that has been set up. Our own child: it must be waited for, or be left to our reaper. */
export interface Launched {
  readonly pid: number;
  /** The process that made it, and is gone. */
  readonly stage0: number;
  /** Master of its new terminal, when it was not handed to a console socket. */
  readonly terminal: number | undefined;
  /** The process waits for `start` instead of having executed its program. */
  readonly waiting: boolean;
  readonly conversation: Conversation;
}

const SIGKILL = 9;

/** The stub's image: a sealed memory file, so that no path is ever the container's /proc/self/exe (CVE-2019-5736). */
export function openStub(host: Host): number {
  try {
    return host.native.sealedCopy(`${host.libexec}/tsoci-init`, 'tsoci-init');
  } catch (cause) {
    if (isSystemError(cause) && cause.syscall === 'memfd_create' && cause.code === 'EACCES')
      throw new Failure('unsupported', 'vm.memfd_noexec=2 forbids programs in memory, as the stub is one', {
        cause,
        hint: 'set the sysctl vm.memfd_noexec to 0 or 1, or run as root',
      });
    const many = hasErrno(cause, 'EMFILE', 'ENFILE');
    throw new Failure('system', `the stub "${host.libexec}/tsoci-init" can't be read: ${messageOf(cause)}`, {
      cause,
      hint: many
        ? 'raise the limit of open files (ulimit -n), or call with fewer descriptors open'
        : 'install tsoci again, or run `make build` in its sources',
    });
  }
}

/** Spawns stage 0 and gives our end of the socket. */
function spawnStub(host: Host, request: LaunchRequest): { readonly stage0: number; readonly socket: number } {
  const { native } = host;
  const { plan } = request;
  const opened: number[] = [];
  const [socket, theirs] = native.socketPair();
  opened.push(theirs);
  try {
    const image = native.sealedBytes(encodePlan(plan, { trace: request.trace }), 'tsoci-plan');
    opened.push(image);
    const stub = openStub(host);
    opened.push(stub);
    const descriptors: number[] = [...(request.streams ?? [0, 1, 2])];
    for (let index = 0; index < plan.preserve; index++) descriptors.push(3 + index);
    descriptors.push(theirs, image);
    for (const name of plan.inherited) {
      const descriptor = request.inherited[name];
      if (descriptor === undefined) throw new Failure('internal', `nothing to inherit for ${name}`);
      descriptors.push(descriptor);
    }
    const stage0 = native.spawn({
      file: stub,
      argv: ['tsoci-init', 'plan', String(3 + plan.preserve)],
      environment: request.environment ?? [],
      descriptors,
    });
    return { stage0, socket };
  } catch (error) {
    native.close(socket);
    throw error;
  } finally {
    for (const descriptor of opened) native.close(descriptor);
  }
}

/** Ends and reaps a child of ours; one that is gone is fine. */
export async function endChild(host: Host, pid: number): Promise<void> {
  const { native } = host;
  try {
    native.kill(pid, SIGKILL);
  } catch (error) {
    if (!hasErrno(error, 'ESRCH')) throw error;
  }
  await reap(host, pid);
}

/** Ends whatever there is, and gives what could not be ended. */
async function endAll(host: Host, ...pids: readonly (number | undefined)[]): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (const pid of pids) {
    try {
      if (pid !== undefined) await endChild(host, pid);
    } catch (error) {
      failures.push(error);
    }
  }
  return failures;
}

async function reap(host: Host, pid: number): Promise<void> {
  try {
    await host.wait.child(pid);
  } catch (error) {
    if (!hasErrno(error, 'ECHILD')) throw error;
  }
}

/** What has come into being so far, for the clean-up. */
interface Progress {
  pid: number | undefined;
  terminal: number | undefined;
}

/** The plan has the stub hand the master of a new terminal to us. */
function givesTerminal(plan: Plan): boolean {
  for (const operation of plan.operations)
    if (operation.kind === 'console' && operation.socket === NO_SLOT) return true;
  return false;
}

/** The stub's side of the story until it is ready: a fixed sequence, of which each departure is refused. */
async function untilReady(
  host: Host,
  conversation: Conversation,
  request: LaunchRequest,
  stage0: number,
  progress: Progress,
): Promise<void> {
  const asked = [...request.plan.questions];
  const terminal = givesTerminal(request.plan);
  for (;;) {
    const received = await conversation.receive();
    if (received === undefined) {
      throw new Failure('system', 'the container process died while it was being set up', {
        hint: 'a memory limit that is too low does that, and so does somebody who kills it',
      });
    }
    const { message } = received;
    if (message.type === 'cloned' && progress.pid === undefined) progress.pid = message.pid;
    else if (message.type === 'console' && terminal && progress.terminal === undefined)
      progress.terminal = received.descriptor;
    else if (message.type === 'ask' && asked[0] === message.question) {
      // Only the cgroup is asked for before there is a container process.
      const about = message.question === 'cgroup' ? stage0 : progress.pid;
      if (about === undefined) throw unexpected(message);
      asked.shift();
      conversation.go({ question: message.question, ...(await request.answer(message.question, about)) });
    } else if (
      message.type === 'ready' &&
      progress.pid !== undefined &&
      asked.length === 0 &&
      (progress.terminal !== undefined) === terminal
    )
      return;
    else {
      if (received.descriptor !== undefined) host.native.close(received.descriptor);
      throw unexpected(message);
    }
  }
}

/**
 * Starts the stub with a plan and talks it through: answers its questions, records the container when it is ready
 * (`answer('commit')`), and, when the plan has no start channel, waits until the program was executed.
 *
 * On any failure everything that was started is ended and reaped before the `Failure` is thrown.
 */
export async function launch(host: Host, request: LaunchRequest): Promise<Launched> {
  const { native } = host;
  const { plan } = request;
  const { stage0, socket } = spawnStub(host, request);
  const conversation = new Conversation(host, socket, {
    note: (index) => noteOf(plan, index),
    deathHint: () => deathHint(plan.operations),
  });
  const progress: Progress = { pid: undefined, terminal: undefined };
  let waiting = false;
  for (const { kind } of plan.operations) waiting ||= kind === 'await-start';
  try {
    await untilReady(host, conversation, request, stage0, progress);
    const pid = progress.pid ?? 0;
    conversation.go({ question: 'commit', ...(await request.answer('commit', pid)) });
    if (!waiting) await conversation.executed();
    await reap(host, stage0);
    return { pid, stage0, terminal: progress.terminal, waiting, conversation };
  } catch (error) {
    if (progress.terminal !== undefined) native.close(progress.terminal);
    throw withCleanup(error, await endAll(host, progress.pid, stage0));
  } finally {
    native.close(socket);
  }
}
