import { Failure } from '../../failure.ts';
import type {
  Seccomp,
  SeccompAction,
  SeccompArch,
  SeccompArg,
  SeccompFlag,
  SeccompSyscall,
} from '../../spec/config.ts';
import { type ActionRow, actions } from './actions.ts';
import { architectures } from './architectures.ts';
import type { Condition } from './condition.ts';
import { defaultFlags, type FlagRow, flags, flagTsyncEsrch } from './flags.ts';
import { operators } from './operators.ts';

/** One entry of `syscalls`, checked. */
export interface Rule {
  readonly pointer: string;
  readonly names: readonly string[];
  /** SECCOMP_RET_* with its data. */
  readonly action: number;
  /**
   * Each group is one libseccomp rule: all of a group must match, any group may. Never empty; an empty group always
   * matches.
   */
  readonly groups: readonly (readonly Condition[])[];
}

/** The section, checked: nothing here can be refused for its form any more. */
export interface CheckedSection {
  readonly defaultAction: number;
  /** {@link ActionRow.denies} of the default action. */
  readonly defaultDenies: boolean;
  readonly architectures: readonly SeccompArch[];
  readonly rules: readonly Rule[];
  /** SECCOMP_FILTER_FLAG_*, without NEW_LISTENER. */
  readonly flags: number;
  readonly notify: boolean;
  readonly warnings: readonly string[];
}

const section = '/linux/seccomp';
const permissionDenied = 1; // EPERM: the specification's default of errnoRet and defaultErrnoRet
const largestErrno = 4094; // libseccomp takes errnos below the kernel's MAX_ERRNO, 4095
const largestMessage = 0xffff;
const largestValue = 2n ** 64n - 1n;
/** seccomp(2) knows six arguments. */
const argumentCount = 6;

/**
 * Calls that cannot be handed to a supervisor: with them the loader of the filter reports its own failures, and an
 * agent that does not answer would turn a clear error into a hang. Other runtimes refuse the same.
 */
const neededToReport: readonly string[] = ['write'];

/**
 * Checks `linux.seccomp` against the specification and translates names to numbers. Pure.
 *
 * @throws Failure `invalid` with the pointer of the wrong piece, for an unknown name, a number out of range, an errno
 * on an action that has none (MUST of config-linux.md), or SCMP_ACT_NOTIFY where it cannot work.
 */
export function checkSection(config: Seccomp): CheckedSection {
  const warnings: string[] = [];
  const defaultRow = actionRow(config.defaultAction, `${section}/defaultAction`);
  if (config.defaultAction === 'SCMP_ACT_NOTIFY') {
    refuse(
      `${section}/defaultAction`,
      'SCMP_ACT_NOTIFY cannot be the default action: the process that loads the filter could not report a failure any more',
      'Name the system calls that the agent wants to see, and use another default.',
    );
  }
  const rules = (config.syscalls ?? []).map((entry, index) =>
    checkEntry(entry, `${section}/syscalls/${index}`, warnings),
  );
  const notify = (config.syscalls ?? []).some((entry) => entry.action === 'SCMP_ACT_NOTIFY');
  return {
    defaultAction: actionValue(
      config.defaultAction,
      config.defaultErrnoRet,
      `${section}/defaultErrnoRet`,
      'defaultErrnoRet',
    ),
    defaultDenies: defaultRow.denies,
    architectures: (config.architectures ?? []).map((name, index) =>
      known(architectures, name, `${section}/architectures/${index}`, 'architecture'),
    ),
    rules,
    flags: flagBits(config.flags, notify, warnings),
    notify,
    warnings,
  };
}

function checkEntry(entry: SeccompSyscall, pointer: string, warnings: string[]): Rule {
  actionRow(entry.action, `${pointer}/action`);
  if (entry.names.length === 0) {
    refuse(`${pointer}/names`, 'names is empty', 'Name at least one system call, or remove the entry.');
  }
  const blocked = entry.names.find((name) => neededToReport.includes(name));
  if (entry.action === 'SCMP_ACT_NOTIFY' && blocked !== undefined) {
    refuse(
      `${pointer}/action`,
      `SCMP_ACT_NOTIFY cannot be used for "${blocked}": the process that loads the filter could not report a failure any more`,
      `Take "${blocked}" out of this entry.`,
    );
  }
  return {
    pointer,
    names: entry.names,
    action: actionValue(entry.action, entry.errnoRet, `${pointer}/errnoRet`, 'errnoRet'),
    groups: groupConditions(entry.args ?? [], pointer, warnings),
  };
}

/**
 * All conditions of an entry must hold, but libseccomp compares an argument only once a rule. When an index comes
 * twice, every condition of the entry becomes a rule of its own, so that any of them is enough: what other runtimes
 * do, and what existing profiles were written for.
 */
function groupConditions(args: readonly SeccompArg[], pointer: string, warnings: string[]): Condition[][] {
  const conditions = args.map((argument, index) => checkArgument(argument, `${pointer}/args/${index}`));
  const indexes = new Set(conditions.map((condition) => condition.index));
  if (indexes.size === conditions.length) return [conditions];
  warnings.push(
    `${pointer}/args: an argument is compared more than once, so any one condition of this entry is enough to match (not all of them)`,
  );
  return conditions.map((condition) => [condition]);
}

function checkArgument(argument: SeccompArg, pointer: string): Condition {
  const operator = known(operators, argument.op, `${pointer}/op`, 'operator');
  if (!Number.isInteger(argument.index) || argument.index < 0 || argument.index >= argumentCount) {
    refuse(
      `${pointer}/index`,
      `index is ${argument.index}, but a system call has arguments 0 to ${argumentCount - 1}`,
      'Count from 0.',
    );
  }
  return {
    index: argument.index,
    operator: operators[operator],
    first: exactValue(argument.value, `${pointer}/value`),
    second: exactValue(argument.valueTwo ?? 0, `${pointer}/valueTwo`),
  };
}

/** A value as the 64 bits that the author wrote; a number that may have been rounded on the way here is refused. */
function exactValue(value: number | bigint, pointer: string): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    refuse(
      pointer,
      `${value} is not an exact whole number`,
      'Values above 2^53 must reach the library as bigint.',
    );
  }
  const exact = BigInt(value);
  if (exact < 0n || exact > largestValue) {
    refuse(
      pointer,
      `${exact} is outside 0 to 2^64 - 1`,
      'Write a negative argument as its 64-bit two’s complement.',
    );
  }
  return exact;
}

function actionRow(name: string, pointer: string): ActionRow {
  return actions[known(actions, name, pointer, 'action')];
}

function actionValue(name: string, errno: number | undefined, pointer: string, field: string): number {
  const row: ActionRow = actions[name as SeccompAction];
  if (!row.takesErrno) {
    if (errno !== undefined) {
      refuse(pointer, `${field} is set, but ${name} returns no errno`, `Remove ${field}.`);
    }
    return row.value;
  }
  const data = errno ?? permissionDenied;
  const largest = name === 'SCMP_ACT_ERRNO' ? largestErrno : largestMessage;
  if (!Number.isInteger(data) || data < 0 || data > largest) {
    refuse(
      pointer,
      `${field} is ${data}, outside 0 to ${largest}`,
      'Use a number of errno(3), such as 1 for EPERM.',
    );
  }
  return (row.value | data) >>> 0;
}

function flagBits(names: readonly string[] | undefined, notify: boolean, warnings: string[]): number {
  if (names === undefined) return defaultFlags;
  let bits = 0;
  for (const [index, name] of names.entries()) {
    const pointer = `${section}/flags/${index}`;
    const row: FlagRow = flags[known(flags, name, pointer, 'flag') as SeccompFlag];
    if (row.needsListener && !notify) {
      warnings.push(`${pointer}: ${name} is left out: nothing in the profile uses SCMP_ACT_NOTIFY`);
    } else {
      bits |= row.value;
    }
  }
  const tsync = flags.SECCOMP_FILTER_FLAG_TSYNC.value;
  return notify && (bits & tsync) !== 0 ? bits | flagTsyncEsrch : bits;
}

/** `name`, when `table` has it. Never looks at inherited properties: the name is the user's. */
function known<Table extends object>(
  table: Table,
  name: string,
  pointer: string,
  kind: string,
): keyof Table & string {
  if (Object.hasOwn(table, name)) return name as keyof Table & string;
  return refuse(
    pointer,
    `unknown seccomp ${kind} "${name}"`,
    `Known are: ${Object.keys(table).sort().join(', ')}.`,
  );
}

function refuse(pointer: string, message: string, hint: string): never {
  throw new Failure('invalid', message, { pointer, hint });
}
