import type { SeccompArch } from '../../spec/config.ts';
import { strictness } from '../profile/actions.ts';
import { architectures } from '../profile/architectures.ts';
import type { Condition } from '../profile/condition.ts';
import { operators } from '../profile/operators.ts';
import { assemble, branch, codes, dataOffsets, goTo, Label, type Line, plain } from './bpf-assembler.ts';

/** When all conditions hold, the action counts. */
export interface Clause {
  readonly action: number;
  readonly conditions: readonly Condition[];
}

/** One call of one architecture, under that architecture's number. */
export interface ExactCall {
  readonly architecture: SeccompArch;
  readonly number: number;
  readonly clauses: readonly Clause[];
}

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * Instructions to run before libseccomp's program, for calls whose conditions libseccomp (2.5) gets wrong when it
 * merges several of them into one tree (docs/seccomp.md). Of several clauses that hold, the strictest action counts,
 * as the kernel does between filters; when none holds, the default. Anything else goes on to the program that must
 * follow directly. Pure.
 *
 * @returns an array of `struct sock_filter` in this machine's byte order, empty without calls
 */
export function exactConditions(calls: readonly ExactCall[], defaultAction: number): Uint8Array {
  const groups = new Map<number, ExactCall[]>();
  for (const call of calls) {
    const { audit } = architectures[call.architecture];
    groups.set(audit, [...(groups.get(audit) ?? []), call]);
  }
  if (groups.size === 0) return new Uint8Array(0);
  const program = new Label();
  const lines: Line[] = [plain(codes.load, dataOffsets.architecture)];
  for (const [audit, members] of groups) {
    const [inside, next] = [new Label(), new Label()];
    lines.push(branch(codes.ifEqual, audit, inside, undefined), goTo(next), inside);
    lines.push(plain(codes.load, dataOffsets.number));
    for (const call of members) lines.push(...oneCall(call, defaultAction));
    lines.push(goTo(program), next);
  }
  return assemble([...lines, program]);
}

/** Entered and, for another call, left with the number loaded. */
function oneCall(call: ExactCall, defaultAction: number): Line[] {
  const [inside, next] = [new Label(), new Label()];
  const wide = architectures[call.architecture].wideArguments;
  return [
    branch(codes.ifEqual, call.number, inside, undefined),
    goTo(next),
    inside,
    ...[...call.clauses]
      .sort((one, other) => strictness(one.action) - strictness(other.action))
      .flatMap((clause) => oneClause(clause, wide)),
    plain(codes.answer, defaultAction),
    next,
  ];
}

function oneClause(clause: Clause, wide: boolean): Line[] {
  const failed = new Label();
  const lines = clause.conditions.flatMap((condition) => {
    const held = new Label();
    return [...(wide ? compare64(condition, held, failed) : compare32(condition, held, failed)), held];
  });
  return [...lines, plain(codes.answer, clause.action), failed];
}

/** Both halves: the high one decides unless it is equal. */
function compare64(condition: Condition, held: Label, failed: Label): Line[] {
  const { index, operator, first, second } = condition;
  const high = loadHalf(index, 'high');
  const value = Number(first >> 32n);
  const low = compare32(condition, held, failed);
  switch (operator) {
    case operators.SCMP_CMP_EQ:
      return [high, branch(codes.ifEqual, value, undefined, failed), ...low];
    case operators.SCMP_CMP_NE:
      return [high, branch(codes.ifEqual, value, undefined, held), ...low];
    case operators.SCMP_CMP_MASKED_EQ: {
      const expected = Number((first & second) >> 32n);
      return [high, plain(codes.and, value), branch(codes.ifEqual, expected, undefined, failed), ...low];
    }
    case operators.SCMP_CMP_GT:
    case operators.SCMP_CMP_GE:
      return [
        high,
        branch(codes.ifGreater, value, held, undefined),
        branch(codes.ifEqual, value, undefined, failed),
        ...low,
      ];
    default: // SCMP_CMP_LT, SCMP_CMP_LE
      return [
        high,
        branch(codes.ifGreater, value, failed, undefined),
        branch(codes.ifEqual, value, undefined, held),
        ...low,
      ];
  }
}

/** The low half alone: all there is of an argument on a 32-bit architecture. */
function compare32({ index, operator, first, second }: Condition, held: Label, failed: Label): Line[] {
  const low = loadHalf(index, 'low');
  const value = Number(first & 0xffffffffn);
  switch (operator) {
    case operators.SCMP_CMP_EQ:
      return [low, branch(codes.ifEqual, value, held, failed)];
    case operators.SCMP_CMP_NE:
      return [low, branch(codes.ifEqual, value, failed, held)];
    case operators.SCMP_CMP_MASKED_EQ: {
      const expected = Number(first & second & 0xffffffffn);
      return [low, plain(codes.and, value), branch(codes.ifEqual, expected, held, failed)];
    }
    case operators.SCMP_CMP_GT:
      return [low, branch(codes.ifGreater, value, held, failed)];
    case operators.SCMP_CMP_GE:
      return [low, branch(codes.ifGreaterOrEqual, value, held, failed)];
    case operators.SCMP_CMP_LT:
      return [low, branch(codes.ifGreaterOrEqual, value, failed, held)];
    default: // SCMP_CMP_LE
      return [low, branch(codes.ifGreater, value, failed, held)];
  }
}

function loadHalf(index: number, half: 'high' | 'low'): Line {
  const second = (half === 'high') === littleEndian;
  return plain(codes.load, dataOffsets.args + 8 * index + (second ? 4 : 0));
}
