import { allAccess } from '../../spec/devices.ts';
import { type DevicePolicyRule, isTotal, liveRules } from './device-rules.ts';

// Opcodes of the eBPF instruction set (Documentation/bpf/standardization/instruction-set.rst).
const LOAD_WORD = 0x61; // dst = *(u32 *)(src + offset)
const MOVE_REGISTER = 0xbf;
const MOVE = 0xb7;
const AND = 0x57;
const SHIFT_RIGHT = 0x77;
const JUMP = 0x05;
const JUMP_NOT_EQUAL = 0x55;
const JUMP_IF_BITS = 0x45;
const EXIT = 0x95;

const RESULT = 0;
const CONTEXT = 1;
const TYPE = 2;
const ACCESS = 3;
const MAJOR = 4;
const MINOR = 5;

/** `BPF_DEVCG_DEV_*` in linux/bpf.h. */
const DEVICE_TYPE = { b: 1, c: 2 } as const;

interface Instruction {
  readonly code: number;
  readonly to?: number;
  readonly from?: number;
  /** Distance of a jump in instructions, counted from the next one. */
  readonly offset?: number;
  readonly value?: number;
}

/**
 * The program (type BPF_PROG_TYPE_CGROUP_DEVICE) that decides as the rules do: for each bit of the access asked for,
 * the last rule about the device that names the bit decides; what no rule names is denied. All bits must be allowed.
 *
 * It reads the rules from the end and keeps in a register the bits that are still undecided, so that
 * "allow read" and "allow write" together allow opening for both, and a denied bit denies whatever else is asked for.
 * The kernel's context is `struct bpf_cgroup_dev_ctx { u32 access_type; u32 major; u32 minor; }`, the access in the
 * upper half of the first word.
 */
export function deviceProgram(rules: readonly DevicePolicyRule[]): Uint8Array {
  const program: Instruction[] = [
    { code: LOAD_WORD, to: TYPE, from: CONTEXT, offset: 0 },
    { code: MOVE_REGISTER, to: ACCESS, from: TYPE },
    { code: AND, to: TYPE, value: 0xffff },
    { code: SHIFT_RIGHT, to: ACCESS, value: 16 },
    { code: LOAD_WORD, to: MAJOR, from: CONTEXT, offset: 4 },
    { code: LOAD_WORD, to: MINOR, from: CONTEXT, offset: 8 },
  ];
  const live = liveRules(rules);
  for (const rule of [...live].reverse()) {
    program.push(...ruleInstructions(rule));
    // the verifier refuses code that cannot be reached
    if (isTotal(rule)) return encode(program);
  }
  program.push({ code: MOVE, to: RESULT, value: 0 }, { code: EXIT });
  return encode(program);
}

function ruleInstructions(rule: DevicePolicyRule): Instruction[] {
  const verdict: Instruction[] = [{ code: MOVE, to: RESULT, value: rule.allow ? 1 : 0 }, { code: EXIT }];
  let body = verdict;
  if (rule.access !== allAccess) {
    body = rule.allow
      ? [
          { code: AND, to: ACCESS, value: allAccess & ~rule.access },
          { code: JUMP_NOT_EQUAL, to: ACCESS, value: 0, offset: verdict.length },
          ...verdict,
        ]
      : [
          { code: JUMP_IF_BITS, to: ACCESS, value: rule.access, offset: 1 },
          { code: JUMP, offset: verdict.length },
          ...verdict,
        ];
  }
  const tests: (readonly [number, number])[] = [];
  if (rule.type !== 'a') tests.push([TYPE, DEVICE_TYPE[rule.type]]);
  if (rule.major !== undefined) tests.push([MAJOR, rule.major]);
  if (rule.minor !== undefined) tests.push([MINOR, rule.minor]);
  const skips = tests.map(
    ([register, value], index): Instruction => ({
      code: JUMP_NOT_EQUAL,
      to: register,
      value,
      offset: tests.length - index - 1 + body.length,
    }),
  );
  return [...skips, ...body];
}

/**
 * Eight bytes an instruction: opcode, registers, offset, immediate; little endian, as on every machine that we build
 * for.
 */
function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach((instruction, index) => {
    const at = index * 8;
    view.setUint8(at, instruction.code);
    view.setUint8(at + 1, (instruction.to ?? 0) | ((instruction.from ?? 0) << 4));
    view.setInt16(at + 2, instruction.offset ?? 0, true);
    view.setInt32(at + 4, instruction.value ?? 0, true);
  });
  return bytes;
}
