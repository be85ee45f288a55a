import type { SeccompArch, SeccompFlag } from '../bundle/config.ts';
import { Failure } from '../failure.ts';
import { type ArchitectureRow, architectureOfToken, architectures } from './architectures.ts';
import type { CheckedSection, Rule } from './check-section.ts';
import { enosysPrefix, instructionSize, type NewestCall } from './enosys-prefix.ts';
import { flags, probeBits } from './flags.ts';
import { type FilterContext, type Libseccomp, libraryErrors } from './libseccomp.ts';

/** BPF_MAXINSNS (bpf_common.h): the kernel refuses longer programs. */
const longestProgram = 4096;
const unknownName = -1; // __NR_SCMP_ERROR

/** A program for the kernel, and what a person should know of how it came about. */
export interface BuiltFilter {
  /** An array of `struct sock_filter`. */
  readonly filter: Uint8Array;
  readonly warnings: readonly string[];
}

/**
 * Turns a checked section into a BPF program with libseccomp.
 *
 * @throws Failure `unsupported` for a flag or action that this kernel does not have, `invalid` for entries that contradict each other or a profile too large
 * for the kernel, `internal` when libseccomp fails
 */
export function buildFilter(library: Libseccomp, section: CheckedSection): BuiltFilter {
  refuseUnknownFlags(library, section.flags);
  const warnings: string[] = [];
  const context = library.init(section.defaultAction);
  try {
    const present = addArchitectures(library, context, section, warnings);
    for (const rule of section.rules) addRule(library, context, section, rule, warnings);
    const program = library.exportProgram(context);
    const prefix = section.defaultDenies
      ? enosysPrefix(newestCalls(library, present, section.rules))
      : new Uint8Array(0);
    const length = (prefix.length + program.length) / instructionSize;
    if (length > longestProgram) {
      throw new Failure(
        'invalid',
        `the profile compiles to ${length} instructions, but the kernel takes ${longestProgram}`,
        {
          pointer: '/linux/seccomp/syscalls',
          hint: 'Use fewer architectures or fewer conditions.',
        },
      );
    }
    const filter = new Uint8Array(prefix.length + program.length);
    filter.set(prefix);
    filter.set(program, prefix.length);
    return { filter, warnings };
  } finally {
    library.release(context);
  }
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
  warnings: string[],
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
      warnings.push(
        `/linux/seccomp/architectures: ${name} is left out: libseccomp ${library.version} cannot filter it on this machine (its programs are killed)`,
      );
    } else {
      throw libraryFailure(library, `adding ${name}`, result, '/linux/seccomp/architectures');
    }
  }
  return present;
}

function addRule(
  library: Libseccomp,
  context: FilterContext,
  section: CheckedSection,
  rule: Rule,
  warnings: string[],
): void {
  const numbers = rule.names.map((name) => ({ name, number: library.resolve(name) }));
  const unknown = numbers.filter(({ number }) => number === unknownName).map(({ name }) => name);
  if (unknown.length > 0) {
    warnings.push(
      `${rule.pointer}/names: unknown to libseccomp ${library.version} and left out: ${unknown.join(', ')}`,
    );
  }
  // libseccomp refuses rules that say what the default says anyway.
  if (rule.action === section.defaultAction) return;
  for (const { name, number } of numbers) {
    if (number === unknownName) continue;
    for (const group of rule.groups) {
      const result = library.addRule(context, rule.action, number, group);
      if (result === 0) continue;
      if (result === libraryErrors.EEXIST) {
        throw new Failure('invalid', `another entry says something else for the same "${name}"`, {
          pointer: rule.pointer,
          hint: 'Keep one action for one call with one set of conditions.',
        });
      }
      throw libraryFailure(library, `adding the rule for "${name}"`, result, rule.pointer);
    }
  }
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
