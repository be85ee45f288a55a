import { Failure, type FailureCode } from '../failure.ts';
import { errnoName, errnoText } from '../host/errno-text.ts';
import { rowOf } from '../plan/subject.ts';
import { pathOf } from '../spec/pointer.ts';
import type { Message } from './messages.ts';
import type { OperationNote } from './operation-note.ts';

type FailedMessage = Extract<Message, { type: 'failed' }>;

/** Advice for failures that have one usual reason: as the row says. */
function hintFor({ kind, from }: OperationNote, errno: string): string | undefined {
  const hint = rowOf(kind).hints?.[errno];
  if (typeof hint !== 'object') return hint;
  return from.startsWith(hint.below) ? hint.text : undefined;
}

function codeFor({ kind }: OperationNote): FailureCode {
  return rowOf(kind).fails ?? 'system';
}

/** What happened, without the place. Programs are named as engines expect: `exec: "sh": …`. */
function reasonFor(message: FailedMessage, note: OperationNote): string {
  const words = message.errno === 0 ? [] : [errnoText(message.errno)];
  const { does, fails } = rowOf(note.kind);
  const repeats = [words[0], fails === 'exec' ? note.subject : ''];
  if (message.text !== '' && !repeats.includes(message.text)) words.unshift(message.text);
  if (fails === 'exec') {
    const searched = note.kind === 'find-executable' && message.text !== '';
    return `exec: "${note.subject}": ${searched ? message.text : words.join(': ')}`;
  }
  // As of the runtime's own hooks: what it said ends with a newline.
  if (fails === 'hook') return words.join(': ').trim();
  return `${does}: ${words.join(': ')}`;
}

/** The place in the config and what it is about; for what no config asks for, the latter alone. */
function placeOf(message: FailedMessage, { from, kind, subject }: OperationNote): string {
  const named = rowOf(kind).fails === 'exec' ? '' : subject;
  if (from !== '') return `${pathOf(from)}${named === '' ? '' : ` (${named})`}: `;
  return named === '' || message.text.includes(named) ? '' : `${named}: `;
}

/**
 * The error of a failed operation in the terms of the person's own config:
 * `mounts[3] (/data): clone a mount tree of the host, detached: /srv/data: no such file or directory`.
 */
export function describeFailure(message: FailedMessage, note: OperationNote | undefined): Failure {
  if (note === undefined) {
    const words = [message.text, message.errno === 0 ? '' : errnoText(message.errno)]
      .filter(Boolean)
      .join(': ');
    return new Failure('internal', `the stub could not carry out the plan: ${words}`);
  }
  const errno = message.errno === 0 ? undefined : errnoName(message.errno);
  const hint = errno === undefined ? undefined : hintFor(note, errno);
  const reason = reasonFor(message, note);
  const place = placeOf(message, note);
  return new Failure(codeFor(note), `${place}${reason}`, {
    pointer: note.from || undefined,
    errno,
    operation: note.kind,
    hint,
  });
}
