/** Size of `struct sock_filter`. */
export const instructionSize = 8;

/** The instructions of classic BPF (linux/filter.h) that this room writes itself. */
export const codes = {
  /** BPF_LD | BPF_W | BPF_ABS: a word of `struct seccomp_data` into the accumulator. */
  load: 0x20,
  /** BPF_ALU | BPF_AND | BPF_K */
  and: 0x54,
  /** BPF_JMP | BPF_JA */
  jump: 0x05,
  /** BPF_JMP | BPF_JEQ | BPF_K */
  ifEqual: 0x15,
  /** BPF_JMP | BPF_JGT | BPF_K */
  ifGreater: 0x25,
  /** BPF_JMP | BPF_JGE | BPF_K */
  ifGreaterOrEqual: 0x35,
  /** BPF_RET | BPF_K */
  answer: 0x06,
} as const;

/** Offsets in `struct seccomp_data` (linux/seccomp.h). */
export const dataOffsets = { number: 0, architecture: 4, args: 16 } as const;

/** A place in a program: put among the instructions once, jumped to from before. */
export class Label {
  place = -1;
}

/** One instruction. A target that is left out is the instruction after. */
export interface Instruction {
  readonly code: number;
  /** Of a plain jump: not used, the target is `onTrue`. */
  readonly operand: number;
  readonly onTrue?: Label | undefined;
  readonly onFalse?: Label | undefined;
}

export type Line = Instruction | Label;

/** An instruction without condition. */
export function plain(code: number, operand: number): Instruction {
  return { code, operand };
}

/** A conditional jump; undefined is the next instruction. Reaches 255 instructions. */
export function branch(
  code: number,
  operand: number,
  onTrue: Label | undefined,
  onFalse: Label | undefined,
): Instruction {
  return { code, operand, onTrue, onFalse };
}

/** A jump to anywhere ahead. */
export function goTo(label: Label): Instruction {
  return { code: codes.jump, operand: 0, onTrue: label };
}

/**
 * An array of `struct sock_filter` in this machine's byte order. A label at the end stands for what the caller puts
 * after.
 *
 * @throws RangeError for a label that is missing, behind, or too far for a conditional jump
 */
export function assemble(lines: readonly Line[]): Uint8Array {
  const instructions: Instruction[] = [];
  for (const line of lines) {
    if (line instanceof Label) line.place = instructions.length;
    else instructions.push(line);
  }
  const memory = new ArrayBuffer(instructions.length * instructionSize);
  const halves = new Uint16Array(memory);
  const bytes = new Uint8Array(memory);
  const words = new Uint32Array(memory);
  for (const [place, { code, operand, onTrue, onFalse }] of instructions.entries()) {
    halves[place * 4] = code;
    if (code === codes.jump) {
      words[place * 2 + 1] = distance(place, onTrue, 0xffff);
    } else {
      bytes[place * instructionSize + 2] = distance(place, onTrue, 0xff);
      bytes[place * instructionSize + 3] = distance(place, onFalse, 0xff);
      words[place * 2 + 1] = operand >>> 0;
    }
  }
  return bytes;
}

function distance(place: number, target: Label | undefined, farthest: number): number {
  if (!target) return 0;
  const instructions = target.place - place - 1;
  if (instructions < 0 || instructions > farthest)
    throw new RangeError(`BPF jump over ${instructions} instructions`);
  return instructions;
}
