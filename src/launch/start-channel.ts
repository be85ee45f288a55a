import type { Host } from '../host/host.ts';
import { Conversation, type HookListener } from './conversation.ts';
import type { Go } from './messages.ts';
import { deathHint, type OperationNote } from './operation-note.ts';

interface StartGo extends Omit<Go, 'question'> {
  readonly said?: HookListener | undefined;
  beforeGo(): void;
}

/**
 * Releases a container process by a connection to its start socket, which is closed then, and waits until it has
 * executed its program.
 *
 * `beforeGo` runs between the connection and the permission; the process dies when nobody gives it. `said` takes what
 * hooks say, where their plan has that told.
 * Throws what the process reports.
 */
export async function startWaiting(
  host: Host,
  socket: number,
  notes: readonly OperationNote[],
  { beforeGo, said, ...go }: StartGo,
): Promise<Conversation> {
  const { native } = host;
  try {
    const conversation = new Conversation(host, socket, {
      note: (index) => notes.find((each) => each.index === index),
      deathHint: () => deathHint(notes),
      said,
    });
    beforeGo();
    conversation.go({ question: 'start', ...go });
    await conversation.executed();
    return conversation;
  } finally {
    native.close(socket);
  }
}
