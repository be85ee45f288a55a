import { hasErrno, type Native } from '../host/native.ts';
import { O_CLOEXEC, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../host/open-flags.ts';

const piece = 65536;
/** What a message has room for; the rest is in the log. */
const most = 3;

/** `(02.054478) Error (criu/cr-dump.c:2053): Dumping FAILED.`, and `pie: 7: Error (…): …` from inside a process. */
const errorLine = /^(?:\(\d+\.\d+\)\s*)?(?:pie: )?(?:\d+: )?Error \([^)]*\): (.*)$/;
/** Said at the end of every failure, so it says nothing. */
const conclusion = /^(Dumping|Pre-dumping|Restoring) FAILED\.?$/;

/** The last complaints of a log, oldest first, without time and place in CRIU's source. */
export function errorsIn(lines: Iterable<string>): string[] {
  const found: string[] = [];
  for (const line of lines) {
    const text = errorLine.exec(line)?.[1]?.trim();
    if (text === undefined || text === '' || conclusion.test(text) || found.includes(text)) continue;
    found.push(text);
  }
  return found.slice(-most);
}

/** The last complaints in a log file; none when there is no such file. It may be long: it is read piece by piece. */
export function errorsInFile(native: Native, path: string): string[] {
  let descriptor: number;
  try {
    descriptor = native.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return [];
    throw error;
  }
  try {
    return errorsIn(linesOf(native, descriptor));
  } finally {
    native.close(descriptor);
  }
}

function* linesOf(native: Native, descriptor: number): Generator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const bytes = native.read(descriptor, piece);
    if (bytes.length === 0) break;
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
