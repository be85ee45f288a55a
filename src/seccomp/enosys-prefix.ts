import type { SeccompArch } from '../bundle/config.ts';
import { type ArchitectureRow, architectures, x32Bit } from './architectures.ts';

/** The newest call that a profile mentions, for one architecture of the filter. */
export interface NewestCall {
  readonly architecture: SeccompArch;
  readonly number: number;
}

/** Size of `struct sock_filter`. */
export const instructionSize = 8;

// linux/filter.h: the few instructions that are needed.
const load = 0x20; // BPF_LD | BPF_W | BPF_ABS
const jumpEqual = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const jumpGreater = 0x25; // BPF_JMP | BPF_JGT | BPF_K
const jumpGreaterOrEqual = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const giveBack = 0x06; // BPF_RET | BPF_K

const offsetOfNumber = 0; // struct seccomp_data
const offsetOfArchitecture = 4;
const returnErrno = 0x00050000; // SECCOMP_RET_ERRNO
const defaultEnosys = 38;
/** What a tracer sets to skip a call (ptrace(2)); not a call at all, so the profile itself answers it. */
const skippedCall = 0xffffffff;

/** Where a jump goes: the instruction after it, this group's ENOSYS, the next group, x32's part, or the profile's own program. */
type Target = 'next' | 'enosys' | 'group' | 'x32' | 'program';

interface Instruction {
  readonly code: number;
  readonly operand: number;
  readonly onTrue: Target;
  readonly onFalse: Target;
  /** Another instruction's target: `x32` jumps here. */
  readonly isX32?: boolean;
}

/**
 * Instructions to run before a filter whose default action denies: a call that is newer than every call that the profile mentions for its architecture
 * is answered with ENOSYS, as a kernel without it would, so that C libraries fall back to older calls. Anything else
 * goes on to the profile's own program, which must follow directly. docs/seccomp.md says why. Pure.
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
  const listing = [...groups].map(([audit, calls]) => group(audit, calls));
  return encode([statement(load, offsetOfArchitecture)], listing);
}

/** The instructions for one audit token; entered with the architecture loaded, which stays loaded for the next group. */
function group(audit: number, calls: readonly NewestCall[]): Instruction[] {
  const row: ArchitectureRow = architectures[(calls[0] as NewestCall).architecture];
  const x32 = calls.find((call) => call.architecture === 'SCMP_ARCH_X32');
  const plain = calls.find((call) => call !== x32);
  const sharesWithX32 = audit === architectures.SCMP_ARCH_X32.audit;
  return [
    jump(jumpEqual, audit, 'next', 'group'),
    statement(load, offsetOfNumber),
    ...(sharesWithX32 ? [jump(jumpGreaterOrEqual, x32Bit, x32 ? 'x32' : 'program', 'next')] : []),
    ...(plain ? newerThan(plain) : [jump(jumpGreaterOrEqual, 0, 'program', 'program')]),
    ...(x32 ? newerThan(x32).map((one, index) => (index === 0 ? { ...one, isX32: true } : one)) : []),
    statement(giveBack, returnErrno | (row.enosys ?? defaultEnosys)),
  ];
}

/** Entered with the call's number loaded; ends in a jump to ENOSYS or to the profile's program. */
function newerThan(call: NewestCall): Instruction[] {
  const row: ArchitectureRow = architectures[call.architecture];
  return [
    ...(row.unknownCall === undefined ? [] : [jump(jumpEqual, row.unknownCall, 'enosys', 'next')]),
    jump(jumpGreater, call.number, 'next', 'program'),
    ...(row.apart
      ? [
          // Inside the range: the profile's business. Below it: newer. Above it: newer, but for a skipped call.
          jump(jumpGreaterOrEqual, row.apart.from, 'next', 'enosys'),
          jump(jumpGreater, row.apart.to, 'next', 'program'),
        ]
      : []),
    jump(jumpEqual, skippedCall, 'program', 'enosys'),
  ];
}

function statement(code: number, operand: number): Instruction {
  return { code, operand, onTrue: 'next', onFalse: 'next' };
}

function jump(code: number, operand: number, onTrue: Target, onFalse: Target): Instruction {
  return { code, operand, onTrue, onFalse };
}

/** Lays the groups out one after another and turns targets into distances. */
function encode(head: readonly Instruction[], groups: readonly (readonly Instruction[])[]): Uint8Array {
  const total = groups.reduce((sum, each) => sum + each.length, head.length);
  const memory = new ArrayBuffer(total * instructionSize);
  const halves = new Uint16Array(memory);
  const bytes = new Uint8Array(memory);
  const words = new Uint32Array(memory);
  let start = 0;
  for (const instructions of [head, ...groups]) {
    const end = start + instructions.length;
    const places: Record<Exclude<Target, 'next'>, number> = {
      enosys: end - 1,
      group: end,
      x32: start + instructions.findIndex((one) => one.isX32),
      program: total,
    };
    for (const [index, one] of instructions.entries()) {
      const place = start + index;
      const distance = (target: Target): number => (target === 'next' ? 0 : places[target] - place - 1);
      halves[place * 4] = one.code;
      bytes[place * instructionSize + 2] = checked(distance(one.onTrue));
      bytes[place * instructionSize + 3] = checked(distance(one.onFalse));
      words[place * 2 + 1] = one.operand >>> 0;
    }
    start = end;
  }
  return bytes;
}

/** A conditional jump reaches 255 instructions; every architecture there is fits, and this says so when that ends. */
function checked(distance: number): number {
  if (distance < 0 || distance > 255) throw new RangeError(`BPF jump over ${distance} instructions`);
  return distance;
}
