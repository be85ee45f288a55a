import { Failure } from '../../failure.ts';
import { concatenate } from '../../host/concatenate.ts';
import type { LibraryCall, SeccompLibrary } from '../../host/library.ts';
import type { Native } from '../../host/native.ts';
import type { SeccompArch, SeccompFlag } from '../../spec/config.ts';
import { strictness } from '../profile/actions.ts';
import { type ArchitectureRow, architectureOfToken, architectures } from '../profile/architectures.ts';
import type { CheckedSection, Rule } from '../profile/check-section.ts';
import { encodeConditions } from '../profile/condition.ts';
import { flags, probeBits } from '../profile/flags.ts';
import { instructionSize } from './bpf-assembler.ts';
import { type CallRules, collectCalls } from './calls.ts';
import { enosysPrefix, type NewestCall } from './enosys-prefix.ts';
import { type ExactCall, exactConditions } from './exact-conditions.ts';
import { type CallNumbers, resolveNames } from './numbers.ts';

/** BPF_MAXINSNS (bpf_common.h): the kernel refuses longer programs. */
const longestProgram = 4096;

/** Negative errno of libseccomp, as its manual pages name them. */
const libraryErrors = { EEXIST: -17, EINVAL: -22, EDOM: -33, EOPNOTSUPP: -95 } as const;

/** A program for the kernel, and what a person should know of how it came about. */
export interface BuiltFilter {
  /** An array of `struct sock_filter`. */
  readonly filter: Uint8Array;
  /** Where the filter is not, or may not be, what the profile's author meant. */
  readonly warnings: readonly string[];
  /** What was left out and makes no difference to what is allowed. */
  readonly notes: readonly string[];
}

/**
 * Turns a checked section into a BPF program with libseccomp.
 *
 * @throws Failure `unsupported` for a flag or action that this kernel does not have, `invalid` for a profile too
 * large for the kernel, `internal` when libseccomp fails
 */
export async function buildFilter(
  native: Pick<Native, 'knowsFilterFlags'>,
  library: SeccompLibrary,
  section: CheckedSection,
  failUnknown = false,
): Promise<BuiltFilter> {
  refuseUnknownFlags(native, section.flags);
  const notes: string[] = [];
  await begin(library, section.defaultAction);
  const present = await addArchitectures(library, section, notes);
  const names = section.rules.flatMap((rule) => rule.names);
  const numbers = await resolveNames(library, names, present);
  if (failUnknown) refuseUnknownNames(library, numbers, section);
  const unknown = unknownNames(library, numbers, section, notes);
  const { calls, warnings, notes: overruled } = collectCalls(section.rules, section.defaultAction);
  notes.push(...overruled);
  const made: Made = { exact: [], rules: [] };
  for (const call of calls) addCall({ numbers, present, section }, call, made);
  await addRules(library, made.rules);
  const filter = concatenate([
    section.defaultDenies ? enosysPrefix(newestCalls(numbers, present, section.rules)) : new Uint8Array(0),
    exactConditions(made.exact, section.defaultAction),
    await library.exportProgram(),
  ]);
  refuseTooLong(filter);
  return { filter, warnings: [...unknown, ...warnings], notes };
}

async function begin(library: SeccompLibrary, defaultAction: number): Promise<void> {
  const [result] = await library.call([{ name: 'init', values: [defaultAction] }]);
  if (result === 0) return;
  throw new Failure('internal', `libseccomp ${library.version} made no filter for the default action`, {
    pointer: '/linux/seccomp/defaultAction',
  });
}

function refuseTooLong(filter: Uint8Array): void {
  const length = filter.length / instructionSize;
  if (length <= longestProgram) return;
  throw new Failure(
    'invalid',
    `the profile compiles to ${length} instructions, but the kernel takes ${longestProgram}`,
    { pointer: '/linux/seccomp/syscalls', hint: 'Use fewer architectures or fewer conditions.' },
  );
}

function refuseUnknownFlags(native: Pick<Native, 'knowsFilterFlags'>, bits: number): void {
  for (const name of Object.keys(flags) as SeccompFlag[]) {
    if ((bits & flags[name].value) !== 0 && !native.knowsFilterFlags(probeBits(name))) {
      throw new Failure('unsupported', `this kernel does not know ${name}`, {
        pointer: '/linux/seccomp/flags',
        hint: `Remove the flag, or use a kernel that has it (see \`tsoci features\`).`,
      });
    }
  }
}

/** The native architecture is always part of the filter. Returns what the filter covers. */
async function addArchitectures(
  library: SeccompLibrary,
  section: CheckedSection,
  notes: string[],
): Promise<SeccompArch[]> {
  const wanted = [...new Set(section.architectures)];
  const about = (name: 'exist' | 'add') => (architecture: SeccompArch) =>
    ({ name, values: [architectures[architecture].token] }) satisfies LibraryCall;
  const [token = 0, ...there] = await library.call([
    { name: 'native', values: [] },
    ...wanted.map(about('exist')),
  ]);
  const native = architectureOfToken(token >>> 0);
  const present: SeccompArch[] = native ? [native] : [];
  const absent = wanted.filter((_, index) => there[index] !== 0);
  const results = await library.call(absent.map(about('add')));
  for (const [index, name] of absent.entries()) {
    const result = results[index] ?? 0;
    if (result === 0) {
      present.push(name);
    } else if (result === libraryErrors.EINVAL || result === libraryErrors.EDOM) {
      // Unknown to this libseccomp, or of the other byte order: nothing of the kind runs on this kernel.
      notes.push(
        `/linux/seccomp/architectures: ${name} is left out: libseccomp ${library.version} cannot filter it on this machine (its programs are killed)`,
      );
    } else {
      throw libraryFailure(library, `adding ${name}`, result, '/linux/seccomp/architectures');
    }
  }
  return present;
}

/**
 * Names that this libseccomp has never heard of cannot be filtered. An allowance that is left out makes the filter
 * stricter, and is a note; a prohibition that is left out is a warning, and returned.
 */
function unknownNames(
  library: SeccompLibrary,
  numbers: CallNumbers,
  section: CheckedSection,
  notes: string[],
): string[] {
  const warnings: string[] = [];
  for (const { names, pointer, action } of section.rules) {
    const unknown = names.filter((name) => numbers.of(name) === undefined);
    if (unknown.length === 0) continue;
    const list = strictness(action) < strictness(section.defaultAction) ? warnings : notes;
    list.push(
      `${pointer}/names: unknown to libseccomp ${library.version} and left out: ${unknown.join(', ')}`,
    );
  }
  return warnings;
}

/** `run.oci.seccomp_fail_unknown_syscall`. */
function refuseUnknownNames(library: SeccompLibrary, numbers: CallNumbers, section: CheckedSection): void {
  for (const { names, pointer } of section.rules) {
    const unknown = names.filter((name) => numbers.of(name) === undefined);
    if (unknown.length > 0)
      throw new Failure('invalid', `unknown to libseccomp ${library.version}: ${unknown.join(', ')}`, {
        pointer: `${pointer}/names`,
        hint: 'Install a newer libseccomp, or take out the annotation run.oci.seccomp_fail_unknown_syscall.',
      });
  }
}

/** A rule for libseccomp. */
interface LibraryRule {
  readonly name: string;
  readonly call: LibraryCall;
  /**
   * The same conditions may be there with another action, for the architectures that need libseccomp here; the first
   * stays.
   */
  readonly mayExist: boolean;
}

/** What a filter is made of: rules for libseccomp, and calls for {@link exactConditions}. */
interface Made {
  readonly exact: ExactCall[];
  readonly rules: LibraryRule[];
}

/** What is known when calls are added: their numbers, and on which architectures. */
interface Known {
  readonly numbers: CallNumbers;
  readonly present: readonly SeccompArch[];
  readonly section: CheckedSection;
}

/**
 * Gives a call to libseccomp (`rules`) or, where that cannot be trusted, to {@link exactConditions} (`exact`). Where
 * an architecture reaches a call through another one (socketcall, ipc), only libseccomp knows how.
 */
function addCall({ numbers: known, present, section }: Known, call: CallRules, { exact, rules }: Made): void {
  const { name } = call;
  const number = known.of(name);
  if (number === undefined) return;
  const numbers = present.map((architecture) => ({ architecture, number: known.on(architecture, name) }));
  if (!call.exact || numbers.some((each) => isMultiplexed(each.number))) {
    const clauses = call.always === undefined ? call.clauses : [{ action: call.always, conditions: [] }];
    for (const { action, conditions } of clauses) {
      // libseccomp refuses rules that say what the default says.
      if (action === section.defaultAction) continue;
      const values = [action, number, conditions.length, encodeConditions(conditions)];
      rules.push({ name, call: { name: 'rule', values }, mayExist: call.exact });
    }
  }
  if (!call.exact) return;
  for (const each of numbers) if (each.number >= 0) exact.push({ ...each, clauses: call.clauses });
}

async function addRules(library: SeccompLibrary, rules: readonly LibraryRule[]): Promise<void> {
  const results = await library.call(rules.map(({ call }) => call));
  for (const [index, { name, mayExist }] of rules.entries()) {
    const result = results[index] ?? 0;
    if (result === 0 || (mayExist && result === libraryErrors.EEXIST)) continue;
    throw libraryFailure(library, `adding the rule for "${name}"`, result, '/linux/seccomp/syscalls');
  }
}

/**
 * libseccomp's own numbers for calls that an architecture reaches through socketcall or ipc (seccomp-syscalls.h,
 * __PNR_socket to __PNR_shmctl).
 */
function isMultiplexed(number: number): boolean {
  return number <= -101 && number > -1000;
}

/** For each architecture the largest number that any entry names, whatever its action. */
function newestCalls(
  numbers: CallNumbers,
  present: readonly SeccompArch[],
  rules: readonly Rule[],
): NewestCall[] {
  return present.flatMap((architecture) => {
    const { apart }: ArchitectureRow = architectures[architecture];
    let newest = -1;
    for (const rule of rules) {
      for (const name of rule.names) {
        // Negative: unknown, or a call that this architecture lacks.
        const number = numbers.on(architecture, name);
        const isApart = apart !== undefined && number >= apart.from && number <= apart.to;
        if (number > newest && !isApart) newest = number;
      }
    }
    return newest < 0 ? [] : [{ architecture, number: newest }];
  });
}

function libraryFailure(library: SeccompLibrary, action: string, result: number, pointer: string): Failure {
  if (result === libraryErrors.EOPNOTSUPP) {
    return new Failure(
      'unsupported',
      `${action}: not supported by libseccomp ${library.version} on this kernel`,
      {
        pointer,
      },
    );
  }
  return new Failure('internal', `${action}: libseccomp ${library.version} answered with error ${-result}`, {
    pointer,
  });
}
