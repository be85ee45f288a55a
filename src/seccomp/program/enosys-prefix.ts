import type { SeccompArch } from '../../spec/config.ts';
import { type ArchitectureRow, architectures, x32Bit } from '../profile/architectures.ts';
import { assemble, branch, codes, dataOffsets, Label, type Line, plain } from './bpf-assembler.ts';

/** The newest call that a profile mentions, for one architecture of the filter. */
export interface NewestCall {
  readonly architecture: SeccompArch;
  readonly number: number;
}

const returnErrno = 0x00050000; // SECCOMP_RET_ERRNO
const defaultEnosys = 38;
/** What a tracer sets to skip a call (ptrace(2)); not a call at all, so the profile itself answers it. */
const skippedCall = 0xffffffff;

/**
 * Instructions to run before a filter whose default action denies: a call that is newer than every call that the
 * profile mentions for its architecture is answered with ENOSYS, as a kernel without it would, so that C libraries
 * fall back to older calls. Anything else goes on to the profile's own program, which must follow directly.
 * docs/seccomp.md says why. Pure.
 *
 * @param newest at most one row an architecture; an architecture without a row is left to the profile's own program
 * @returns an array of `struct sock_filter` in this machine's byte order, empty when there is nothing to check
 */
export function enosysPrefix(newest: readonly NewestCall[]): Uint8Array {
  const groups = new Map<number, NewestCall[]>();
  for (const call of newest) {
    const { audit } = architectures[call.architecture];
    groups.set(audit, [...(groups.get(audit) ?? []), call]);
  }
  if (groups.size === 0) return new Uint8Array(0);
  const program = new Label();
  return assemble([
    plain(codes.load, dataOffsets.architecture),
    ...[...groups].flatMap(([audit, calls]) => group(audit, calls, program)),
    program,
  ]);
}

/**
 * The instructions for one audit token; entered with the architecture loaded, which stays loaded for the next group.
 */
function group(audit: number, calls: readonly NewestCall[], program: Label): Line[] {
  const row: ArchitectureRow = architectures[(calls[0] as NewestCall).architecture];
  const x32 = calls.find((call) => call.architecture === 'SCMP_ARCH_X32');
  const native = calls.find((call) => call !== x32);
  const sharesWithX32 = audit === architectures.SCMP_ARCH_X32.audit;
  const [isX32, enosys, end] = [new Label(), new Label(), new Label()];
  return [
    branch(codes.ifEqual, audit, undefined, end),
    plain(codes.load, dataOffsets.number),
    // x32 calls of a filter without x32 are none of this prefix's business: the program kills them.
    ...(sharesWithX32 ? [branch(codes.ifGreaterOrEqual, x32Bit, x32 ? isX32 : program, undefined)] : []),
    ...(native ? newerThan(native, enosys, program) : [branch(codes.ifGreaterOrEqual, 0, program, program)]),
    isX32,
    ...(x32 ? newerThan(x32, enosys, program) : []),
    enosys,
    plain(codes.answer, returnErrno | (row.enosys ?? defaultEnosys)),
    end,
  ];
}

/** Entered with the call's number loaded; ends in a jump to ENOSYS or to the profile's program. */
function newerThan(call: NewestCall, enosys: Label, program: Label): Line[] {
  const { apart, unknownCall }: ArchitectureRow = architectures[call.architecture];
  return [
    ...(unknownCall === undefined ? [] : [branch(codes.ifEqual, unknownCall, enosys, undefined)]),
    branch(codes.ifGreater, call.number, undefined, program),
    ...(apart
      ? [
          // Inside the range: the profile's business. Below it: newer. Above it: newer, but for a skipped call.
          branch(codes.ifGreaterOrEqual, apart.from, undefined, enosys),
          branch(codes.ifGreater, apart.to, undefined, program),
        ]
      : []),
    branch(codes.ifEqual, skippedCall, program, enosys),
  ];
}
