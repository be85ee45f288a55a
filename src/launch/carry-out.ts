import { Failure, withCleanup } from '../failure.ts';
import type { Host } from '../host/host.ts';
import type { Inherited, Plan } from '../plan/plan.ts';
import { Conversation, unexpected } from './conversation.ts';
import { endChild, reap, spawnStub } from './launch.ts';
import { undoFailed } from './messages.ts';
import { noteOf } from './operation-note.ts';

/** Records what was done: the numbers of the mounts that were told, in their order. */
export type Done = (mounts: readonly number[]) => void;

/** What the stub says until all is done. */
async function untilDone(conversation: Conversation): Promise<number[]> {
  const mounts: number[] = [];
  for (;;) {
    const received = await conversation.receive();
    if (received === undefined) throw new Failure('system', 'the stub died before it was done');
    const { message } = received;
    if (message.type === 'ready') return mounts;
    if (message.type !== 'mounted') throw unexpected(message);
    mounts.push(message.number);
  }
}

/** Any other answer than the right one has the stub take back what it did; gives what went wrong with that. */
async function takeBack(conversation: Conversation): Promise<unknown[]> {
  conversation.go({ question: 'start' });
  try {
    await conversation.receive();
  } catch (error) {
    const refused = error instanceof Failure && error.errno === 'EPROTO';
    return refused && !error.message.includes(undoFailed) ? [] : [error];
  }
  return [new Failure('system', 'the stub died before it took back what it had done')];
}

async function talk(conversation: Conversation, done: Done): Promise<void> {
  const mounts = await untilDone(conversation);
  try {
    done(mounts);
  } catch (error) {
    throw withCleanup(error, await takeBack(conversation));
  }
  conversation.go({ question: 'commit' });
  const after = await conversation.receive();
  if (after !== undefined) throw unexpected(after.message);
}

/**
 * Has the stub carry out a plan that ends without a program (`finish`), and waits for the end.
 *
 * @param inherited - Our descriptors for everything that the plan inherits.
 * @param done - Called when all is done. When it throws, what was done is taken back as the plan says.
 * @throws Failure for the operation that failed. What the plan does not say how to take back is the caller's to undo.
 */
export async function carryOut(
  host: Host,
  plan: Plan,
  inherited: Readonly<Partial<Record<Inherited, number>>>,
  done: Done = () => undefined,
): Promise<void> {
  const { native } = host;
  const { stage0, socket, stub } = spawnStub(host, { plan, inherited, trace: false });
  const conversation = new Conversation(host, socket, {
    note: (index) => noteOf(plan, index),
    deathHint: () => undefined,
  });
  try {
    await talk(conversation, done);
    await reap(host, stage0);
  } catch (error) {
    const failures: unknown[] = [];
    await endChild(host, stage0).catch((failure: unknown) => failures.push(failure));
    throw withCleanup(error, failures);
  } finally {
    native.close(socket);
    native.close(stub);
  }
}
