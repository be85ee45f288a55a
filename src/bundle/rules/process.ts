import type { Process } from '../../spec/config.ts';
import { resourceLimits } from '../../spec/kernel-flags.ts';
import { nearest } from '../../suggest.ts';
import { quote } from '../finding.ts';
import { eachRepeated, NO_ID, needAbsolute, needNumberList } from './help.ts';
import type { Report, RuleSet } from './rule.ts';
import { checkScheduler } from './scheduler.ts';

/** config.md, "Process": at least one entry. */
function checkArgs({ args, commandLine }: Process, report: Report): void {
  if (args === undefined || args.length === 0) {
    const windows = commandLine === undefined ? '' : ' (commandLine is for Windows)';
    report('/args', `${args === undefined ? 'is missing' : 'is empty'}: name the program to run${windows}`);
  }
}

/** environ(7): `NAME=value`. What has no name cannot be looked up; what has no `=` is no variable. */
export function checkEnvironment(env: readonly string[] | undefined, pointer: string, report: Report): void {
  for (const [index, entry] of (env ?? []).entries()) {
    const equals = entry.indexOf('=');
    if (equals === -1) report(`${pointer}/${index}`, `${quote(entry)} has no "=", must be NAME=value`);
    else if (equals === 0) report(`${pointer}/${index}`, `${quote(entry)} has no name before "="`);
  }
}

const LARGEST_UMASK = 0o777;
/** NGROUPS_MAX */
const MOST_GROUPS = 65_536;

function checkUser({ user }: Process, report: Report): void {
  if (user === undefined) return;
  for (const field of ['uid', 'gid'] as const) {
    if (user[field] === undefined)
      report(`/user/${field}`, 'is missing: without it the process would run as root');
    else if (user[field] === NO_ID)
      report(`/user/${field}`, `${NO_ID} is no id: the kernel takes it for "unchanged"`);
  }
  if (user.umask !== undefined && user.umask > LARGEST_UMASK) {
    report('/user/umask', `${user.umask} is more than 511 (octal 777); it is written in decimal`);
  }
  const groups = user.additionalGids ?? [];
  if (groups.length > MOST_GROUPS)
    report('/user/additionalGids', `has ${groups.length} groups, more than ${MOST_GROUPS}`);
  for (const [index, gid] of groups.entries()) {
    if (gid === NO_ID) report(`/user/additionalGids/${index}`, `${NO_ID} is no id`);
  }
}

/** config.md, "POSIX process": unknown and repeated types are errors. */
function checkLimits({ rlimits = [] }: Process, report: Report): void {
  for (const [index, { type, soft, hard }] of rlimits.entries()) {
    if (!Object.hasOwn(resourceLimits, type)) {
      const guess = nearest(type, Object.keys(resourceLimits));
      const question = guess === undefined ? '' : `; did you mean ${quote(guess)}?`;
      report(`/rlimits/${index}/type`, `${quote(type)} is no resource limit of Linux${question}`);
    }
    if (soft > hard) report(`/rlimits/${index}/soft`, `${soft} is above the hard limit, ${hard}`);
  }
  eachRepeated(
    rlimits,
    ({ type }) => type,
    (index, first, type) =>
      report(`/rlimits/${index}/type`, `${quote(type)} is already set by rlimits[${first}]`),
  );
}

/** proc_pid_oom_score_adj(5) */
function checkOomScore({ oomScoreAdj }: Process, report: Report): void {
  if (oomScoreAdj === undefined || (oomScoreAdj >= -1000 && oomScoreAdj <= 1000)) return;
  report('/oomScoreAdj', `${oomScoreAdj} is not between -1000 and 1000`);
}

/** struct winsize counts in 16 bits. */
function checkConsole({ terminal, consoleSize }: Process, report: Report): void {
  if (terminal !== true || consoleSize === undefined) return;
  for (const field of ['height', 'width'] as const) {
    if (consoleSize[field] > 0xffff)
      report(`/consoleSize/${field}`, `${consoleSize[field]} is more than 65535`);
  }
}

function checkAffinity({ execCPUAffinity: affinity }: Process, report: Report): void {
  for (const field of ['initial', 'final'] as const) {
    const list = affinity?.[field];
    if (list !== undefined && list !== '') needNumberList(list, 'CPUs', `/execCPUAffinity/${field}`, report);
  }
}

/** Written to files of procfs, one value a write: a line break would end it. */
function checkLabels(process: Process, report: Report): void {
  for (const field of ['apparmorProfile', 'selinuxLabel'] as const) {
    if (process[field]?.includes('\n') === true) report(`/${field}`, 'has a line break in it');
  }
}

/** Properties of Windows are the only ones that are ignored without being unknown. */
function warnOfWindows({ commandLine, user }: Process, report: Report): void {
  if (commandLine !== undefined) report('/commandLine', 'is for Windows and is ignored');
  if (user?.username !== undefined) report('/user/username', 'is for Windows and is ignored');
}

export const processRules: RuleSet<Process> = {
  refuse: [
    { name: 'args-needed', check: checkArgs },
    { name: 'cwd-absolute', check: ({ cwd }, report) => needAbsolute(cwd, '/cwd', report) },
    { name: 'environment', check: ({ env }, report) => checkEnvironment(env, '/env', report) },
    { name: 'user-ids', check: checkUser },
    { name: 'rlimits', check: checkLimits },
    { name: 'oom-score', check: checkOomScore },
    { name: 'console-size', check: checkConsole },
    { name: 'scheduler', check: checkScheduler },
    { name: 'exec-affinity', check: checkAffinity },
    { name: 'labels', check: checkLabels },
  ],
  warn: [{ name: 'ignored-windows', check: warnOfWindows }],
};
