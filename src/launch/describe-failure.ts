import { Failure, type FailureCode } from '../failure.ts';
import { errnoName, errnoText } from '../host/errno-text.ts';
import { pathOf } from '../place.ts';
import { operations } from '../plan/operations.ts';
import type { Message } from './messages.ts';
import { filteredHooks, type OperationNote } from './operation-note.ts';

type FailedMessage = Extract<Message, { type: 'failed' }>;

/** A filter that does not let a process be started lets no hook be started. */
function filteredHookHint({ from }: OperationNote): string | undefined {
  return from.startsWith('/hooks/startContainer/') ? filteredHooks : undefined;
}

/** Advice for failures that have one usual reason. */
function hintFor(note: OperationNote, errno: string): string | undefined {
  if (note.kind === 'execute' && errno === 'ENOENT') {
    return 'the file exists, so the interpreter that it names (its #! line or ELF loader) is missing in the container';
  }
  if (note.kind === 'execute' && errno === 'ENOEXEC') {
    return 'it is a program for another architecture, or a script without a #! line';
  }
  if (note.kind === 'rlimit' && errno === 'EPERM')
    return 'raising a limit above the present hard limit takes CAP_SYS_RESOURCE';
  if (note.kind === 'oom-score' && (errno === 'EACCES' || errno === 'EPERM')) {
    return "lowering oom_score_adj below the caller's takes CAP_SYS_RESOURCE";
  }
  if (note.kind === 'hook' && (errno === 'EPERM' || errno === 'ENOSYS')) return filteredHookHint(note);
  if (note.kind === 'open-tree' && errno === 'ENOENT') return 'create it on the host, or remove the mount';
  if (note.kind === 'mount' && errno === 'ENODEV')
    return 'the kernel does not know this filesystem type (see /proc/filesystems)';
  return undefined;
}

const execKinds = new Set(['find-executable', 'execute']);

function codeFor(note: OperationNote): FailureCode {
  if (execKinds.has(note.kind)) return 'exec';
  return note.kind === 'hook' ? 'hook' : 'system';
}

/** What happened, without the place. Programs are named as engines expect: `exec: "sh": …`. */
function reasonFor(message: FailedMessage, note: OperationNote): string {
  const words = message.errno === 0 ? [] : [errnoText(message.errno)];
  const repeats = [words[0], execKinds.has(note.kind) ? note.subject : ''];
  if (message.text !== '' && !repeats.includes(message.text)) words.unshift(message.text);
  if (execKinds.has(note.kind)) {
    const searched = note.kind === 'find-executable' && message.text !== '';
    return `exec: "${note.subject}": ${searched ? message.text : words.join(': ')}`;
  }
  // As of the runtime's own hooks: what it said ends with a newline.
  if (note.kind === 'hook') return words.join(': ').trim();
  const does = operations[note.kind].does;
  return `${does}: ${words.join(': ')}`;
}

/** The place in the config and what it is about; for what no config asks for, the latter alone. */
function placeOf(message: FailedMessage, { from, kind, subject }: OperationNote): string {
  const named = execKinds.has(kind) ? '' : subject;
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
    ...(note.from !== '' && { pointer: note.from }),
    ...(errno !== undefined && { errno }),
    ...(hint !== undefined && { hint }),
  });
}
