import type { Traced } from '../host/stopwatch.ts';
import type { Plan } from '../plan/plan.ts';
import type { Launched } from './launch.ts';
import { startStamp } from './messages.ts';
import { noteOf } from './operation-note.ts';

/** Every operation of the stub as a stamp of its own: it lasted from the one before it to itself. */
export function emitStamps(
  traced: Traced,
  plan: Plan,
  launched: Pick<Launched, 'pid' | 'stage0' | 'conversation'>,
  began: bigint,
): void {
  const { trace } = traced;
  if (trace === undefined) return;
  let since = began;
  for (const { stage, stamps } of launched.conversation.stamps) {
    for (const { operation, nanoseconds } of stamps) {
      const note = operation === startStamp ? undefined : noteOf(plan, operation);
      trace.add({
        name: note?.kind ?? 'start the stub',
        category: `stub:${note?.phase ?? 'prepare'}`,
        startNs: since,
        endNs: nanoseconds,
        pid: stage === 0 ? launched.stage0 : launched.pid,
        ...(note && { args: { operation, from: note.from, subject: note.subject } }),
      });
      since = nanoseconds;
    }
  }
}
