/** What /proc says of processes that may end while they are asked for. */
import { readdirSync, readFileSync } from 'node:fs';

/** A file of /proc/`pid`, or undefined of a process that is not there (any more). */
function readOf(pid: number | string, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    // ENOENT, or ESRCH when it ended with the file open.
    if (/ENOENT|ESRCH/.test(String(error))) return undefined;
    throw error;
  }
}

/**
 * The state and the parent. The name before them, in parentheses, may have blanks and parentheses: proc_pid_stat(5).
 */
function statOf(pid: number | string): { readonly state: string; readonly parent: number } | undefined {
  const stat = readOf(pid, 'stat');
  if (stat === undefined) return undefined;
  const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state, parent: Number(parent) };
}

/** Has the process ended, whether its parent knows already or not? */
export const hasEnded = (pid: number | string): boolean => (statOf(pid)?.state ?? 'Z') === 'Z';

/** All processes: of each its pid. */
const allPids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/**
 * The children of all threads of `parent` that exist now, with those that ended and are not reaped. Asks every
 * process for its parent: the list of a thread, /proc/PID/task/TID/children, goes with its thread while it is read.
 */
export const childrenOf = (parent: number): number[] =>
  allPids().filter((pid) => statOf(pid)?.parent === parent);

/** Whether a signal is in one of a process's sets, as proc_pid_status(5) has them. */
function inSignalSet(pid: number, set: 'SigBlk' | 'SigCgt', signal: number): boolean {
  const mask = new RegExp(`^${set}:\\t([0-9a-f]+)$`, 'm').exec(readOf(pid, 'status') ?? '')?.[1] ?? '0';
  return ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

/** Whether a process has a signal blocked, as one does that reads its signals from a descriptor. */
export const holdsBack = (pid: number, signal: number): boolean => inSignalSet(pid, 'SigBlk', signal);

/**
 * Whether a process has a handler for a signal. The first process of a pid namespace does not see a signal for which
 * it has none (pid_namespaces(7)): whoever waits for its answer waits for its trap first.
 */
export const catches = (pid: number, signal: number): boolean => inSignalSet(pid, 'SigCgt', signal);

/** The words of its command line, each with a zero byte behind it; empty of a process that ended. */
export const commandLineOf = (pid: number): string => readOf(pid, 'cmdline') ?? '';

/** Processes other than this one whose command line, words that end in a zero byte, satisfies `condition`. */
export const processesWhere = (condition: (commandLine: string) => boolean): number[] =>
  allPids().filter((pid) => pid !== process.pid && condition(commandLineOf(pid)));

/** SIGKILL for a process that may have ended by itself meanwhile. */
export function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!/ESRCH/.test(String(error))) throw error;
  }
}
