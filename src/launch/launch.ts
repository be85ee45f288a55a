import { Failure, messageOf, withCleanup } from '../failure.ts';
import type { Host } from '../host/host.ts';
import { hasErrno, isSystemError } from '../host/native.ts';
import { SIGKILL } from '../host/signals.ts';
import { NO_SLOT } from '../plan/operations.ts';
import type { Asked } from '../plan/phases.ts';
import type { Inherited, Plan } from '../plan/plan.ts';
import { encodePlan } from '../plan/wire/encode.ts';
import { Conversation, type HookListener, unexpected } from './conversation.ts';
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
  /** The stub's image is wanted again: for the supervisor that takes our place. */
  readonly keepsStub?: boolean | undefined;
  /**
   * Makes the cgroup while the stub starts, or has it made around stage 0, for a plan that waits for it. Throwing
   * ends the launch.
   */
  cgroup?(stage0: number): Promise<void>;
  /**
   * Work for the time in which the container's process, which is there now, sets itself up. Throwing ends the launch.
   */
  cloned?(pid: number): void;
  /** Takes what hooks say, where the plan has that told. Throwing ends the launch. */
  readonly said?: HookListener | undefined;
  /** Answers a question of the stub about the container process `pid`. Throwing ends the launch. */
  answer(question: Asked, pid: number): Promise<Omit<Go, 'question'>>;
}

/** A container process that has been set up. Our own child: it must be waited for, or be left to our reaper. */
export interface Launched {
  readonly pid: number;
  /** The process that made it, and is gone. */
  readonly stage0: number;
  /** Master of its new terminal, when it was not handed to a console socket. */
  readonly terminal: number | undefined;
  /** The stub's image, where it was to be kept. */
  readonly stub: number | undefined;
  /** The process waits for `start` instead of having executed its program. */
  readonly waiting: boolean;
  readonly conversation: Conversation;
}

function stubPath({ stub, libexec }: Host): string {
  return stub ?? `${libexec}/tsoci-init`;
}

/** The stub's image: a sealed memory file, so that no path is ever the container's /proc/self/exe (CVE-2019-5736). */
export function openStub(host: Host): number {
  try {
    return host.native.sealedCopy(stubPath(host), 'tsoci-init');
  } catch (cause) {
    if (isSystemError(cause) && cause.syscall === 'memfd_create' && cause.code === 'EACCES')
      throw new Failure('unsupported', 'vm.memfd_noexec=2 forbids programs in memory, as the stub is one', {
        cause,
        hint: 'Set the sysctl vm.memfd_noexec to 0 or 1, or run as root',
      });
    const many = hasErrno(cause, 'EMFILE', 'ENFILE');
    throw new Failure('system', `the stub "${stubPath(host)}" cannot be read: ${messageOf(cause)}`, {
      cause,
      hint: many
        ? 'Raise the limit of open files (ulimit -n), or call with fewer descriptors open'
        : 'Install tsoci again, or run `make build` in its sources',
    });
  }
}

/** What was started, and our end of the socket. */
interface Spawned {
  readonly stage0: number;
  readonly socket: number;
  /** The stub's image, which is still open. */
  readonly stub: number;
}

/** Spawns stage 0. */
export function spawnStub(
  host: Host,
  request: Pick<LaunchRequest, 'plan' | 'inherited' | 'environment' | 'streams' | 'trace'>,
): Spawned {
  const { native } = host;
  const { plan } = request;
  const opened: number[] = [];
  const [socket, theirs] = native.socketPair();
  let stub: number | undefined;
  opened.push(theirs);
  try {
    const image = native.sealedBytes(
      encodePlan(plan, { trace: request.trace, encodeInto: native.encodeInto }),
      'tsoci-plan',
    );
    opened.push(image);
    stub = openStub(host);
    const preserved = Array.from({ length: plan.preserve }, (_, index) => 3 + index);
    const descriptors = [...(request.streams ?? [0, 1, 2]), ...preserved, theirs, image];
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
    return { stage0, socket, stub };
  } catch (error) {
    native.close(socket);
    if (stub !== undefined) native.close(stub);
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

/** Ends what a launch has started. */
async function endLaunch(
  host: Host,
  conversation: Conversation,
  known: number | undefined,
  stage0: number,
): Promise<unknown[]> {
  const failures: unknown[] = [];
  let pid = known;
  try {
    // Stage 0 is not killed before it has told of the container's process, our own child, which nobody else reaps: a
    // container whose pid namespace has a process that is not reaped never ends.
    pid ??= await conversation.refuse();
  } catch (error) {
    failures.push(error);
  }
  return [...failures, ...(await endAll(host, pid, stage0))];
}

/** Waits for the end of a child of ours; one that is gone is fine. */
export async function reap(host: Host, pid: number): Promise<void> {
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

/** The stub waits for its cgroup: with the first operations, or not at all. */
export function awaitsCgroup({ operations }: Plan): boolean {
  return (
    operations.find(({ kind }) => kind === 'await-cgroup' || kind === 'new-session')?.kind === 'await-cgroup'
  );
}

/** The plan has the stub hand the master of a new terminal to us. */
function givesTerminal(plan: Plan): boolean {
  return plan.operations.some((operation) => operation.kind === 'console' && operation.socket === NO_SLOT);
}

/** The stub's side of the story until it is ready: a fixed sequence, of which each departure is refused. */
async function untilReady(
  host: Host,
  conversation: Conversation,
  request: LaunchRequest,
  progress: Progress,
): Promise<void> {
  const asked = [...request.plan.questions];
  const terminal = givesTerminal(request.plan);
  for (;;) {
    const received = await conversation.receive();
    if (received === undefined) {
      throw new Failure('system', 'the container process died while it was being set up', {
        hint: 'A memory limit that is too low does that, and so does somebody who kills it',
      });
    }
    const { message } = received;
    if (message.type === 'cloned' && progress.pid === undefined) {
      progress.pid = message.pid;
      request.cloned?.(message.pid);
    } else if (message.type === 'console' && terminal && progress.terminal === undefined)
      progress.terminal = received.descriptor;
    else if (message.type === 'ask' && asked[0] === message.question) {
      if (progress.pid === undefined) throw unexpected(message);
      asked.shift();
      const answer = await request.answer(message.question, progress.pid);
      conversation.go({ question: message.question, ...answer });
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
  const { stage0, socket, stub } = spawnStub(host, request);
  let kept = request.keepsStub === true ? stub : undefined;
  const conversation = new Conversation(host, socket, {
    note: (index) => noteOf(plan, index),
    deathHint: () => deathHint(plan.operations),
    said: request.said,
  });
  const progress: Progress = { pid: undefined, terminal: undefined };
  const waiting = plan.operations.some(({ kind }) => kind === 'await-start');
  try {
    if (awaitsCgroup(plan)) {
      await request.cgroup?.(stage0);
      conversation.go({ question: 'cgroup' });
    }
    await untilReady(host, conversation, request, progress);
    const pid = progress.pid ?? 0;
    conversation.go({ question: 'commit', ...(await request.answer('commit', pid)) });
    if (!waiting) await conversation.executed();
    await reap(host, stage0);
    return { pid, stage0, terminal: progress.terminal, stub: kept, waiting, conversation };
  } catch (error) {
    kept = undefined;
    if (progress.terminal !== undefined) native.close(progress.terminal);
    throw withCleanup(error, await endLaunch(host, conversation, progress.pid, stage0));
  } finally {
    native.close(socket);
    if (kept === undefined) native.close(stub);
  }
}
