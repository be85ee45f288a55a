import type { MessageOf } from '../../protobuf.ts';
import type { timestamp } from './messages.ts';

/** Milliseconds since 1970 as a message; nothing for what has not happened. */
export function timestampOf(milliseconds: number): MessageOf<typeof timestamp> {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((milliseconds - seconds * 1000) * 1e6) };
}
