import { Failure, messageOf } from './failure.ts';
import { pathOf } from './spec/pointer.ts';

/** The message, with the place in config.json before it unless it is named there already. */
function placed(error: unknown): string {
  // The place in people's notation, once: the rooms below have pointers.
  const text = messageOf(error).replace(
    /^(cannot apply )(\/[^:\s]+)/,
    (_all, verb, place) => verb + pathOf(place),
  );
  const pointer = error instanceof Failure ? error.pointer : undefined;
  if (pointer === undefined || pointer === '') return text;
  const place = pathOf(pointer);
  return text.includes(place) ? text : `${place}: ${text}`;
}

/** The message with those of its causes, as far as they are not part of it already. */
export function wholeMessage(error: unknown): string {
  let text = placed(error);
  let cause = error instanceof Error ? error.cause : undefined;
  for (let depth = 0; cause !== undefined && depth < 8; depth++) {
    const more = messageOf(cause);
    if (!text.includes(more)) text += `: ${more}`;
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return text;
}
