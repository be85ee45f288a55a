import type { PlannedContainer } from '../../container/plan.ts';
import { operations } from '../../plan/operations.ts';
import type { Plan } from '../../plan/plan.ts';
import { toBase64 } from '../../spec/base64.ts';

type Plain = string | number | readonly (string | number)[];

export interface PlanStep {
  readonly phase: string;
  readonly operation: string;
  readonly does: string;
  /** JSON pointer into config.json, empty when the specification itself asks for it. */
  readonly from: string;
  /** Integers beyond 2^53 are decimal strings, bytes are base64. */
  readonly fields: Readonly<Record<string, Plain>>;
  /** Handles that are closed with it: it is their last reader. */
  readonly ends?: readonly number[];
}

/** A plan for programs. */
export function planDocument({
  limits,
  runtime,
  plan,
  refused = [],
  added = [],
}: Omit<PlannedContainer, 'refused' | 'added'> & Partial<PlannedContainer>): object {
  const { inherited, questions, preserve, slots } = plan;
  return {
    refused,
    added,
    limits,
    runtime,
    inherited,
    slots,
    preserve,
    questions,
    operations: plan.operations.map(planStep),
  };
}

function planStep(operation: Plan['operations'][number]): PlanStep {
  const { kind, phase, from } = operation;
  const { does, fields } = operations[kind];
  const values = operation as unknown as Readonly<Record<string, Plain | bigint | Uint8Array>>;
  const named = Object.keys(fields).map((name) => [name, plain(values[name] as Plain | bigint | Uint8Array)]);
  const { ends } = operation;
  return {
    phase,
    operation: kind,
    does,
    from,
    fields: Object.fromEntries(named),
    ...(ends !== undefined && { ends }),
  };
}

function plain(value: Plain | bigint | Uint8Array): Plain {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return value instanceof Uint8Array ? toBase64(value) : value;
}
