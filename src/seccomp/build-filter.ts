import type { SeccompArch, SeccompFlag } from '../bundle/config.ts';
import { Failure } from '../failure.ts';
import { type FilterContext, type Libseccomp, libraryErrors } from '../foreign/libseccomp.ts';
import { strictness } from './actions.ts';
import { type ArchitectureRow, architectureOfToken, architectures } from './architectures.ts';
import { instructionSize } from './bpf-assembler.ts';
import { type CallRules, collectCalls } from './calls.ts';
import type { CheckedSection, Rule } from './check-section.ts';
import { enosysPrefix, type NewestCall } from './enosys-prefix.ts';
import { type ExactCall, exactConditions } from './exact-conditions.ts';
import { flags, probeBits } from './flags.ts';

/** BPF_MAXINSNS (bpf_common.h): the kernel refuses longer programs. */
const longestProgram = 4096;
const unknownName = -1; // __NR_SCMP_ERROR

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
 * @throws Failure `unsupported` for a flag or action that this kernel does not have, `invalid` for a profile too large
 * for the kernel, `internal` when libseccomp fails
 */
export function buildFilter(library: Libseccomp, section: CheckedSection): BuiltFilter {
  refuseUnknownFlags(library, section.flags);
  const notes: string[] = [];
  const context = library.init(section.defaultAction);
  try {
    const present = addArchitectures(library, context, section, notes);
    const unknown = unknownNames(library, section, notes);
    const { calls, warnings, notes: overruled } = collectCalls(section.rules, section.defaultAction);
    notes.push(...overruled);
    const exact = calls.flatMap((call) => addCall(library, context, present, section.defaultAction, call));
    const filter = concatenate(
      section.defaultDenies ? enosysPrefix(newestCalls(library, present, section.rules)) : new Uint8Array(0),
      exactConditions(exact, section.defaultAction),
      library.exportProgram(context),
    );
    refuseTooLong(filter);
    return { filter, warnings: [...unknown, ...warnings], notes };
  } finally {
    library.release(context);
  }
}

function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
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

function refuseUnknownFlags(library: Libseccomp, bits: number): void {
  for (const name of Object.keys(flags) as SeccompFlag[]) {
    if ((bits & flags[name].value) !== 0 && !library.kernelKnowsFlags(probeBits(name))) {
      throw new Failure('unsupported', `this kernel does not know ${name}`, {
        pointer: '/linux/seccomp/flags',
        hint: `Remove the flag, or use a kernel that has it (see \`tsoci features\`).`,
      });
    }
  }
}

/** The native architecture is always part of the filter. Returns what the filter covers. */
function addArchitectures(
  library: Libseccomp,
  context: FilterContext,
  section: CheckedSection,
  notes: string[],
): SeccompArch[] {
  const native = architectureOfToken(library.nativeArchitecture());
  const present: SeccompArch[] = native ? [native] : [];
  for (const name of section.architectures) {
    const { token } = architectures[name];
    if (library.architectureExists(context, token)) continue;
    const result = library.addArchitecture(context, token);
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
 * Names that this libseccomp has never heard of cannot be filtered. An allowance that is left out makes the filter stricter, and is a note; a
 * prohibition that is left out is a warning, and returned.
 */
function unknownNames(library: Libseccomp, section: CheckedSection, notes: string[]): string[] {
  const warnings: string[] = [];
  for (const { names, pointer, action } of section.rules) {
    const unknown = names.filter((name) => library.resolve(name) === unknownName);
    if (unknown.length === 0) continue;
    const list = strictness(action) < strictness(section.defaultAction) ? warnings : notes;
    list.push(
      `${pointer}/names: unknown to libseccomp ${library.version} and left out: ${unknown.join(', ')}`,
    );
  }
  return warnings;
}

/**
 * Gives a call to libseccomp or, where that cannot be trusted, returns it for {@link exactConditions}. Where an architecture reaches a call through another
 * one (socketcall, ipc), only libseccomp knows how.
 */
function addCall(
  library: Libseccomp,
  context: FilterContext,
  present: readonly SeccompArch[],
  defaultAction: number,
  call: CallRules,
): ExactCall[] {
  const number = library.resolve(call.name);
  if (number === unknownName) return [];
  const numbers = present.map((architecture) => ({
    architecture,
    number: library.resolveFor(architectures[architecture].token, call.name),
  }));
  if (!call.exact || numbers.some((each) => isMultiplexed(each.number))) {
    const rules = call.always === undefined ? call.clauses : [{ action: call.always, conditions: [] }];
    for (const { action, conditions } of rules) {
      // libseccomp refuses rules that say what the default says.
      if (action === defaultAction) continue;
      const result = library.addRule(context, action, number, conditions);
      // EEXIST: the same conditions with another action, for the architectures that need libseccomp here; the first stays.
      if (result === 0 || (call.exact && result === libraryErrors.EEXIST)) continue;
      throw libraryFailure(library, `adding the rule for "${call.name}"`, result, '/linux/seccomp/syscalls');
    }
  }
  if (!call.exact) return [];
  return numbers.filter((each) => each.number >= 0).map((each) => ({ ...each, clauses: call.clauses }));
}

/** libseccomp's own numbers for calls that an architecture reaches through socketcall or ipc (seccomp-syscalls.h, __PNR_socket to __PNR_shmctl). */
function isMultiplexed(number: number): boolean {
  return number <= -101 && number > -1000;
}

/** For each architecture the largest number that any entry names, whatever its action. */
function newestCalls(
  library: Libseccomp,
  present: readonly SeccompArch[],
  rules: readonly Rule[],
): NewestCall[] {
  return present.flatMap((architecture) => {
    const { token, apart }: ArchitectureRow = architectures[architecture];
    let newest = -1;
    for (const rule of rules) {
      for (const name of rule.names) {
        // Negative: unknown, or a call that this architecture lacks.
        const number = library.resolveFor(token, name);
        const isApart = apart !== undefined && number >= apart.from && number <= apart.to;
        if (number > newest && !isApart) newest = number;
      }
    }
    return newest < 0 ? [] : [{ architecture, number: newest }];
  });
}

function libraryFailure(library: Libseccomp, action: string, result: number, pointer: string): Failure {
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
